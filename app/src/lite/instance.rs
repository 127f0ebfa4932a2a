//! One instance: how it is, and everything that can be done with it.

use leptos::prelude::*;
use types::instances::{Instance, RestartPolicy, Status};
use types::scripts::ScriptFile;
use types::telemetry::Readings;

use super::list::{link, status, verb_button};
use super::{Area, Frame};
use crate::instances::commands::Verb;
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::words::{ago, bytes, decimal, gibibytes};
use crate::view;

/// The page. `parent` is what the instance is called that this one is a satellite of.
pub fn page(frame: &Frame, instance: &Instance, parent: Option<&str>, readings: &Readings) -> String {
    let id = instance.id;
    let content = view! {
        <p class="box">
            {status(instance, frame.now)}
            {(!instance.status_reason.is_empty()).then(|| view! { <br /><small>{instance.status_reason.clone()}</small> })}
        </p>
        <div class="bs">
            {[Verb::Start, Verb::Stop, Verb::Restart]
                .into_iter()
                .filter(|verb| verb.applies(instance.status))
                .map(|verb| view! { {verb_button(frame, instance, verb)} " " })
                .collect_view()}
            {port(frame, instance)}
        </div>
        <div class="bs">
            {instance.has_desktop().then(|| view! { <a class="bt" href=at(&super::desktop::address(id))>{t("Desktop")}</a> " " })}
            <a class="bt" href=at(&format!("/lite/instances/{id}/logs"))>{t("Log")}</a> " "
            <a class="bt" href=at(&format!("/lite/instances/{id}/edit"))>{t("Edit")}</a> " "
            {ScriptFile::EVERY
                .map(|file| {
                    let href = at(&format!("/lite/instances/{id}/files/{}", file.file_name()));
                    view! { <a class="bt" href=href>{file.file_name()}</a> " " }
                })
                .collect_view()}
            <a class="bt x" href=at(&format!("/lite/instances/{id}/delete"))>{t("Delete…")}</a>
        </div>
        <section>
            <table>
                <tbody>
                    {facts(frame.now, instance, parent)}
                    {load(instance, readings)}
                </tbody>
            </table>
        </section>
        <p><a href=at(&format!("/?open={id}"))>{t("The same in the full panel")}</a></p>
        {frame.paces()}
    };
    frame.page(Area::Instances, &instance.name, content)
}

fn fact(name: &str, value: impl IntoView + 'static) -> AnyView {
    view! { <tr><th scope="row">{name.to_owned()}</th><td>{value.into_any()}</td></tr> }
}

fn facts(now: i64, instance: &Instance, parent: Option<&str>) -> AnyView {
    let or = |value: &Option<String>, other: &str| value.clone().unwrap_or_else(|| other.to_owned());
    let policy = match instance.restart_policy {
        RestartPolicy::Never => t("Never"),
        RestartPolicy::OnFailure => t("After a failure"),
        RestartPolicy::Always => t("Always"),
    };
    view! {
        {link(instance).map(|link| fact(t("Link"), link))}
        {fact(t("Blueprint"), instance.blueprint_name.clone())}
        {parent.map(|parent| fact(t("Satellite of"), parent.to_owned()))}
        {fact(t("GPUs"), or(&instance.gpu_ids, t("all")))}
        {fact(t("Port"), said_of_port(instance))}
        {fact(t("Start with the panel"), if instance.autostart { t("yes") } else { t("no") })}
        {fact(t("Restart when it ends by itself"), policy)}
        {instance.started_at.map(|at| fact(t("Started"), ago(at, now)))}
        {instance.pid.map(|pid| fact(t("Process"), pid.to_string()))}
        {instance.exit_code.map(|code| fact(t("Last exit code"), code.to_string()))}
        {(instance.restarts > 0).then(|| fact(t("Restarts by themselves"), instance.restarts.to_string()))}
    }
}

fn said_of_port(instance: &Instance) -> String {
    let Some(port) = instance.public_port else {
        return t("none").to_owned();
    };
    let port = port.to_string();
    match instance {
        _ if instance.forward_up => fill("{} leads here", &[&port]),
        _ if !instance.forward_reason.is_empty() => format!("{port}. {}", instance.forward_reason),
        _ if instance.port_active => fill("{} leads here once it has started", &[&port]),
        _ => fill("{}, not active", &[&port]),
    }
}

/// *Activate* or *Deactivate*, as the dashboard offers them.
fn port(frame: &Frame, instance: &Instance) -> Option<AnyView> {
    let (id, port) = (instance.id, instance.public_port?.to_string());
    let (verb, word) = if instance.port_active {
        ("deactivate", fill("Deactivate port {}", &[&port]))
    } else if instance.status == Status::Started {
        ("activate", fill("Activate port {}", &[&port]))
    } else {
        return None;
    };
    let label = format!("{word}, {}", instance.name);
    Some(frame.button(&format!("/lite/instances/{id}/{verb}"), &word, label, None))
}

fn load(instance: &Instance, readings: &Readings) -> Option<AnyView> {
    let reading = readings.instances.iter().find(|one| one.id == instance.id)?;
    let cpu = format!("{} %", decimal(reading.cpu_percent.into(), 0));
    Some(view! {
        {fact(t("CPU"), cpu)}
        {fact(t("RAM"), bytes(reading.memory))}
        {reading.gpu_memory().map(|memory| fact(t("VRAM"), gibibytes(memory)))}
        {reading.disk_bytes.map(|size| fact(t("Disk"), bytes(size)))}
    })
}
