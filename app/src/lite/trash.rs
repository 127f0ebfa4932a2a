//! What was deleted: brought back, or removed for good.

use leptos::prelude::*;
use types::trash::{EMPTY_WORD, TrashEntry, TrashKind, TrashPreview, Trashed};

use super::edit::text;
use super::{Area, Frame, Leaf, Typed, labelled, line, short};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::words::{ago, bytes, count, thousands};
use crate::view;

/// Things on a page.
pub const ROWS: usize = 30;

/// The list.
pub fn page(frame: &Frame, trashed: &Trashed, leaf: Leaf) -> String {
    let entries = &trashed.entries;
    let days = trashed.purge_days.map_or_else(
        || t("Nothing goes by itself.").to_owned(),
        |days| {
            fill(
                "What was deleted more than {} days ago goes by itself.",
                &[&days.to_string()],
            )
        },
    );
    let ours = entries.iter().any(|entry| entry.kind != TrashKind::Foreign);
    let rows = entries
        .iter()
        .skip(leaf.first)
        .take(leaf.length)
        .map(|entry| one(frame, entry, trashed.now));
    let content = view! {
        {if entries.is_empty() {
            view! { <p class="box">{t("The trash is empty.")}</p> }
        } else {
            view! { <section><table><tbody>{rows.collect_view()}</tbody></table></section> }
        }}
        {leaf.links("/lite/trash")}
        <p><small>{days}</small></p>
        {ours.then(|| view! { <p><a class="bt x" href=at("/lite/trash/empty")>{t("Empty the trash…")}</a></p> })}
        {frame.paces()}
    };
    frame.page(Area::Trash, t("Trash"), content)
}

fn one(frame: &Frame, entry: &TrashEntry, now: i64) -> AnyView {
    let kind = match entry.kind {
        TrashKind::Instance if entry.blueprint_name.is_empty() => t("Instance").to_owned(),
        TrashKind::Instance => entry.blueprint_name.clone(),
        TrashKind::Foreign => t("Not put here by AiKore").to_owned(),
        TrashKind::Leftover => t("Being removed").to_owned(),
    };
    let size = entry.bytes.map_or_else(|| t("counting…").to_owned(), bytes);
    view! {
        <tr>
            <td>
                <b>{short(&entry.name, 80)}</b><br /><small>{kind}</small>
                {entry.problem.clone().map(|problem| view! { <br /><small>{short(&problem, 160)}</small> })}
            </td>
            <td class="st">{entry.deleted_at.map(|then| ago(then, now))} <br /><small>{size}</small></td>
            <td class="do">
                {can_return(entry).then(|| back(frame, entry))}
                " "
                <a class="bt" href=path(entry, "remove") aria-label=fill("Remove {} for good", &[&entry.name])>{t("Remove…")}</a>
            </td>
        </tr>
    }
}

fn can_return(entry: &TrashEntry) -> bool {
    entry.kind == TrashKind::Instance && entry.problem.is_none()
}

/// Restores at once where nothing has to be asked.
fn back(frame: &Frame, entry: &TrashEntry) -> AnyView {
    let label = fill("Restore {}", &[&entry.name]);
    if entry.free_name == entry.name {
        frame.form(
            "/lite/trash/restore",
            view! {
                <input type="hidden" name="entry" value=entry.entry.clone() />
                <input type="submit" class="p" value=t("Restore") aria-label=label />
            },
        )
    } else {
        view! { <a class="bt" href=path(entry, "restore") aria-label=label>{t("Restore…")}</a> }
    }
}

fn path(entry: &TrashEntry, what: &str) -> String {
    let name = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("entry", &entry.entry)
        .finish();
    at(&format!("/lite/trash/{what}?{name}"))
}

/// The question under which name something comes back.
pub fn restore(frame: &Frame, entry: &TrashEntry, typed: &Typed) -> String {
    let name = typed.get("name").unwrap_or(&entry.free_name);
    let inside = view! {
        <fieldset class="v">
            <input type="hidden" name="entry" value=entry.entry.clone() />
            {labelled(t("Name"), line("name", name, ""), "")}
            <p class="bs all">
                <a class="bt" href=at("/lite/trash")>{t("Cancel")}</a> " "
                <input type="submit" class="p" value=t("Restore") />
            </p>
        </fieldset>
    };
    let content = view! {
        {(entry.free_name != entry.name)
            .then(|| view! { <p class="box">{fill("Another instance is called {} by now.", &[&entry.name])}</p> })}
        <section>{frame.form("/lite/trash/restore", inside)}</section>
    };
    frame.page(Area::Trash, &fill("Restore {}", &[&entry.name]), content)
}

/// The question before one thing, or all of it, is removed for good.
pub fn remove(frame: &Frame, preview: &TrashPreview, typed: &Typed) -> String {
    let what = fill(
        "{} in {} go ({} bytes). Nobody can bring them back.",
        &[
            &bytes(preview.bytes),
            &count(preview.files, t("file"), t("files")),
            &thousands(preview.bytes),
        ],
    );
    let (title, action, ask) = match &preview.entry {
        Some(_) => (
            fill("Remove {} for good", &[&preview.confirm]),
            "/lite/trash/remove",
            fill("To remove it for good, type its name: {}", &[&preview.confirm]),
        ),
        None => (
            t("Empty the trash").to_owned(),
            "/lite/trash/empty",
            fill("To remove everything for good, type the word: {}", &[EMPTY_WORD]),
        ),
    };
    let inside = view! {
        <fieldset class="v">
            {preview.entry.clone().map(|entry| view! { <input type="hidden" name="entry" value=entry /> })}
            {labelled(&ask, line("confirm", text(typed, "confirm"), ""), "")}
            <p class="bs all">
                <a class="bt" href=at("/lite/trash")>{t("Cancel")}</a> " "
                <input type="submit" class="x" value=t("Remove for good") />
            </p>
        </fieldset>
    };
    let content = view! {
        <p class="box">{what}</p>
        <section>{frame.form(action, inside)}</section>
    };
    frame.page(Area::Trash, &title, content)
}
