//! The script of a blueprint as it is written.
//!
//! # How it works
//! The form's text area is what is sent without scripts. With them CodeMirror takes its place (`tools/script/text.rs`)
//! and the API is asked instead, so that a refusal leaves everything as it was typed.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{html, web_sys};
use send_wrapper::SendWrapper;
use serde::{Deserialize, Serialize};
use types::scripts::{Finding, Script, ScriptCheck, ScriptFile, Severity};

use super::address_of;
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::tools::script::text::{Hooks, Text};
use crate::ui::ErrorNote;
use crate::{ApiError, json, request, view};

/// The script that is open; cheap to copy.
#[derive(Clone, Copy)]
pub struct Writing {
    filename: StoredValue<String>,
    /// Names the text it began with.
    version: StoredValue<String>,
    check: RwSignal<ScriptCheck>,
    /// The editor, once it is there.
    text: StoredValue<Option<SendWrapper<Text>>>,
    is_open: RwSignal<bool>,
    is_busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
}

/// A script to be checked.
#[derive(Serialize)]
struct Checking {
    filename: String,
    content: String,
}

/// A script to be saved.
#[derive(Serialize)]
struct Saving {
    content: String,
    version: String,
}

/// The name it was saved under: another one where somebody saved meanwhile.
#[derive(Deserialize)]
struct Named {
    filename: String,
}

impl Writing {
    /// A script with what checkers say about it.
    pub fn new(filename: String, version: String, check: ScriptCheck) -> Self {
        Self {
            filename: StoredValue::new(filename),
            version: StoredValue::new(version),
            check: RwSignal::new(check),
            text: StoredValue::new(None),
            is_open: RwSignal::new(false),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    fn text(self) -> Option<Text> {
        self.text.try_get_value().flatten().map(SendWrapper::take)
    }

    /// Shows the editor with what the text area holds.
    fn open(self, parent: web_sys::HtmlElement, area: &web_sys::HtmlTextAreaElement) {
        let script = self.script(area.value());
        let name = self.filename.get_value();
        spawn_local(async move {
            let label = fill("Script of {}; press Escape, then Tab to leave it", &[&name]);
            let hooks = Hooks {
                changed: Box::new(|_| ()),
                save: Box::new(move |_| self.save()),
                paused: Box::new(move || self.look()),
            };
            // Where it cannot be loaded, the text area stays.
            let Ok(text) = Text::open(parent, &name, &script, &label, hooks).await else {
                return;
            };
            text.show(&self.check.get_untracked().findings);
            self.text.set_value(Some(SendWrapper::new(text)));
            self.is_open.set(true);
        });
    }

    /// Lets the checkers look at what is typed.
    fn look(self) {
        let Some(text) = self.text() else { return };
        let content = text.read();
        let checking = Checking {
            filename: self.filename.get_value(),
            content: content.clone(),
        };
        spawn_local(async move {
            let Ok(body) = json::write(&checking) else { return };
            // Too large, or the panel cannot be reached: saving says so.
            if let Ok((200, answer)) = request::api("POST", "/api/system/blueprints/check", &body).await
                && let Ok(found) = json::read::<ScriptCheck>(&answer)
                && text.read() == content
            {
                text.show(&found.findings);
                self.check.set(found);
            }
        });
    }

    /// Saves, and shows the page anew.
    fn save(self) {
        let Some(text) = self.text() else { return };
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let sent = text.read();
            match self.put(sent.clone()).await {
                Ok(address) => {
                    // Nobody has to be asked whether to leave.
                    text.saved(&sent, &self.script(sent.clone()));
                    let _ = window().location().set_href(&address);
                }
                Err(error) => {
                    self.problem.set(Some(error.to_string()));
                    self.is_busy.set(false);
                }
            }
        });
    }

    fn script(self, content: String) -> Script {
        Script {
            file: ScriptFile::Script,
            content,
            version: self.version.get_value(),
            exists: true,
            blueprint: None,
            read_only: None,
        }
    }

    /// Sends the text; returns where it can be seen.
    async fn put(self, content: String) -> Result<String, ApiError> {
        let saving = Saving {
            content,
            version: self.version.get_value(),
        };
        let body = json::write(&saving).map_err(|error| ApiError::transport(&error.to_string()))?;
        let path = format!(
            "/api/blueprints/{}",
            self.filename.get_value().replace(' ', "%20")
        );
        let answer = request::api("PUT", &path, &body).await?;
        match (answer.0, json::read::<Named>(&answer.1)) {
            (200, Ok(named)) => Ok(format!("{}&done=saved", address_of(&named.filename))),
            (409, Ok(named)) => Ok(format!("{}&done=beside", address_of(&named.filename))),
            _ => Err(request::refused(answer)),
        }
    }
}

/// The form.
#[component]
pub fn Editor(
    /// The script.
    writing: Writing,
    /// Its text.
    content: String,
    /// Whether it is a person's own.
    custom: bool,
) -> impl IntoView {
    let (host, area) = (NodeRef::<html::Div>::new(), NodeRef::<html::Textarea>::new());
    crate::ui::effect(move || {
        if let (Some(host), Some(area)) = (host.get(), area.get()) {
            writing.open((*host).clone(), &area);
        }
    });
    let submit = move |event: SubmitEvent| {
        if writing.text().is_some() {
            event.prevent_default();
            writing.save();
        }
    };
    let is_open = writing.is_open;
    let rows = content.lines().count().clamp(12, 40).to_string();
    let save = if custom { t("Save") } else { t("Save as your own") };
    view! {
        <form class="card stack" method="post" action=at("/blueprints/save") on:submit=submit>
            <input type="hidden" name="filename" value=writing.filename.get_value() />
            <input type="hidden" name="version" value=writing.version.get_value() />
            <label class="card__title" for="blueprint-content">{t("Script")}</label>
            {(!custom).then(|| view! {
                <p class="muted">
                    {t("This one is shipped and stays as it is. What you save goes before it, until you reset it; a new release of the panel does not change yours.")}
                </p>
            })}
            <div class="blueprint-text" node_ref=host hidden=move || !is_open.get()></div>
            // The first line break of a text area is not part of its text.
            <textarea class="input blueprint-script" id="blueprint-content" name="content" rows=rows spellcheck="false" wrap="off" node_ref=area hidden=is_open>
                {format!("\n{content}")}
            </textarea>
            {move || writing.problem.get().map(|text| view! { <ErrorNote text /> })}
            <div class="row">
                <button class="button button--filled" type="submit" disabled=writing.is_busy>{save}</button>
                <span class="faint" hidden=move || !is_open.get()><kbd class="kbd">"Ctrl S"</kbd></span>
            </div>
        </form>
    }
}

/// What checkers say, line by line.
#[component]
pub fn Findings(
    /// The script.
    writing: Writing,
) -> impl IntoView {
    let title = move || match writing.check.with(|check| check.findings.len()) {
        0 => t("Nothing is wrong with it").to_owned(),
        1 => t("1 remark").to_owned(),
        count => fill("{} remarks", &[&count.to_string()]),
    };
    view! {
        <section class="card" aria-label=t("What checkers say")>
            <h2 class="card__title"><span role="status">{title}</span></h2>
            {move || {
                let ScriptCheck { findings, notes } = writing.check.get();
                view! {
                    {(!findings.is_empty()).then(|| view! {
                        <ol class="blueprint-findings">
                            {findings.into_iter().map(|finding| entry(writing, finding)).collect_view()}
                        </ol>
                    })}
                    {notes.into_iter().map(|note| view! { <p class="muted">{said(&note)}</p> }).collect_view()}
                }
            }}
        </section>
    }
}

fn entry(writing: Writing, finding: Finding) -> AnyView {
    let kind = match finding.severity {
        Severity::Error => t("Error"),
        Severity::Warning => t("Warning"),
        Severity::Info => t("Note"),
        Severity::Style => t("Style"),
    };
    let source = format!("{} {}", finding.source, finding.code);
    let (line, column) = (finding.line, finding.column);
    let go = move |_| {
        if let Some(text) = writing.text() {
            text.go_to(line, column);
        }
    };
    let place = move || {
        if writing.is_open.get() {
            view! { <button type="button" on:click=go>{fill("Line {}", &[&line.to_string()])}</button> }
        } else {
            view! { <b>{fill("Line {}", &[&line.to_string()])}</b> }
        }
    };
    view! {
        <li>
            {place}
            <span>{format!("{kind}: {}", said(&finding.message))}</span>
            <span class="faint">{source.trim().to_owned()}</span>
        </li>
    }
}
