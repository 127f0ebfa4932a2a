//! The forms, made on the server.

use leptos::prelude::*;
use types::instances::{Instance, InstanceId};
use types::scripts::{Against, Diff, Script, ScriptCheck, ScriptFile, ScriptVersion};

use super::super::difference::difference;
use super::super::findings::{place, summary};
use super::super::history::origin;
use super::super::page::PageData;
use super::super::{blueprint_of, page_of};
use super::{Compare, Posted, Wish};
use crate::ApiError;
use crate::address::Address;
use crate::language::{fill, t};
use crate::links::RequestOrigin;
use crate::ui::words::{ago, bytes};
use crate::ui::{ErrorNote, Icon};
use crate::view;

/// Everything the forms show.
struct Shown {
    now: i64,
    instance: Instance,
    script: Script,
    versions: Vec<ScriptVersion>,
    posted: Posted,
    compared: Option<(String, Diff)>,
    check: Option<ScriptCheck>,
}

/// The page's data, its forms as HTML among them; `wish` is a [`Wish`] as a number.
pub(crate) async fn open_page(id: InstanceId, wish: u32) -> Result<PageData, ApiError> {
    let wish = Wish::of_number(wish);
    let engine = expect_context::<engine::Engine>();
    let origin = expect_context::<RequestOrigin>();
    let posted = use_context::<Posted>().unwrap_or_default();
    let done = use_context::<Address>().and_then(|address| address.text("done"));
    let scripts = &engine.scripts;
    let file = wish.file;
    let against = match wish.compare {
        _ if posted.is_stale => Some((Against::Present, t("theirs").to_owned())),
        Compare::Nothing => None,
        Compare::Blueprint => Some((Against::Blueprint, t("the blueprint").to_owned())),
        Compare::Version(number) => Some((
            Against::Version(number),
            fill("version {}", &[&number.to_string()]),
        )),
    };
    let compared = match against {
        None => None,
        Some((against, name)) => {
            let diff = scripts.diff(id, file, against, posted.content.clone()).await?;
            Some((name, diff))
        }
    };
    let script = match scripts.open(id, file).await {
        // What was typed is shown whatever lies there.
        Err(_) if posted.content.is_some() => unreadable(file),
        script => script?,
    };
    let versions = match scripts.versions(id, file).await {
        Err(_) if posted.content.is_some() => Vec::new(),
        versions => versions?,
    };
    let check = match posted.content.clone().filter(|_| posted.checks) {
        Some(content) => Some(scripts.check(id, file, content).await?),
        None => None,
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let shown = Shown {
        now: now.map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)),
        instance: origin.link(engine.instances.get(id).await?),
        script,
        versions,
        posted,
        compared,
        check,
    };
    Ok(PageData {
        now: shown.now,
        instance: shown.instance.clone(),
        forms: forms(&shown, done.as_deref()).to_html(),
    })
}

fn unreadable(file: ScriptFile) -> Script {
    Script {
        file,
        content: String::new(),
        version: String::new(),
        exists: false,
        blueprint: None,
        read_only: None,
    }
}

fn forms(shown: &Shown, done: Option<&str>) -> AnyView {
    view! {
        <div class="stack">
            {files(shown)}
            {done.and_then(sentence).map(|text| view! { <p class="note note--ok" role="status"><Icon name="check" /><span>{text}</span></p> })}
            {shown.script.read_only.clone().map(|text| view! { <p class="note note--warn"><Icon name="info" /><span>{text}</span></p> })}
            {shown.posted.problem.clone().map(|text| view! { <ErrorNote text /> })}
            {shown
                .compared
                .as_ref()
                .map(|(name, diff)| {
                    let mine = if shown.posted.is_stale { t("yours") } else { t("the file") };
                    difference(diff, name, mine)
                })}
            {editor(shown)}
            {shown.check.as_ref().map(checked)}
            {versions(shown)}
        </div>
    }
}

fn sentence(done: &str) -> Option<&'static str> {
    match done {
        "saved" => Some(t("It is saved.")),
        "restarted" => Some(t("It is saved, and the instance starts anew.")),
        _ => None,
    }
}

fn files(shown: &Shown) -> AnyView {
    let id = shown.instance.id;
    view! {
        <nav class="tabs" aria-label=t("Files")>
            {ScriptFile::EVERY
                .map(|file| {
                    let present = (file == shown.script.file).then_some("page");
                    view! { <a class="tabs__tab" href=page_of(id, file) aria-current=present>{file.file_name()}</a> }
                })
                .collect_view()}
        </nav>
    }
}

fn editor(shown: &Shown) -> AnyView {
    let script = &shown.script;
    let text = shown.posted.content.as_ref().unwrap_or(&script.content);
    let can_save = script.read_only.is_none();
    let save = if shown.posted.is_stale {
        t("Save mine over theirs")
    } else {
        t("Save")
    };
    view! {
        <form class="stack" method="post" action=page_of(shown.instance.id, script.file)>
            <input type="hidden" name="version" value=script.version.clone() />
            <textarea
                class="input input--mono"
                name="content"
                rows="24"
                spellcheck="false"
                aria-label=script.file.file_name()
                readonly=!can_save
                inner_html=inside(text)
            ></textarea>
            <div class="buttons">
                {can_save
                    .then(|| {
                        view! {
                            <button class="button button--filled" name="action" value="save">{save}</button>
                            <button class="button" name="action" value="restart">{t("Save & restart")}</button>
                        }
                    })}
                <button class="button" name="action" value="check">{t("Check")}</button>
                {shown.posted.is_stale.then(|| {
                    view! { <a class="button" href=page_of(shown.instance.id, script.file)>{t("Take theirs")}</a> }
                })}
                {script.blueprint.is_some().then(|| {
                    let href = format!("{}&compare=blueprint", page_of(shown.instance.id, script.file));
                    view! { <a class="button button--quiet" href=href>{t("Compare with the blueprint")}</a> }
                })}
                {(can_save && script.blueprint.is_some()).then(|| {
                    view! { <a class="button button--quiet" href=blueprint_of(shown.instance.id)>{t("Save as a blueprint")}</a> }
                })}
            </div>
        </form>
    }
}

/// A text as the inside of a `<textarea>`: browsers drop a first line end, and nothing else.
fn inside(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("\n{text}")
}

fn checked(check: &ScriptCheck) -> AnyView {
    let text = match summary(check) {
        text if text.is_empty() => t("The checkers found nothing.").to_owned(),
        text => text,
    };
    view! {
        <div class="stack" role="status">
            <p>{text}</p>
            <ul>
                {check
                    .findings
                    .iter()
                    .map(|finding| {
                        let source = format!(" ({} {})", finding.source, finding.code);
                        view! { <li><b class="strong">{place(finding)}</b> " " {finding.message.clone()} <span class="faint">{source}</span></li> }
                    })
                    .collect_view()}
            </ul>
        </div>
    }
}

fn versions(shown: &Shown) -> AnyView {
    let page = page_of(shown.instance.id, shown.script.file);
    let version = &shown.script.version;
    let can_save = shown.script.read_only.is_none();
    view! {
        <h2 class="pane__title">{t("Versions")}</h2>
        {shown.versions.is_empty().then(|| view! { <p class="faint">{t("Nothing was saved here yet.")}</p> })}
        <ul class="stack">
            {shown
                .versions
                .iter()
                .map(|kept| {
                    let why = if kept.present { t("in use") } else { origin(kept.origin) };
                    let about = format!("{}, {why}, {}", ago(kept.at, shown.now), bytes(kept.bytes));
                    view! {
                        <li class="row">
                            <a href=format!("{page}&compare={}", kept.number)>{fill("Version {}", &[&kept.number.to_string()])}</a>
                            <span class="faint grow">{about}</span>
                            {(can_save && !kept.present).then(|| change(&page, version, "restore", Some(kept.number), t("Restore")))}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
        {(can_save && shown.script.blueprint.is_some())
            .then(|| change(&page, version, "reset", None, t("Reset to the blueprint")))}
    }
}

fn change(
    page: &str,
    version: &str,
    action: &'static str,
    number: Option<u32>,
    word: &'static str,
) -> AnyView {
    view! {
        <form method="post" action=page.to_owned()>
            <input type="hidden" name="version" value=version.to_owned() />
            {number.map(|number| view! { <input type="hidden" name="number" value=number /> })}
            <button class="button button--sm" name="action" value=action>{word}</button>
        </form>
    }
}
