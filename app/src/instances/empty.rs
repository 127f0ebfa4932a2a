//! What a new panel shows: the apps to begin with.

use crate::language::{fill, said, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Catalogue, Dashboard, Offer};
use crate::fetch::{self, Key, Subject};
use crate::ui::{Icon, StyleSheet};

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
    pub fn find(self, filename: &str) -> Option<Offer> {
        let bare = |filename: &str| filename.strip_suffix(".sh").unwrap_or(filename).to_owned();
        let wanted = bare(filename);
        self.0.with_value(|all| {
            let same = |blueprint: &&Offer| bare(&blueprint.filename) == wanted;
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
        let bare = name.strip_prefix("b-").unwrap_or(name);
        let is_it = |icon: &&str| icon.strip_prefix("b-") == Some(bare);
        ICONS.into_iter().find(is_it)
    })
    .unwrap_or("b-app")
}

/// Instead of an empty table.
#[component]
pub fn Welcome() -> impl IntoView {
    let offers = RwSignal::new(expect_context::<Catalogue>().0.get_value());
    fetch_descriptions(offers);
    view! {
        <StyleSheet name="pages" />
        <main class="page page--scroll" id="main">
            <div class="page__head">
                <div>
                    <h1 class="gate__title">{t("Nothing is installed yet")}</h1>
                    <p class="page__lead">
                        {t("Choose a first app. It gets its own folder, environment and port; you can remove it without a trace.")}
                    </p>
                </div>
            </div>
            <div class="catalogue" id="welcome">
                <div class="cards">
                    {move || offers.get().into_iter().map(|offer| view! { <Card offer /> }).collect_view()}
                </div>
                <WhatHappensNext />
            </div>
        </main>
    }
}

/// A page that began with instances knows the apps by name only.
fn fetch_descriptions(offers: RwSignal<Vec<Offer>>) {
    if offers.with_untracked(|offers| offers.iter().any(|offer| !offer.description.is_empty())) {
        return;
    }
    crate::ui::effect(move || {
        spawn_local(async move {
            if let Ok(Dashboard { blueprints, .. }) = fetch::ask(Key::of(Subject::Dashboard)).await {
                offers.try_set(blueprints);
            }
        });
    });
}

#[component]
fn Card(
    /// What it offers.
    offer: Offer,
) -> impl IntoView {
    let name = offer.filename.trim_end_matches(".sh").to_owned();
    view! {
        <article class="card blueprint">
            <div class="blueprint__top">
                <span class="app-name__tile app-name__tile--lg">
                    <Icon name=icon_of(offer.icon.as_deref()) class="icon--lg" />
                </span>
                <div class="grow">
                    <h2 class="card__title">{offer.name.clone()}</h2>
                    <span class="faint">{said(&offer.category)}</span>
                </div>
            </div>
            <p class="blueprint__text">{said(&offer.description)}</p>
            <div class="blueprint__foot">
                <span class="grow"></span>
                <a
                    class="button button--sm button--soft"
                    href=at(&format!("/?new={name}"))
                    aria-label=fill("Create an instance of {}", &[&offer.name])
                >
                    <Icon name="plus" class="icon--sm" />
                    {t("Create")}
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
                    <h2 class="card__title">{t("What happens next")}</h2>
                </div>
                <ol class="card__body stack muted">
                    <li>{t("1. The app gets a name and a port; you can change both later.")}</li>
                    <li>{t("2. Start builds its environment. You see the live log, and its link as soon as it answers.")}</li>
                    <li>{t("3. Close this tab whenever you like. Nothing stops.")}</li>
                </ol>
            </section>
        </aside>
    }
}
