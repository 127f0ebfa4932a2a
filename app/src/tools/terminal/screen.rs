//! The screen itself, which is JavaScript (`screen.js`).

use js_sys::{Function, Object, Reflect};
use leptos::wasm_bindgen::JsValue;
use leptos::wasm_bindgen::closure::Closure;
use leptos::web_sys::HtmlElement;

use crate::ApiError;
use crate::browser::{call, module};

/// What the script defines.
const ENTRANCE: &str = "aikoreTerminal";

/// Told by the screen: what happened, and a value.
type Tell = Closure<dyn FnMut(String, String)>;

/// An open screen.
pub(super) struct Screen {
    object: JsValue,
    /// Called by the screen for as long as it is there.
    _tell: Tell,
}

pub(super) struct Options {
    /// Of the socket.
    pub(super) address: String,
    /// Names the terminal for those who do not see it.
    pub(super) label: String,
    pub(super) screen_reader: bool,
}

impl Screen {
    /// Opens a screen in `host`, by what [`load`] found.
    pub(super) fn open(
        entrance: &Function,
        host: &HtmlElement,
        options: &Options,
        told: impl Fn(String, String) + 'static,
    ) -> Option<Self> {
        let tell: Tell = Closure::new(told);
        let settings = Object::new();
        let values: [(&str, JsValue); 4] = [
            ("address", (&options.address).into()),
            ("label", (&options.label).into()),
            ("screenReader", options.screen_reader.into()),
            ("tell", tell.as_ref().clone()),
        ];
        for (name, value) in values {
            Reflect::set(&settings, &name.into(), &value).ok()?;
        }
        let object = entrance.call2(&JsValue::NULL, host, &settings).ok()?;
        Some(Self { object, _tell: tell })
    }

    pub(super) fn call(&self, method: &str, arguments: &[JsValue]) {
        call(&self.object, method, arguments);
    }
}

/// Fetches the script, where it is not there yet.
pub(super) async fn load() -> Result<Function, ApiError> {
    module("terminal", ENTRANCE).await
}
