//! What can be asked of the trash, each as a form that leads back to its page.

use crate::language::t;
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::trash::PURGE_DAYS_MAX;

use crate::ApiError;

/// Brings something back, under another name if one is given.
#[server(prefix = "/fn", endpoint = "restore_entry", protocol = FormOrJson)]
pub(crate) async fn restore_entry(entry: String, #[server(default)] name: String) -> Result<(), ApiError> {
    let trash = expect_context::<engine::Engine>().trash;
    let wanted = Some(name.clone()).filter(|name| !name.trim().is_empty());
    let restored = trash.restore(&entry, wanted).await.map_err(ApiError::from);
    let restored = restored.inspect_err(|error| {
        let typed = [("restore", entry.as_str()), ("name", &name)];
        send_back(RestoreEntry::url(), error, &typed);
    })?;
    lead_back(&[("restored", &restored.name)]);
    Ok(())
}

/// Removes one thing for good; its name has to be typed.
#[server(prefix = "/fn", endpoint = "remove_entry", protocol = FormOrJson)]
pub(crate) async fn remove_entry(entry: String, #[server(default)] confirm: String) -> Result<(), ApiError> {
    let trash = expect_context::<engine::Engine>().trash;
    let removed = trash.delete(&entry, Some(confirm)).await.map_err(ApiError::from);
    removed.inspect_err(|error| send_back(RemoveEntry::url(), error, &[("remove", &entry)]))?;
    lead_back(&[("removing", "1")]);
    Ok(())
}

/// Removes every deleted instance for good; a word has to be typed.
#[server(prefix = "/fn", endpoint = "empty_trash", protocol = FormOrJson)]
pub(crate) async fn empty_trash(#[server(default)] confirm: String) -> Result<(), ApiError> {
    let trash = expect_context::<engine::Engine>().trash;
    let emptied = trash.empty(Some(confirm)).await.map_err(ApiError::from);
    emptied.inspect_err(|error| send_back(EmptyTrash::url(), error, &[("empty", "1")]))?;
    lead_back(&[("removing", "1")]);
    Ok(())
}

/// Chooses after how many days things go by themselves; nothing = never.
#[server(prefix = "/fn", endpoint = "set_trash_purge", protocol = FormOrJson)]
pub(crate) async fn set_trash_purge(#[server(default)] days: String) -> Result<(), ApiError> {
    let trash = expect_context::<engine::Engine>().trash;
    let purge_days = match days.trim() {
        "" => None,
        // What is no number is refused as the numbers out of range are.
        text => Some(text.parse().unwrap_or(0)),
    };
    let set = trash
        .set(types::trash::TrashSettings { purge_days })
        .await
        .map_err(ApiError::from);
    set.inspect_err(|error| send_back(SetTrashPurge::url(), error, &[]))?;
    lead_back(&[]);
    Ok(())
}

/// Leads a browser that posted a plain form back to the page, with the reason in the address.
#[cfg(feature = "ssr")]
fn send_back(function: &str, error: &ApiError, values: &[(&str, &str)]) {
    use leptos::server_fn::error::ServerFnUrlError;
    if !crate::error::asks_for_page() {
        return;
    }
    // Only the path and the query are sent.
    if let Ok(mut address) = ServerFnUrlError::new(function, error.clone()).to_url("http://panel/") {
        address.query_pairs_mut().extend_pairs(values);
        leptos_axum::redirect(&format!("/trash?{}", address.query().unwrap_or_default()));
    }
}

#[cfg(feature = "ssr")]
fn lead_back(values: &[(&str, &str)]) {
    let query = values
        .iter()
        .fold(crate::address::Query::default(), |query, (key, text)| {
            query.with(key, Some(text))
        });
    leptos_axum::redirect(&format!("/trash{}", query.address()));
}

/// Id of the field of days.
pub(super) const DAYS: &str = "purge-days";

/// When things go by themselves.
#[component]
pub fn PurgeSetting(
    /// The present choice.
    days: Option<u32>,
) -> impl IntoView {
    let text = days.map(|days| days.to_string()).unwrap_or_default();
    view! {
        <form class="card trash__purge" method="post" action=at(SetTrashPurge::url())>
            <label class="field" for=DAYS>
                <span class="field__label">{t("Remove by itself after so many days")}</span>
            </label>
            <div class="row">
                <input
                    class="input"
                    id=DAYS
                    name="days"
                    type="number"
                    min="1"
                    max=PURGE_DAYS_MAX
                    value=text
                    placeholder=t("never")
                    aria-describedby="purge-hint"
                />
                <button class="button" type="submit">
                    {t("Save")}
                </button>
            </div>
            <p class="faint" id="purge-hint">
                {match days {
                    Some(_) => t("Instances that were deleted longer ago go at once. Leave it empty to keep everything."),
                    None => t("Off: everything stays until somebody removes it."),
                }}
            </p>
        </form>
    }
}
