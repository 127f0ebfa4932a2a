//! The text in the editor: CodeMirror's, behind the few verbs the panel has for it (`editor.js`).

use std::rc::Rc;

use js_sys::{JSON, Object, Reflect};
use leptos::wasm_bindgen::JsValue;
use leptos::wasm_bindgen::closure::Closure;
use leptos::web_sys::HtmlElement;
use types::scripts::{Finding, Script, ScriptFile};

use crate::browser::{call, missing, module};
use crate::{ApiError, json};

/// What the script defines.
const ENTRANCE: &str = "aikoreEditor";

/// What the editor tells.
pub(crate) struct Hooks {
    /// Whether the text differs from the saved one now.
    pub(crate) changed: Box<dyn Fn(bool)>,
    /// The keys for saving were pressed; with a restart or without.
    pub(crate) save: Box<dyn Fn(bool)>,
    /// Somebody stopped typing.
    pub(crate) paused: Box<dyn Fn()>,
}

/// An open text; cheap to copy.
#[derive(Clone)]
pub(crate) struct Text(Rc<Inner>);

struct Inner {
    handle: JsValue,
    /// The editor calls these as long as it is open.
    _hooks: [Closure<dyn FnMut(JsValue)>; 3],
}

impl Text {
    /// Shows a file in an element. Unsaved changes that this tab has of it are there again.
    pub(crate) async fn open(
        parent: HtmlElement,
        key: &str,
        script: &Script,
        label: &str,
        hooks: Hooks,
    ) -> Result<Self, ApiError> {
        let entrance = module("editor", ENTRANCE).await?;
        let language = match script.file {
            ScriptFile::Script | ScriptFile::LaunchArgs => "shell",
            ScriptFile::Requirements => "properties",
        };
        let Hooks {
            changed,
            save,
            paused,
        } = hooks;
        let hooks = [
            hook(move |value| changed(value.is_truthy())),
            hook(move |value| save(value.is_truthy())),
            hook(move |_| paused()),
        ];
        let told = Object::new();
        for (name, hook) in ["changed", "save", "paused"].into_iter().zip(&hooks) {
            let _ = Reflect::set(&told, &name.into(), hook.as_ref());
        }
        let arguments: [JsValue; 8] = [
            parent.into(),
            key.into(),
            script.content.as_str().into(),
            script.version.as_str().into(),
            language.into(),
            label.into(),
            script.read_only.is_some().into(),
            told.into(),
        ];
        let handle = entrance
            .apply(&JsValue::NULL, &arguments.iter().collect())
            .map_err(|_| missing("editor"))?;
        Ok(Self(Rc::new(Inner {
            handle,
            _hooks: hooks,
        })))
    }

    /// The whole of it.
    pub(crate) fn read(&self) -> String {
        self.ask("text", &[]).as_string().unwrap_or_default()
    }

    /// The version it began with.
    pub(crate) fn version(&self) -> String {
        self.ask("version", &[]).as_string().unwrap_or_default()
    }

    /// Whether it differs from the saved one.
    pub(crate) fn is_changed(&self) -> bool {
        self.ask("isChanged", &[]).is_truthy()
    }

    /// `sent` was saved, as `script` has it now.
    pub(crate) fn saved(&self, sent: &str, script: &Script) {
        self.ask("saved", &[sent.into(), text(script), version(script)]);
    }

    /// Stays as it is, but the next save goes over this file, which the person has seen.
    pub(crate) fn keep_over(&self, script: &Script) {
        self.ask("keepOver", &[text(script), version(script)]);
    }

    /// Becomes what the file holds; undo brings the old text back.
    pub(crate) fn take(&self, script: &Script) {
        self.ask("take", &[text(script), version(script)]);
    }

    /// Marks findings.
    pub(crate) fn show(&self, findings: &[Finding]) {
        let list = json::write(&findings)
            .ok()
            .and_then(|text| JSON::parse(&text).ok());
        if let Some(list) = list {
            self.ask("show", &[list]);
        }
    }

    /// Puts the cursor somewhere and shows it.
    pub(crate) fn go_to(&self, line: u32, column: u32) {
        self.ask("goTo", &[line.into(), column.into()]);
    }

    /// Opens or closes the search.
    pub(crate) fn find(&self) {
        self.ask("find", &[]);
    }

    /// Takes it off the screen; what was not saved stays in the tab.
    pub(crate) fn close(&self) {
        self.ask("close", &[]);
    }

    fn ask(&self, verb: &str, arguments: &[JsValue]) -> JsValue {
        call(&self.0.handle, verb, arguments).unwrap_or_default()
    }
}

fn text(script: &Script) -> JsValue {
    script.content.as_str().into()
}

fn version(script: &Script) -> JsValue {
    script.version.as_str().into()
}

fn hook(run: impl Fn(JsValue) + 'static) -> Closure<dyn FnMut(JsValue)> {
    Closure::new(run)
}
