//! Forms posted without scripts and refused: the browser is sent back to where the form stood, with the reason
//! and what was typed in the address.

use leptos::server_fn::ServerFn;

use super::Rows;
use super::delete::DeleteInstance;
use super::edits::UpdateInstance;
use super::filter::Place;
use super::new_row::CreateInstance;
use crate::ApiError;

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
            path if path == UpdateInstance::url() => shows("open"),
            _ => false,
        };
        (!says_so).then(|| self.refusal(&path))?
    }
}

/// Sends a browser without scripts back to the dashboard with these values in the address; scripts show the
/// reason themselves.
#[cfg(feature = "ssr")]
pub(super) fn send_back(function: &str, error: &ApiError, values: &[(&str, &str)]) {
    if !crate::error::asks_for_page() {
        return;
    }
    // Only the path and the query are sent.
    let Ok(mut address) =
        leptos::server_fn::error::ServerFnUrlError::new(function, error.clone()).to_url("http://panel/")
    else {
        return;
    };
    address.query_pairs_mut().extend_pairs(values);
    leptos_axum::redirect(&format!("/?{}", address.query().unwrap_or_default()));
}
