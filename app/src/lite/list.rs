//! Every instance, what the machine does, and a form for a new one.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use types::blueprints::Blueprint;
use types::instances::{Instance, InstanceId};
use types::telemetry::{InstanceReading, Readings};

use super::bars::{bar, share};
use super::{Area, Frame, Leaf, Typed, machine, new, short};
use crate::instances::commands::Verb;
use crate::instances::status::{Face, face};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::words::{bytes, decimal, gibibytes};
use crate::view;

/// Rows of a page: with the longest names and reasons it stays below its limit.
pub const ROWS: usize = 20;

/// Characters of a reason in a row; the instance's own page has all of it.
const REASON: usize = 120;

/// What the page shows.
pub struct List {
    /// The rows of this page of the list.
    pub rows: Vec<Instance>,
    /// Names of all instances, for satellites whose parent is on another page.
    pub names: HashMap<InstanceId, String>,
    /// Which page it is.
    pub leaf: Leaf,
    /// What is measured.
    pub readings: Arc<Readings>,
    /// The catalogue.
    pub blueprints: Vec<Blueprint>,
}

/// The page.
pub fn page(frame: &Frame, list: &List) -> String {
    let rows = list.rows.iter().map(|row| one(frame, list, row));
    let content = view! {
        {if list.rows.is_empty() {
            view! { <p class="box">{t("There is no instance yet. The first one is made below.")}</p> }
        } else {
            view! {
                <section>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{t("Name")}</th>
                                <th scope="col">{t("Status")}</th>
                                <th scope="col">{t("Link")}</th>
                                <th scope="col" class="w">{t("GPU")}</th>
                                <th scope="col" class="w">{t("CPU")}</th>
                                <th scope="col" class="w">{t("RAM")}</th>
                                <th scope="col" class="w">{t("VRAM")}</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows.collect_view()}</tbody>
                    </table>
                </section>
            }
        }}
        {list.leaf.links("/lite")}
        <h2>{t("Machine")}</h2>
        {machine::strip(&list.readings)}
        <h2 id="new">{t("New instance")}</h2>
        {if frame.refresh.is_none() {
            view! { <section>{new::short_form(frame, &list.blueprints, &Typed::new())}</section> }
        } else {
            // Loading the page again would take away what is typed.
            view! { <p class="box"><a href=at("/lite/new")>{t("New instance")}</a></p> }
        }}
        {frame.paces()}
    };
    frame.page(Area::Instances, t("Instances"), content)
}

fn one(frame: &Frame, list: &List, instance: &Instance) -> AnyView {
    let id = instance.id;
    let kind = match instance
        .parent_instance_id
        .and_then(|parent| list.names.get(&parent))
    {
        Some(parent) => fill("satellite of {}", &[parent]),
        None => instance.blueprint_name.clone(),
    };
    let reading = list.readings.instances.iter().find(|one| one.id == id);
    let cores = list.readings.machine.sample.cores;
    view! {
        <tr>
            <td>
                <a href=at(&format!("/lite/instances/{id}"))><b>{instance.name.clone()}</b></a>
                <br />
                <small>{kind}</small>
            </td>
            <td class="st">{status(instance, frame.now)}</td>
            <td class="u">{link(instance)}</td>
            <td class="w">{instance.gpu_ids.clone().map_or_else(|| t("all").to_owned(), |gpus| short(&gpus, 16))}</td>
            {load(reading, cores, &list.readings)}
            <td class="do">
                {main_button(frame, instance)}
                " "
                <a class="bt" href=at(&format!("/lite/instances/{id}/logs"))>{t("Log")}</a>
                " "
                <a class="bt" href=at(&format!("/lite/instances/{id}/edit"))>{t("Edit")}</a>
            </td>
        </tr>
    }
}

/// Shape and word, and below them why.
pub(super) fn status(instance: &Instance, now: i64) -> AnyView {
    let face = face(instance, now);
    let (sign, class) = sign(&face);
    view! {
        <span class=class>{sign} " " <b>{face.word}</b></span>
        <br />
        <small>{short(&face.note, REASON)}</small>
    }
}

/// The shape of a status as a sign, and its colour.
fn sign(face: &Face) -> (&'static str, &'static str) {
    let sign = match face.shape {
        "s-healthy" => "●",
        "s-unhealthy" => "◆",
        "s-starting" => "◔",
        "s-stalled" => "◐",
        "s-stopping" => "◌",
        "s-error" => "✕",
        "s-queued" => "⋯",
        "download" => "↓",
        _ => "□",
    };
    let class = match face.tone {
        "ok" => "g",
        "warn" => "y",
        "err" => "r",
        "busy" => "b",
        _ => "n",
    };
    (sign, class)
}

/// Where the app is reached, while it runs.
pub(super) fn link(instance: &Instance) -> Option<AnyView> {
    let url = Some(instance.open_url.clone()).filter(|url| instance.status.can_stop() && !url.is_empty())?;
    let words = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let words = words.trim_end_matches('/').to_owned();
    Some(view! { <a href=url rel="noopener">{words}</a> })
}

/// Three cells: processor, memory, memory of GPUs.
fn load(reading: Option<&InstanceReading>, cores: u32, readings: &Readings) -> AnyView {
    let Some(reading) = reading else {
        return view! { <td class="w"></td><td class="w"></td><td class="w"></td> };
    };
    let cpu = f64::from(reading.cpu_percent);
    let used = reading.gpu_memory();
    let total: u64 = readings
        .gpus
        .gpus
        .iter()
        .filter(|gpu| reading.gpus.iter().any(|used| used.index == gpu.index))
        .filter_map(|gpu| gpu.memory_total)
        .sum();
    view! {
        <td class="w">{decimal(cpu, 0)} " % " {bar(t("CPU").to_owned(), cpu / f64::from(cores.max(1)), None)}</td>
        <td class="w">
            {bytes(reading.memory)} " "
            {bar(t("RAM").to_owned(), share(reading.memory, readings.machine.sample.ram_total), Some("vr"))}
        </td>
        <td class="w">
            {used.map(|used| view! { {gibibytes(used)} " " {bar(t("VRAM").to_owned(), share(used, total), Some("vr"))} })}
        </td>
    }
}

/// The next sensible step.
fn main_button(frame: &Frame, instance: &Instance) -> AnyView {
    let verb = Verb::main_of(instance.status);
    if !verb.applies(instance.status) {
        return view! { <input type="submit" value=verb_word(verb) disabled=true /> };
    }
    verb_button(frame, instance, verb)
}

/// A button that asks for a verb.
pub(super) fn verb_button(frame: &Frame, instance: &Instance, verb: Verb) -> AnyView {
    let class = (verb == Verb::Start).then_some("p");
    let label = format!("{} {}", verb_word(verb), instance.name);
    frame.button(&verb_path(instance.id, verb), verb_word(verb), label, class)
}

fn verb_word(verb: Verb) -> &'static str {
    match verb {
        Verb::Start => t("Start"),
        Verb::Stop => t("Stop"),
        Verb::Restart => t("Restart"),
    }
}

fn verb_path(id: InstanceId, verb: Verb) -> String {
    let word = match verb {
        Verb::Start => "start",
        Verb::Stop => "stop",
        Verb::Restart => "restart",
    };
    format!("/lite/instances/{id}/{word}")
}
