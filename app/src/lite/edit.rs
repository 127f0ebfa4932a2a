//! Every value a person may change, in one form.

use leptos::prelude::*;
use types::blueprints::Blueprint;
use types::desktops::Availability;
use types::instances::{Instance, InstanceChange};

use super::{Area, Frame, Typed, choice, in_area, labelled, line, short};
use crate::instances::access::settings::{AUDIENCES, PATTERNS, name_it};
use crate::instances::draft::Field;
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::view;

/// What the page shows.
pub struct Edit {
    /// As it is now.
    pub instance: Instance,
    /// The catalogue.
    pub blueprints: Vec<Blueprint>,
    /// Ports nobody holds.
    pub ports: Vec<u16>,
    /// Whether the machine can show desktops.
    pub desktops: Availability,
    /// What was typed, where a form was refused.
    pub typed: Option<Typed>,
}

/// A field by name; empty where it was not sent.
pub(super) fn text<'a>(typed: &'a Typed, name: &str) -> &'a str {
    typed.get(name).map_or("", String::as_str)
}

/// Whether a box was ticked.
pub(super) fn is_on(typed: &Typed, name: &str) -> bool {
    text(typed, name) == "true"
}

/// What is ticked or not.
const BOXES: [Field; 2] = [Field::Autostart, Field::Desktop];

/// The page.
pub fn page(frame: &Frame, edit: &Edit) -> String {
    let instance = &edit.instance;
    let fields = Field::EVERY.into_iter().filter(|field| !BOXES.contains(field));
    let inside = view! {
        <fieldset class="v">
            // The row as it is now: who sees what others changed may save over it.
            <input type="hidden" name="row_version" value=instance.row_version.to_string() />
            {fields.map(|field| of_row(edit, field)).collect_view()}
            {access(edit)}
            {boxes(edit)}
            <p class="bs">
                <input type="submit" class="p" value=t("Save changes") /> " "
                <a class="bt" href=at(&format!("/lite/instances/{}", instance.id))>{t("Cancel")}</a>
            </p>
        </fieldset>
    };
    let content = view! {
        <section>{frame.form(&format!("/lite/instances/{}/edit", instance.id), inside)}</section>
    };
    frame.page(Area::Instances, &fill("Edit {}", &[&instance.name]), content)
}

/// What a refused form held, or what is saved; and what is saved where that differs.
fn shown(edit: &Edit, name: &str, saved: String) -> (String, Option<String>) {
    match &edit.typed {
        None => (saved, None),
        Some(typed) => {
            let typed = text(typed, name).replace("\r\n", "\n");
            let now = (typed != saved).then_some(saved);
            (typed, now)
        }
    }
}

fn of_row(edit: &Edit, field: Field) -> AnyView {
    let (value, now) = shown(edit, field.column(), field.read(&edit.instance));
    match field {
        Field::Blueprint => {
            let mut options: Vec<(String, String)> = edit
                .blueprints
                .iter()
                .map(|one| (one.filename.clone(), one.name.clone()))
                .collect();
            add_missing(&mut options, &value);
            let hint = hint_with(t("Its launch.sh is kept."), now);
            labelled(t("Blueprint"), choice(field.column(), &value, &options), &hint)
        }
        Field::Port => {
            let mut options = vec![(String::new(), t("none").to_owned())];
            options.extend(edit.ports.iter().map(|port| (port.to_string(), port.to_string())));
            add_missing(&mut options, &value);
            labelled(
                t("Port"),
                choice(field.column(), &value, &options),
                &hint_with("", now),
            )
        }
        _ => self::field(field, &value, now),
    }
}

/// What is chosen is offered, whatever else is.
fn add_missing(options: &mut Vec<(String, String)>, value: &str) {
    if !options.iter().any(|(offered, _)| offered == value) {
        options.push((value.to_owned(), value.to_owned()));
    }
}

fn hint_with(hint: &str, now: Option<String>) -> String {
    match now {
        Some(now) if now.is_empty() => t("Now: empty").to_owned(),
        Some(now) => fill("Now: {}", &[&short(&now, 80)]),
        None => hint.to_owned(),
    }
}

/// A field that is the same for new and for present instances.
pub(super) fn field(field: Field, value: &str, now: Option<String>) -> AnyView {
    let name = field.column();
    let versions = t("as the blueprint says");
    let (label, hint) = match field {
        Field::Name => (t("Name"), ""),
        Field::Gpus => (t("GPUs"), t("Numbers such as 0,1, or UUIDs; empty means all.")),
        Field::OutputPath => (
            t("Output folder"),
            t("Below outputs/ of the data directory; empty means the instance’s own name there."),
        ),
        Field::RestartPolicy => (t("Restart when it ends by itself"), ""),
        Field::LaunchArgs => (
            t("Launch arguments"),
            t("Added to the app’s command line; lines that start with # are skipped."),
        ),
        Field::EnvVars => (t("Variables"), t("One NAME=value a line.")),
        Field::Python => ("Python", ""),
        Field::Cuda => ("CUDA", ""),
        Field::Torch => ("torch", ""),
        Field::Blueprint | Field::Port | Field::Autostart | Field::Desktop => (field.label(), ""),
    };
    let hint = hint_with(hint, now);
    match field {
        Field::RestartPolicy => labelled(label, choice(name, value, &policies()), &hint),
        Field::LaunchArgs | Field::EnvVars => {
            let area = view! { <textarea name=name rows="4" cols="60" inner_html=in_area(value)></textarea> };
            view! { <div class="all">{labelled(label, area, &hint)}</div> }
        }
        Field::Python | Field::Cuda | Field::Torch => labelled(label, line(name, value, versions), &hint),
        Field::Gpus => labelled(label, line(name, value, t("all")), &hint),
        _ => labelled(label, line(name, value, ""), &hint),
    }
}

fn policies() -> [(String, String); 3] {
    [
        ("never", t("Never")),
        ("on-failure", t("After a failure")),
        ("always", t("Always")),
    ]
    .map(|(value, word)| (value.to_owned(), word.to_owned()))
}

/// How the link is built, and who may use the port.
fn access(edit: &Edit) -> AnyView {
    let instance = &edit.instance;
    let pattern = PATTERNS
        .iter()
        .find(|(value, ..)| *value == instance.access_pattern);
    let audience = AUDIENCES
        .iter()
        .find(|(value, ..)| *value == instance.public_access);
    let word = |found: Option<&'static str>| found.unwrap_or_default().to_owned();
    let (pattern, pattern_now) = shown(edit, "access_pattern", word(pattern.map(|(_, _, word)| *word)));
    let (audience, audience_now) = shown(edit, "public_access", word(audience.map(|(_, _, word)| *word)));
    let name = Some(instance.hostname.clone()).filter(|_| instance.use_custom_hostname);
    let (hostname, hostname_now) = shown(edit, "hostname", name.unwrap_or_default());
    let patterns = PATTERNS.map(|(_, text, word)| (word.to_owned(), text.to_owned()));
    let audiences = AUDIENCES.map(|(_, text, word)| (word.to_owned(), text.to_owned()));
    view! {
        {labelled(t("Link"), choice("access_pattern", &pattern, &patterns), &hint_with("", pattern_now))}
        {labelled(t("Who may use the port"), choice("public_access", &audience, &audiences), &hint_with("", audience_now))}
        {labelled(
            t("Host name of its own"),
            line("hostname", &hostname, ""),
            &hint_with(t("Overrides the link; empty means none."), hostname_now),
        )}
    }
}

fn boxes(edit: &Edit) -> AnyView {
    let ticked = |name: &str, saved: bool| edit.typed.as_ref().map_or(saved, |typed| is_on(typed, name));
    let autostart = ticked(Field::Autostart.column(), edit.instance.autostart);
    let desktop = ticked(Field::Desktop.column(), edit.instance.persistent_mode);
    view! {
        <label class="c all">
            <input type="checkbox" name=Field::Autostart.column() value="true" checked=autostart />
            <span>{t("Start with the panel")}</span>
        </label>
        <label class="c all">
            // What is on can always be switched off.
            <input
                type="checkbox"
                name=Field::Desktop.column()
                value="true"
                checked=desktop
                disabled=!edit.desktops.available && !desktop
            />
            <span>
                {t("Persistent UI")} " "
                <small>
                    {t("A desktop of its own, which goes on when every tab is closed.")} " "
                    {said(&edit.desktops.reason)} " " {edit.desktops.commands.join("; ")}
                </small>
            </span>
        </label>
        {edit.instance.status.is_active().then(|| {
            view! {
                <label class="c all">
                    <input type="checkbox" name="restart" value="true" checked=ticked("restart", false) />
                    <span>
                        {t("Restart it when a changed value needs it")} " "
                        <small>{t("Otherwise the new values take effect at the next start.")}</small>
                    </span>
                </label>
            }
        })}
    }
}

/// What the form asks for, as the engine is told, and whether a restart may follow.
pub fn wanted(typed: &Typed) -> (InstanceChange, bool) {
    let mut change = InstanceChange {
        // What is no number is no version that a row ever has.
        row_version: Some(text(typed, "row_version").parse().unwrap_or(-1)),
        ..InstanceChange::default()
    };
    for field in Field::EVERY {
        // A box that is not ticked is not sent; any other field that is not sent stays as it is.
        if BOXES.contains(&field) || typed.contains_key(field.column()) {
            field.write(&mut change, text(typed, field.column()));
        }
    }
    let word = text(typed, "access_pattern");
    change.access_pattern = PATTERNS.iter().find(|one| one.2 == word).map(|one| one.0);
    let word = text(typed, "public_access");
    change.public_access = AUDIENCES.iter().find(|one| one.2 == word).map(|one| one.0);
    if let Some(hostname) = typed.get("hostname") {
        name_it(&mut change, hostname);
    }
    (change, is_on(typed, "restart"))
}
