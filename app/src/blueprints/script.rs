//! One blueprint: what it needs, its script, what is wrong with it, and what can be done with it.

use leptos::prelude::*;
use types::blueprints::{Blueprint, BlueprintOrigin, Listed, Opened};
use types::scripts::{Diff, DiffKind};

use super::Symbol;
use super::browse::{Needs, outcome};
use super::create::NameField;
use super::editor::{Editor, Findings, Writing};
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::ui::Icon;
use crate::view;

/// The page of one blueprint.
#[component]
pub fn ScriptPage(
    /// The blueprint.
    opened: Opened,
    /// The catalogue, for how it did last.
    listed: Vec<Listed>,
    /// The server's clock.
    now: i64,
    /// What the last form led to.
    news: AnyView,
) -> impl IntoView {
    let Opened {
        blueprint,
        content,
        version,
        check,
        stock,
    } = opened;
    let own = listed
        .into_iter()
        .find(|one| one.blueprint.filename == blueprint.filename);
    let (last, instances) = own.map_or((None, 0), |own| (own.last, own.instances));
    let reason = last
        .as_ref()
        .map(|last| last.reason.clone())
        .filter(|reason| !reason.is_empty());
    let filename = blueprint.filename.clone();
    let stem = filename.trim_end_matches(".sh").to_owned();
    let custom = blueprint.origin == BlueprintOrigin::Custom;
    let origin = match (custom, stock.is_some(), blueprint.legacy) {
        (true, true, _) => t("Yours, in the place of the shipped one"),
        (true, false, _) => t("Yours"),
        (false, _, true) => t("Shipped; for an older app"),
        (false, _, false) => t("Shipped"),
    };
    let writing = Writing::new(filename.clone(), version, check);
    view! {
        <div class="page__head">
            <h1 class="page__title">{blueprint.name.clone()}</h1>
            <span class="page__tools">
                <a class="button" href=at("/blueprints") rel="external">{t("All blueprints")}</a>
                <a class="button" href=at(&format!("/api/blueprints/{}/file", filename.replace(' ', "%20").replace('+', "%2B"))) rel="external" download=filename.clone()>
                    {t("Export")}
                </a>
                <a class="button button--filled" href=at(&format!("/?new={stem}")) rel="external">
                    <Icon name="plus" />
                    {t("New instance")}
                </a>
            </span>
        </div>
        {news}
        <div class="blueprint-page">
            <div class="stack stack--wide">
                <Editor writing content custom />
                <Findings writing />
                {stock.as_ref().map(|stock| view! { <Differences diff=stock.clone() /> })}
            </div>
            <aside class="stack stack--wide" aria-label=t("About this blueprint")>
                <section class="card blueprint">
                    <div class="blueprint__top">
                        <Symbol name=blueprint.icon.clone() />
                        <div class="grow">
                            <h2 class="card__title">{filename.clone()}</h2>
                            <span class="faint">{origin}</span>
                        </div>
                    </div>
                    <p class="blueprint__text">{said(&blueprint.description)}</p>
                    <Needs blueprint=blueprint.clone() />
                    <p class="muted">{outcome(last.as_ref(), instances, now)}</p>
                    {reason.map(|reason| view! { <p class="muted">{reason}</p> })}
                    {homepage(&blueprint)}
                </section>
                <Verbs filename custom hides_stock=stock.is_some() />
            </aside>
        </div>
    }
}

fn homepage(blueprint: &Blueprint) -> Option<AnyView> {
    let homepage = blueprint.homepage.clone()?;
    Some(view! {
        <p>
            <a href=homepage.clone() rel="external noreferrer" target="_blank">{homepage.clone()}</a>
        </p>
    })
}

#[component]
fn Differences(
    /// From the shipped script to this one.
    diff: Diff,
) -> impl IntoView {
    let title = fill(
        "Against the shipped one: {} added, {} removed",
        &[&diff.added.to_string(), &diff.removed.to_string()],
    );
    view! {
        <details class="card blueprint-diff" open=true>
            <summary class="card__title">{title}</summary>
            {diff
                .hunks
                .into_iter()
                .map(|hunk| view! {
                    <pre class="blueprint-diff__hunk" tabindex="0">
                        {hunk
                            .lines
                            .into_iter()
                            .map(|line| {
                                let (sign, class) = match line.kind {
                                    DiffKind::Same => (' ', ""),
                                    DiffKind::Added => ('+', "blueprint-diff__added"),
                                    DiffKind::Removed => ('-', "blueprint-diff__removed"),
                                };
                                view! { <span class=class>{format!("{sign} {}\n", line.text)}</span> }
                            })
                            .collect_view()}
                    </pre>
                })
                .collect_view()}
        </details>
    }
}

#[component]
fn Verbs(
    /// Whose.
    filename: String,
    /// Whether it is a person's own.
    custom: bool,
    /// Whether a shipped one comes back when it goes.
    hides_stock: bool,
) -> impl IntoView {
    let remove = if hides_stock {
        t("Reset to the shipped one")
    } else {
        t("Delete")
    };
    view! {
        <section class="card">
            <h2 class="card__title">{t("Duplicate")}</h2>
            <form class="stack" method="post" action=at("/blueprints/duplicate")>
                <input type="hidden" name="filename" value=filename.clone() />
                <NameField id="duplicate-name" value=String::new() required=true hint=t("Of the copy, which is yours.") />
                <button class="button" type="submit">{t("Duplicate")}</button>
            </form>
        </section>
        {custom.then(|| view! {
            <section class="card">
                <h2 class="card__title">{t("Rename")}</h2>
                <form class="stack" method="post" action=at("/blueprints/rename")>
                    <input type="hidden" name="filename" value=filename.clone() />
                    <NameField id="rename-name" value=filename.trim_end_matches(".sh").to_owned() required=true hint=t("Instances keep naming the old one.") />
                    <button class="button" type="submit">{t("Rename")}</button>
                </form>
            </section>
            <section class="card">
                <h2 class="card__title">{remove}</h2>
                <form class="stack" method="post" action=at("/blueprints/delete")>
                    <input type="hidden" name="filename" value=filename.clone() />
                    <p class="muted">{t("The script is kept in blueprints/.removed of the data directory; instances keep their copies.")}</p>
                    <button class="button button--danger" type="submit">{remove}</button>
                </form>
            </section>
        })}
    }
}
