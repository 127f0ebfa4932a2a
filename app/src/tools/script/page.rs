//! The editor over the whole window, `/instances/:id/script?file=launch.sh`; without scripts, plain forms.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::instances::{Instance, InstanceId};

use super::{Editor, plain};
use crate::address::Address;
use crate::fetch::{self, Key, Subject, fetch};
use crate::instances::Row;
use crate::instances::status::StatusBadge;
use crate::language::t;
use crate::live::{Live, OfflineBanner};
use crate::logs::live_row;
use crate::paths::at;
use crate::shell::{BottomNav, TopBar, name_page};
use crate::ui::{Clock, ErrorNote, Icon};
use crate::view;

/// What the page is rendered from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PageData {
    /// The server's clock, Unix milliseconds.
    pub(super) now: i64,
    pub(super) instance: Instance,
    /// The forms for browsers without scripts, as HTML: with them, nothing has to take them over.
    pub(super) forms: String,
}

/// The editor as a page.
#[component]
pub fn ScriptPage(
    /// Whose files.
    instance: InstanceId,
) -> impl IntoView {
    let address = Address::get();
    let wish = untrack(move || plain::Wish::of(address));
    let opened = fetch(move || {
        Some(Key {
            number: Some(wish.as_number()),
            ..Key::about(Subject::Script, instance)
        })
    });
    view! {
        <div class="app app--fixed">
            <TopBar />
            <OfflineBanner />
            {fetch::show(opened, ViewFn::default(), move |answer| {
                match answer.read::<PageData>() {
                    Ok(page) => view! { <Opened page /> },
                    Err(error) => {
                        name_page("Script");
                        view! { <main class="page" id="main"><ErrorNote text=error.to_string() /></main> }
                    }
                }
            })}
            <BottomNav />
        </div>
    }
}

#[component]
fn Opened(
    /// What the server said.
    page: PageData,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    clock.begin(page.now);
    clock.tick();
    crate::ui::effect(|| Live::get().start());
    name_page(format_args!("Script of {}", page.instance.name));
    let row = live_row(page.instance);
    let always = Signal::derive(|| true);
    view! {
        <main class="logs logs--one" id="main">
            <section class="pane" aria-labelledby="script-title">
                <Head row />
                <Editor row shown=always is_page=true />
                <div class="editor editor--plain is-plain" inner_html=page.forms></div>
            </section>
        </main>
    }
}

#[component]
fn Head(
    /// Whose.
    row: Row,
) -> impl IntoView {
    view! {
        <div class="pane__head">
            <span class="row grow">
                <a
                    class="button button--icon button--sm is-back"
                    href=at(&format!("/?log={}&tool=script", row.id))
                    aria-label=t("Back to the instances")
                >
                    <Icon name="right" />
                </a>
                <h1 class="pane__title truncate" id="script-title">
                    {move || row.instance.with(|instance| instance.name.clone())}
                </h1>
                <StatusBadge row />
            </span>
        </div>
    }
}
