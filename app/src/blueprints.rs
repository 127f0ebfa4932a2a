//! The blueprint manager: `/blueprints`, `?open=<file>` for one of them, `?new=1` for a new one.
//!
//! # How it works
//! Every change is a plain form that the server answers with another address, with scripts as without. With scripts
//! the list is filtered while people type.

pub mod browse;
pub mod create;
pub mod editor;
pub mod script;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::blueprints::{Listed, Opened};
use types::instances::InstanceId;

use crate::address::Address;
use crate::fetch::{self, Key, Subject, fetch};
use crate::language::t;
use crate::shell::{BottomNav, TopBar, name_page};
use crate::ui::{Clock, ErrorNote, Icon, StyleSheet};
use crate::view;

/// What the page is rendered from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manager {
    now: i64,
    listed: Vec<Listed>,
    opened: Option<Opened>,
    /// Why what the address names cannot be opened; else empty.
    problem: String,
    /// Instances whose scripts can become blueprints.
    instances: Vec<(InstanceId, String)>,
}

/// The catalogue, and one blueprint of it.
#[cfg(feature = "ssr")]
pub(crate) async fn manage_blueprints(open: Option<String>) -> Result<Manager, crate::ApiError> {
    let engine = expect_context::<engine::Engine>();
    let instances = engine.instances.list().await?;
    let listed = engine::blueprints::with_results(engine.blueprints.list().await?, &instances);
    let (opened, problem) = match open {
        None => (None, String::new()),
        Some(filename) => match engine.blueprints.open_script(&filename).await {
            Ok(opened) => (Some(opened), String::new()),
            Err(error) => (None, crate::ApiError::from(error).to_string()),
        },
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(Manager {
        now: now.map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)),
        listed,
        opened,
        problem,
        instances: instances
            .into_iter()
            .filter(|instance| instance.parent_instance_id.is_none())
            .map(|instance| (instance.id, instance.name))
            .collect(),
    })
}

/// The page.
#[component]
pub fn BlueprintsPage() -> impl IntoView {
    let open = untrack(|| Address::get().text("open"));
    let manager = fetch(move || {
        Some(Key {
            text: open.clone(),
            ..Key::of(Subject::Blueprints)
        })
    });
    view! {
        <StyleSheet name="blueprints" />
        <div class="app">
            <TopBar />
            {fetch::show(manager, ViewFn::default(), |answer| {
                match answer.read::<Manager>() {
                    Ok(manager) => view! { <Answered manager /> },
                    Err(error) => { name_page("Blueprints"); view! {
                        <main class="page" id="main"><ErrorNote text=error.to_string() /></main>
                    } },
                }
            })}
            <BottomNav />
        </div>
    }
}

#[component]
fn Answered(
    /// What the server said.
    manager: Manager,
) -> impl IntoView {
    let address = Address::get();
    expect_context::<Clock>().begin(manager.now);
    let news = untrack(|| news(address));
    let main = match manager.opened {
        Some(opened) => {
            name_page(&opened.blueprint.name);
            view! { <script::ScriptPage opened now=manager.now listed=manager.listed news /> }
        }
        None if untrack(|| address.says("new", "1")) => {
            name_page("New blueprint");
            view! { <create::CreatePage instances=manager.instances news /> }
        }
        None => {
            name_page("Blueprints");
            let news = match manager.problem.as_str() {
                "" => news,
                problem => view! { <ErrorNote text=problem.to_owned() /> },
            };
            view! { <browse::BrowsePage listed=manager.listed now=manager.now news /> }
        }
    };
    view! { <main class="page page--scroll" id="main">{main}</main> }
}

/// What the last form led to.
fn news(address: Address) -> AnyView {
    if let Some(error) = address.text("error") {
        return view! { <ErrorNote text=error /> };
    }
    let done = match address.text("done").as_deref() {
        Some("created" | "imported" | "copied") => {
            t("This blueprint is yours now. Instances that are made from it get a copy of its script.")
        }
        Some("saved") => t(
            "Saved. Instances keep the script that they were made with, until they are reset to their blueprint.",
        ),
        Some("renamed") => t("It has another name now. Instances that were made from it name the old one."),
        Some("reset") => {
            t("This is the shipped script again; yours is kept in blueprints/.removed of the data directory.")
        }
        Some("deleted") => t(
            "It is removed from the catalogue; the script is kept in blueprints/.removed of the data directory.",
        ),
        Some("beside") => t(
            "Somebody else saved this blueprint since you opened it. Your text is kept here, under another name.",
        ),
        _ => return ().into_any(),
    };
    view! {
        <div class="note" role="status">
            <Icon name="check" />
            <span>{done}</span>
        </div>
    }
}

/// The symbol of a blueprint, from a sprite of its own.
#[component]
fn Symbol(
    /// Its name; none = that of any app.
    name: Option<String>,
) -> impl IntoView {
    let name = name.map_or_else(
        || "app".to_owned(),
        |name| name.trim_start_matches("b-").to_owned(),
    );
    let href = format!("{}#{name}", crate::paths::at("/pkg/blueprints.svg"));
    view! {
        <span class="app-name__tile app-name__tile--lg">
            <svg class="icon icon--lg" aria-hidden="true">
                <use href=href />
            </svg>
        </span>
    }
}

/// The address of one blueprint.
fn address_of(filename: &str) -> String {
    crate::paths::at(&format!(
        "/blueprints?open={}",
        filename
            .replace('%', "%25")
            .replace(' ', "%20")
            .replace('+', "%2B")
    ))
}
