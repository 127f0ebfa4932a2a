//! What a new panel shows: the apps to begin with.

use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::blueprints::Blueprint;

use super::Catalogue;
use crate::ui::Icon;

/// Symbols a blueprint may name; anything else gets the plain one.
const ICONS: [&str; 17] = [
    "b-nodes",
    "b-arcs",
    "b-gym",
    "b-curve",
    "b-anvil",
    "b-frames",
    "b-tools",
    "b-chat",
    "b-brush",
    "b-wave",
    "b-hive",
    "b-lines",
    "b-app",
    "b-database",
    "b-image",
    "b-notebook",
    "b-terminal",
];

impl Catalogue {
    /// The symbol of a blueprint.
    pub fn icon(self, filename: &str) -> &'static str {
        let found = self.find(filename);
        icon_of(found.as_ref().and_then(|found| found.icon.as_deref()))
    }

    /// A blueprint by its file name, with or without `.sh`.
    pub fn find(self, filename: &str) -> Option<Blueprint> {
        let wanted = filename.trim_end_matches(".sh");
        self.0.with_value(|all| {
            let same = |blueprint: &&Blueprint| blueprint.filename.trim_end_matches(".sh") == wanted;
            all.iter().find(same).cloned()
        })
    }

    /// File names and names, grouped by category in the catalogue's order.
    pub fn by_category(self) -> Vec<(String, Vec<(String, String)>)> {
        let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
        self.0.with_value(|all| {
            for blueprint in all {
                let entry = (blueprint.filename.clone(), blueprint.name.clone());
                match groups
                    .iter_mut()
                    .find(|(category, _)| *category == blueprint.category)
                {
                    Some((_, group)) => group.push(entry),
                    None => groups.push((blueprint.category.clone(), vec![entry])),
                }
            }
        });
        groups
    }
}

fn icon_of(name: Option<&str>) -> &'static str {
    name.and_then(|name| {
        ICONS
            .into_iter()
            .find(|icon| icon.trim_start_matches("b-") == name.trim_start_matches("b-"))
    })
    .unwrap_or("b-app")
}

/// Instead of an empty table.
#[component]
pub fn Welcome() -> impl IntoView {
    let blueprints = expect_context::<Catalogue>().0.get_value();
    view! {
        <main class="page page--scroll" id="main">
            <div class="page__head">
                <div>
                    <h1 class="gate__title">"Nothing is installed yet"</h1>
                    <p class="page__lead">
                        "Choose a first app. It gets its own folder, environment and port; you can remove it without a trace."
                    </p>
                </div>
            </div>
            <div class="catalogue" id="welcome">
                <div class="cards">
                    {blueprints.into_iter().map(|blueprint| view! { <Card blueprint /> }).collect_view()}
                </div>
                <WhatHappensNext />
            </div>
        </main>
    }
}

#[component]
fn Card(
    /// What it offers.
    blueprint: Blueprint,
) -> impl IntoView {
    let name = blueprint.filename.trim_end_matches(".sh").to_owned();
    view! {
        <article class="card blueprint">
            <div class="blueprint__top">
                <span class="app-name__tile app-name__tile--lg">
                    <Icon name=icon_of(blueprint.icon.as_deref()) class="icon--lg" />
                </span>
                <div class="grow">
                    <h2 class="card__title">{blueprint.name.clone()}</h2>
                    <span class="faint">{blueprint.category}</span>
                </div>
            </div>
            <p class="blueprint__text">{blueprint.description}</p>
            <div class="blueprint__foot">
                <span class="grow"></span>
                <a
                    class="button button--sm button--soft"
                    href=at(&format!("/?new={name}"))
                    aria-label=format!("Create an instance of {}", blueprint.name)
                >
                    <Icon name="plus" class="icon--sm" />
                    "Create"
                </a>
            </div>
        </article>
    }
}

#[component]
fn WhatHappensNext() -> impl IntoView {
    view! {
        <aside class="stack">
            <section class="card">
                <div class="card__head">
                    <h2 class="card__title">"What happens next"</h2>
                </div>
                <ol class="card__body stack muted">
                    <li>"1. The app gets a name and a port; you can change both later."</li>
                    <li>"2. Start builds its environment. You see the live log, and its link as soon as it answers."</li>
                    <li>"3. Close this tab whenever you like. Nothing stops."</li>
                </ol>
            </section>
        </aside>
    }
}
