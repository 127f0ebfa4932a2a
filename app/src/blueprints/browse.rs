//! The catalogue: search, categories, cards.

use std::fmt::Write as _;

use leptos::prelude::*;
use types::blueprints::{Blueprint, BlueprintOrigin, Desktop, LastResult, Listed, Outcome, VenvType};

use super::{Symbol, address_of};
use crate::address::Address;
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::ui::{Icon, words};
use crate::view;

/// Every blueprint that fits what is asked for.
#[component]
pub fn BrowsePage(
    /// The catalogue.
    listed: Vec<Listed>,
    /// The server's clock.
    now: i64,
    /// What the last form led to.
    news: AnyView,
) -> impl IntoView {
    let address = Address::get();
    let text = |key| untrack(|| address.text(key)).unwrap_or_default();
    let (category, source) = (text("category"), text("source"));
    let query = RwSignal::new(text("q"));
    let counts = categories(&listed);
    let total = listed.len();
    let own = listed
        .iter()
        .filter(|one| one.blueprint.origin == BlueprintOrigin::Custom)
        .count();
    let shown: Vec<Listed> = listed
        .into_iter()
        .filter(|one| category.is_empty() || one.blueprint.category == category)
        .filter(|one| fits_source(&one.blueprint, &source))
        .collect();
    let names: Vec<String> = shown.iter().map(|one| haystack(&one.blueprint)).collect();
    let none_fits = crate::ui::memo(move || {
        let query = query.get().to_lowercase();
        !names.iter().any(|name| name.contains(&query))
    });
    let current = |is: bool| is.then_some("true");
    view! {
        <div class="page__head">
            <h1 class="page__title">{t("Blueprints")}</h1>
            <span class="page__lead only-wide">{t("Scripts that install and start an app")}</span>
            <form class="page__tools" method="get" action=at("/blueprints") role="search">
                {(!category.is_empty()).then(|| view! { <input type="hidden" name="category" value=category.clone() /> })}
                {(!source.is_empty()).then(|| view! { <input type="hidden" name="source" value=source.clone() /> })}
                <span class="search">
                    <Icon name="search" />
                    <input
                        class="input"
                        type="search"
                        name="q"
                        placeholder=t("Find")
                        aria-label=t("Find a blueprint")
                        value=query.get_untracked()
                        on:input=move |event| query.set(event_target_value(&event))
                    />
                </span>
                <a class="button" href=at("/blueprints?new=1") rel="external">
                    <Icon name="plus" />
                    {t("New")}
                </a>
            </form>
        </div>
        {news}
        <div class="catalogue">
            <nav class="sidenav" aria-label=t("Categories")>
                <a class="sidenav__link" href=at("/blueprints") rel="external" aria-current=current(category.is_empty() && source.is_empty())>
                    {t("All")} <span class="num">{total}</span>
                </a>
                {counts
                    .into_iter()
                    .map(|(name, count)| {
                        let (href, here) = (link("category", &name), current(category == name));
                        view! {
                            <a class="sidenav__link" href=href rel="external" aria-current=here>
                                {said(&name)} <span class="num">{count}</span>
                            </a>
                        }
                    })
                    .collect_view()}
                <span class="sidenav__head">{t("Source")}</span>
                <a class="sidenav__link" href=link("source", "shipped") rel="external" aria-current=current(source == "shipped")>
                    {t("Shipped")} <span class="num">{total - own}</span>
                </a>
                <a class="sidenav__link" href=link("source", "yours") rel="external" aria-current=current(source == "yours")>
                    {t("Yours")} <span class="num">{own}</span>
                </a>
            </nav>
            <div>
                <p class="muted" role="status" hidden=move || !none_fits.get()>
                    {t("No blueprint fits. Search for less, or make one of your own with New.")}
                </p>
                <div class="cards">
                    {shown.into_iter().map(|listed| view! { <Card listed query now /> }).collect_view()}
                </div>
            </div>
        </div>
    }
}

fn categories(listed: &[Listed]) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for one in listed {
        match counts
            .iter_mut()
            .find(|(name, _)| *name == one.blueprint.category)
        {
            Some((_, count)) => *count += 1,
            None => counts.push((one.blueprint.category.clone(), 1)),
        }
    }
    counts
}

fn fits_source(blueprint: &Blueprint, source: &str) -> bool {
    match source {
        "shipped" => blueprint.origin == BlueprintOrigin::Stock,
        "yours" => blueprint.origin == BlueprintOrigin::Custom,
        _ => true,
    }
}

fn link(key: &str, value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    at(&format!("/blueprints?{key}={encoded}"))
}

/// What a search looks at.
fn haystack(blueprint: &Blueprint) -> String {
    format!(
        "{} {} {} {}",
        blueprint.name, blueprint.filename, blueprint.category, blueprint.description
    )
    .to_lowercase()
}

#[component]
fn Card(
    /// Whose.
    listed: Listed,
    /// What is searched for.
    query: RwSignal<String>,
    /// The server's clock.
    now: i64,
) -> impl IntoView {
    let Listed {
        blueprint,
        last,
        instances,
    } = listed;
    let words = haystack(&blueprint);
    let hidden = move || !words.contains(&query.get().to_lowercase());
    let name = blueprint.name.clone();
    let stem = blueprint.filename.trim_end_matches(".sh").to_owned();
    view! {
        <article class="card blueprint" hidden=hidden>
            <div class="blueprint__top">
                <Symbol name=blueprint.icon.clone() />
                <div class="grow">
                    <h2 class="card__title">{name.clone()}</h2>
                    <span class="faint">{said(&blueprint.category)}</span>
                </div>
                {badge(&blueprint)}
            </div>
            <p class="blueprint__text">{said(&blueprint.description)}</p>
            <Needs blueprint=blueprint.clone() />
            <div class="blueprint__foot">
                <span class="faint grow">{outcome(last.as_ref(), instances, now)}</span>
                <a class="button button--sm button--quiet" href=address_of(&blueprint.filename) rel="external" aria-label=fill("Script of {}", &[&name])>
                    {t("Script")}
                </a>
                <a class="button button--sm button--soft" href=at(&format!("/?new={stem}")) rel="external" aria-label=fill("Create an instance of {}", &[&name])>
                    <Icon name="plus" class="icon--sm" />
                    {t("Create")}
                </a>
            </div>
        </article>
    }
}

fn badge(blueprint: &Blueprint) -> Option<AnyView> {
    let word = match (blueprint.warnings.is_empty(), blueprint.origin, blueprint.legacy) {
        (false, _, _) => t("Look at it"),
        (_, BlueprintOrigin::Custom, _) => t("Yours"),
        (_, _, true) => t("Older"),
        _ => return None,
    };
    Some(view! { <span class="badge">{word}</span> })
}

/// What the app asks of the machine.
#[component]
pub fn Needs(
    /// Whose.
    blueprint: Blueprint,
) -> impl IntoView {
    let environment = match blueprint.venv_type {
        VenvType::Uv => "uv",
        VenvType::Conda => "conda",
        VenvType::Python => t("Python venv"),
        VenvType::None => t("none"),
    };
    let desktop = match blueprint.desktop {
        None => t("not needed"),
        Some(Desktop::Optional) => t("can be used"),
        Some(Desktop::Required) => t("needed"),
    };
    let line = |name: &'static str, value: String| {
        view! { <dt>{name}</dt><dd class="wide">{value}</dd> }
    };
    view! {
        <dl class="blueprint__needs">
            {line("VRAM", blueprint.min_vram_mb.map_or_else(|| t("not known").to_owned(), vram))}
            {line(t("Disk, without models"), blueprint.disk_mb.map_or_else(|| t("not known").to_owned(), gigabytes))}
            {line(t("Environment"), environment.to_owned())}
            {blueprint.desktop.map(|_| line(t("Desktop"), desktop.to_owned()))}
        </dl>
    }
}

/// What has to be there of a GPU; 0 = no GPU at all.
fn vram(mebibytes: u32) -> String {
    match mebibytes {
        0 => t("not needed").to_owned(),
        _ => gigabytes(mebibytes),
    }
}

/// MiB as people say it.
fn gigabytes(mebibytes: u32) -> String {
    match mebibytes {
        0..1000 => fill("{} MB", &[&mebibytes.to_string()]),
        _ => fill("{} GB", &[&((mebibytes + 500) / 1000).to_string()]),
    }
}

/// How it did last, in words.
pub(super) fn outcome(last: Option<&LastResult>, instances: u32, now: i64) -> String {
    match last {
        None if instances == 0 => t("Never used here").to_owned(),
        None => t("Not started here yet").to_owned(),
        Some(last) => {
            let (name, ago) = (&last.instance, words::ago(last.at, now));
            match last.outcome {
                Outcome::Ready => fill("Ready: {}, {}", &[name, &ago]),
                Outcome::Ran => fill("Ran: {}, {}", &[name, &ago]),
                Outcome::Failed => fill("Failed: {}, {}", &[name, &ago]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_in_words() {
        let last = |outcome| LastResult {
            outcome,
            at: 0,
            instance: "one".to_owned(),
            reason: String::new(),
        };
        assert_eq!(outcome(None, 0, 0), "Never used here");
        assert_eq!(outcome(None, 2, 0), "Not started here yet");
        assert_eq!(
            outcome(Some(&last(Outcome::Failed)), 1, 120_000),
            "Failed: one, 2 min ago"
        );
        assert_eq!((vram(0).as_str(), vram(4000).as_str()), ("not needed", "4 GB"));
        assert_eq!(gigabytes(260), "260 MB");
        assert_eq!(gigabytes(5300), "5 GB");
    }
}
