//! Wheels from this computer: a plain form with files, sent one by one once the page is alive.

use js_sys::{Reflect, encode_uri_component};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsValue;
use leptos::web_sys::HtmlFormElement;

use crate::ApiError;
use crate::browser::{call, get};
use crate::instances::Row;
use crate::language::{fill, t};
use crate::paths::at;
use crate::prepared::Prepared;
use crate::request;
use crate::tools::environment::refusal;
use crate::ui::{ErrorNote, Toasts};
use crate::view;

/// Where the form is posted to without scripts.
pub const UPLOAD: &str = "/wheels/upload";

/// The form. Browsers let people drop files onto a file field, without scripts too, so it is made large.
#[component]
pub fn UploadForm(
    /// Whose tool it stands in.
    row: Row,
    /// Fetches the library again.
    prepared: Prepared,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let problem = refusal(UPLOAD);
    let sending = RwSignal::new(None::<String>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = request::form(&event) else {
            return;
        };
        problem.set(None);
        spawn_local(async move {
            for (name, file) in files_of(&form) {
                sending.try_set(Some(name.clone()));
                match send(&name, &file).await {
                    Ok(()) => toasts.say(fill("{} is in the library.", &[&name])),
                    Err(error) => {
                        problem.try_set(Some(error.to_string()));
                    }
                }
            }
            sending.try_set(None);
            call(&form, "reset", &[]);
            prepared.again();
        });
    };
    view! {
        <form
            class="workshop__form"
            method="post"
            action=at(UPLOAD)
            enctype="multipart/form-data"
            on:submit=submit
        >
            <h3 class="workshop__title">{t("Add wheels")}</h3>
            <input type="hidden" name="id" value=row.id.0.to_string() />
            <label class="field">
                <span class="field__label">{t("Choose files that end in .whl, or drop them here")}</span>
                <input class="drop" type="file" name="file" accept=".whl" multiple required />
            </label>
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            {move || sending.get().map(|name| view! {
                <p role="status">{fill("Receiving {}…", &[&name])}</p>
                <progress class="job__bar" aria-label=t("Upload")></progress>
            })}
            <button class="button" type="submit" disabled=move || sending.get().is_some()>{t("Add to the library")}</button>
        </form>
    }
}

/// Every chosen file with its name.
fn files_of(form: &HtmlFormElement) -> Vec<(String, JsValue)> {
    let field = get(form, "elements").and_then(|fields| get(&fields, "file"));
    let Some(files) = field.and_then(|field| get(&field, "files")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // A list of files ends where there is none.
    while let Some(file) = u32::try_from(found.len())
        .ok()
        .and_then(|at| Reflect::get_u32(&files, at).ok())
        .filter(JsValue::is_object)
    {
        let name = get(&file, "name").and_then(|name| name.as_string());
        found.push((name.unwrap_or_default(), file));
    }
    found
}

async fn send(name: &str, file: &JsValue) -> Result<(), ApiError> {
    let name = String::from(encode_uri_component(name));
    request::put_file(&format!("/api/wheels/{name}"), file).await
}
