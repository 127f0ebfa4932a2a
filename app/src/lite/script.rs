//! The files of an instance that people edit. What is refused is shown again with all that was typed.

use leptos::prelude::*;
use types::instances::Instance;
use types::scripts::{Diff, DiffKind, Script, ScriptCheck, ScriptFile, ScriptVersion};

use super::{Area, Frame, in_area};
use crate::language::{fill, t};
use crate::paths::at;
use crate::tools::script::findings::{place, summary};
use crate::tools::script::history::origin;
use crate::ui::words::{ago, bytes, count};
use crate::view;

/// Versions that are listed.
const VERSIONS: usize = 20;

/// What the page shows.
pub struct Editor {
    /// Whose.
    pub instance: Instance,
    /// The file as it is.
    pub script: Script,
    /// The texts it had, newest first.
    pub versions: Vec<ScriptVersion>,
    /// What was typed, where a form was refused.
    pub typed: Option<String>,
    /// How the file differs from what was typed: somebody else saved meanwhile.
    pub theirs: Option<Diff>,
    /// What the checkers say of it.
    pub check: Option<ScriptCheck>,
}

/// Where a file is edited.
pub fn path(instance: &Instance, file: ScriptFile) -> String {
    format!("/lite/instances/{}/files/{}", instance.id, file.file_name())
}

/// The page.
pub fn page(frame: &Frame, editor: &Editor) -> String {
    let Editor { instance, script, .. } = editor;
    let files = ScriptFile::EVERY.map(|file| {
        let current = (file == script.file).then_some("page");
        view! { <a href=at(&path(instance, file)) aria-current=current>{file.file_name()}</a> " " }
    });
    let content = view! {
        <p><a href=at(&format!("/lite/instances/{}", instance.id))>{instance.name.clone()}</a> ": " {files.collect_view()}</p>
        {script.read_only.clone().map(|text| view! { <p class="box y"><b>"◆ "</b>{text}</p> })}
        {editor.theirs.as_ref().map(difference)}
        {form(frame, editor)}
        {editor.check.as_ref().map(checked)}
        {versions(frame, editor)}
    };
    let title = fill("{} of {}", &[script.file.file_name(), &instance.name]);
    frame.page(Area::Instances, &title, content)
}

fn form(frame: &Frame, editor: &Editor) -> AnyView {
    let script = &editor.script;
    let text = editor.typed.as_ref().unwrap_or(&script.content);
    let can_save = script.read_only.is_none();
    let is_stale = editor.theirs.is_some();
    let save = if is_stale {
        t("Save mine over theirs")
    } else {
        t("Save")
    };
    let action = path(&editor.instance, script.file);
    let inside = view! {
        <input type="hidden" name="version" value=script.version.clone() />
        <textarea
            name="content"
            rows="24"
            cols="80"
            spellcheck="false"
            aria-label=script.file.file_name()
            readonly=!can_save
            inner_html=in_area(text)
        ></textarea>
        <p class="bs">
            {can_save.then(|| view! {
                <input type="submit" class="p" name="save" value=save /> " "
                <input type="submit" name="restart" value=t("Save and restart") /> " "
            })}
            <input type="submit" name="check" value=t("Check") /> " "
            {is_stale.then(|| view! { <a class="bt" href=at(&action)>{t("Take theirs")}</a> })}
        </p>
    };
    frame.form(&action, inside)
}

/// What somebody else saved, against what was typed.
fn difference(diff: &Diff) -> AnyView {
    let summary = fill(
        "{} only in yours (+), {} only in theirs (−).",
        &[
            &count(diff.added.into(), t("line"), t("lines")),
            &count(diff.removed.into(), t("line"), t("lines")),
        ],
    );
    let lines = diff.hunks.iter().flat_map(|hunk| &hunk.lines).map(|line| {
        let (sign, class) = match line.kind {
            DiffKind::Same => ("  ", "n"),
            DiffKind::Added => ("+ ", "g"),
            DiffKind::Removed => ("− ", "r"),
        };
        view! { <span class=class>{sign} {line.text.clone()} "\n"</span> }
    });
    view! { <p>{summary}</p><pre tabindex="0" aria-label=t("What differs")>{lines.collect_view()}</pre> }
}

fn checked(check: &ScriptCheck) -> AnyView {
    let text = match summary(check) {
        text if text.is_empty() => t("The checkers found nothing.").to_owned(),
        text => text,
    };
    let findings = check.findings.iter().map(|finding| {
        let source = format!(" ({} {})", finding.source, finding.code);
        view! { <li><b>{place(finding)}</b> " " {finding.message.clone()} <small>{source}</small></li> }
    });
    view! { <div class="box" role="status"><p>{text}</p><ul>{findings.collect_view()}</ul></div> }
}

fn versions(frame: &Frame, editor: &Editor) -> Option<AnyView> {
    let script = &editor.script;
    let action = path(&editor.instance, script.file);
    let can_save = script.read_only.is_none();
    let change = |name: &'static str, number: String, word: String| {
        let inside = view! {
            <input type="hidden" name="version" value=script.version.clone() />
            <input type="hidden" name="number" value=number />
            <input type="submit" name=name value=word />
        };
        frame.form(&action, inside)
    };
    let one = |kept: &ScriptVersion| {
        let why = if kept.present {
            t("in use")
        } else {
            origin(kept.origin)
        };
        let number = kept.number.to_string();
        view! {
            <tr>
                <td>{fill("Version {}", &[&number])}</td>
                <td class="st"><small>{format!("{}, {why}, {}", ago(kept.at, frame.now), bytes(kept.bytes))}</small></td>
                <td class="do">
                    {(can_save && !kept.present)
                        .then(|| change("restore", number.clone(), fill("Restore version {}", &[&number])))}
                </td>
            </tr>
        }
    };
    let rows: Vec<AnyView> = editor.versions.iter().take(VERSIONS).map(one).collect();
    let reset = can_save && script.blueprint.is_some();
    (!rows.is_empty() || reset).then(|| {
        view! {
            <h2>{t("Versions")}</h2>
            {(!rows.is_empty()).then(|| view! { <section><table><tbody>{rows}</tbody></table></section> })}
            {reset.then(|| view! { <p>{change("reset", String::new(), t("Reset to the blueprint").to_owned())}</p> })}
        }
    })
}
