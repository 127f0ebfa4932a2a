//! Forms posted without scripts and refused: the browser is sent back to where the form stood, with the reason
//! and what was typed in the address.

use leptos::server_fn::ServerFn;

use super::Rows;
use super::access::settings::SetAccess;
use super::blueprint::SaveAsBlueprint;
use super::clone::CloneInstance;
use super::commands::StartInstance;
use super::delete::DeleteInstance;
use super::drawer::desktop::SetDesktop;
use super::edits::UpdateInstance;
use super::filter::Place;
use super::new_row::CreateInstance;
use super::satellite::AddSatellite;
use super::start::{StartAfter, StartOnGpu};
use crate::ApiError;

/// Keys of the address that stay when something opens or closes over the table: the filter, whether every row is shown
/// at once, and what the tools pane shows.
pub(super) const KEPT: [&str; 6] = ["show", "rows", "log", "run", "tool", "file"];

/// Whether a text can stand in an address as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

impl Place {
    /// Why the form of this server function was refused; tracked.
    pub fn refusal(self, function: &str) -> Option<String> {
        let path = self.text("__path")?;
        let error = self.text("__err")?;
        (path == function).then(|| ApiError::of_address(&error).to_string())
    }

    /// Why a form was refused that does not say so itself; tracked.
    pub(super) fn refusal_elsewhere(self, rows: Rows) -> Option<String> {
        let path = self.text("__path").filter(|path| path.starts_with("/fn/"))?;
        let shows = |key| self.instance(key).and_then(|id| rows.find(id)).is_some();
        let says_so = match path.as_str() {
            path if path == CreateInstance::url() => self.text("new").is_some(),
            path if path == DeleteInstance::url() => shows("delete"),
            path if path == CloneInstance::url() => shows("clone"),
            path if path == AddSatellite::url() => shows("satellite"),
            path if path == SaveAsBlueprint::url() => shows("blueprint"),
            path if [StartInstance::url(), StartOnGpu::url(), StartAfter::url()].contains(&path) => {
                shows("start")
            }
            path if [UpdateInstance::url(), SetAccess::url(), SetDesktop::url()].contains(&path) => {
                shows("open")
            }
            _ => false,
        };
        (!says_so).then(|| self.refusal(&path))?
    }
}

/// Sends a browser without scripts back to the dashboard with these values in the address; scripts show the
/// reason themselves.
#[cfg(feature = "ssr")]
pub(crate) fn send_back(function: &str, error: &ApiError, values: &[(&str, &str)]) {
    if !crate::error::asks_for_page() {
        return;
    }
    // Only the path and the query are sent.
    let Ok(mut address) =
        leptos::server_fn::error::ServerFnUrlError::new(function, error.clone()).to_url("http://panel/")
    else {
        return;
    };
    address
        .query_pairs_mut()
        .extend_pairs(kept())
        .extend_pairs(values);
    leptos_axum::redirect(&format!("/?{}", address.query().unwrap_or_default()));
}

/// Leads a browser without scripts to the dashboard as it was when the form was sent, with these values in the
/// address; scripts stay where they are.
#[cfg(feature = "ssr")]
pub(crate) fn lead_back(values: &[(&str, &str)]) {
    let mut pairs = kept();
    pairs.extend(
        values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    );
    let query: Vec<String> = pairs
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    match query.join("&") {
        query if query.is_empty() => leptos_axum::redirect("/"),
        query => leptos_axum::redirect(&format!("/?{query}")),
    }
}

/// What of the sending page's address stays: its filter, what its tools pane shows, and the list of jobs.
#[cfg(feature = "ssr")]
fn kept() -> Vec<(String, String)> {
    let sender = leptos::prelude::use_context::<http::request::Parts>().and_then(|request| {
        request
            .headers
            .get(http::header::REFERER)?
            .to_str()
            .ok()
            .map(str::to_owned)
    });
    let query = sender.as_deref().and_then(|address| address.split_once('?'));
    let query = query.map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    let value = |wanted: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value.to_owned())
    };
    let pair = |key: &str| Some((key.to_owned(), value(key).filter(|value| is_plain(value))?));
    KEPT.into_iter().chain(["jobs"]).filter_map(pair).collect()
}
