//! What can be done with a log: search, filter, wrap, download, follow.

use std::time::Duration;

use crate::language::t;
use crate::paths::at;
use crate::view;
use leptos::html::Input;
use leptos::prelude::*;
use types::instances::InstanceId;

use super::model::Log;
use super::view::WRAP_KEY;
use crate::browser;
use crate::ui::Icon;

/// A key is waited for so long before a search begins.
const TYPING: Duration = Duration::from_millis(120);

/// The search field with its place and its steps.
#[component]
pub fn LogSearch(
    /// Whose.
    log: Log,
    /// The field, for who wants to focus it.
    #[prop(optional)]
    field: NodeRef<Input>,
) -> impl IntoView {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let changed = move |query: String| {
        let soon = set_timeout_with_handle(move || log.search(&query), TYPING).ok();
        if let Some(before) = waiting
            .try_update_value(|waiting| std::mem::replace(waiting, soon))
            .flatten()
        {
            before.clear();
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| match event.key().as_str() {
        "Enter" => {
            event.prevent_default();
            log.step(!event.shift_key());
        }
        "Escape" => {
            // Not the drawer's: it would close.
            event.prevent_default();
            if let Some(field) = field.get_untracked() {
                field.set_value("");
            }
            log.search("");
        }
        _ => {}
    };
    view! {
        <span class="search log-search">
            <Icon name="search" />
            <input
                class="input"
                type="text"
                inputmode="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=t("Search the log")
                placeholder=t("Search")
                node_ref=field
                on:input=move |event| changed(event_target_value(&event))
                on:keydown=on_key
            />
            <span class="search__count" role="status">{move || log.hits()}</span>
            <span class="search__steps">
                <button
                    class="button button--icon button--sm is-turned"
                    type="button"
                    aria-label=t("Previous hit")
                    on:click=move |_| log.step(false)
                >
                    <Icon name="down" />
                </button>
                <button
                    class="button button--icon button--sm"
                    type="button"
                    aria-label=t("Next hit")
                    on:click=move |_| log.step(true)
                >
                    <Icon name="down" />
                </button>
            </span>
        </span>
    }
}

/// The buttons beside the search.
#[component]
pub fn LogButtons(
    /// Whose.
    log: Log,
    /// Of which instance.
    instance: InstanceId,
    /// Added to the class of each button.
    #[prop(optional)]
    small: &'static str,
) -> impl IntoView {
    let icon = format!("button button--icon {small}");
    view! {
        <Toggle on=log.marked_only label=t("Only warnings and errors") icon="filter" class=icon.clone() log />
        <Toggle on=log.wrap label=t("Wrap long lines") icon="wrap" kept_as=WRAP_KEY class=icon.clone() log />
        <a
            class=icon
            href=move || download(instance, log.run.get())
            rel="external"
            download
            aria-label=t("Download the whole log")
            title=t("Download the whole log")
        >
            <Icon name="download" />
        </a>
        <button
            class=format!("button {small}")
            class:is-on=move || log.follow.get()
            type="button"
            aria-pressed=move || log.follow.get().to_string()
            on:click=move |_| log.set_follow(!log.follow.get_untracked())
        >
            <Icon name="follow" />
            {t("Follow")}
        </button>
    }
}

#[component]
fn Toggle(
    /// What it turns.
    on: RwSignal<bool>,
    /// What it does.
    label: &'static str,
    /// Symbol.
    icon: &'static str,
    /// Classes.
    class: String,
    /// Where the browser remembers it.
    #[prop(optional)]
    kept_as: Option<&'static str>,
    /// What is laid out anew.
    log: Log,
) -> impl IntoView {
    view! {
        <button
            class=class
            class:is-on=move || on.get()
            type="button"
            aria-pressed=move || on.get().to_string()
            aria-label=label
            title=label
            on:click=move |_| {
                on.update(|on| *on = !*on);
                if let Some(key) = kept_as {
                    browser::remember(key, Some(&on.get_untracked().to_string()));
                }
                log.lay_out();
            }
        >
            <Icon name=icon />
        </button>
    }
}

/// The whole log of a run as a file; none = the newest.
fn download(instance: InstanceId, run: u32) -> String {
    if run == 0 {
        at(&format!("/api/instances/{instance}/logs/download"))
    } else {
        at(&format!("/api/instances/{instance}/logs/download?run={run}"))
    }
}
