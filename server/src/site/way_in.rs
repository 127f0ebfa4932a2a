//! A way back in: for a handler that asks the site what its own client could ask.
//!
//! Such a request is nobody's but the client's: it proves what the client proved, and passes the same checks.

use std::sync::Weak;

use axum::http::{Request, Response};
use axum::response::IntoResponse as _;

use super::arrival::Arrival;
use super::{Download, Site, SiteOptions, Upload};

/// Handlers find it in the request's extensions.
#[derive(Clone)]
pub(crate) struct WayIn {
    site: Weak<Site>,
    arrival: Arrival,
}

impl WayIn {
    pub(super) fn new(site: Weak<Site>, arrival: Arrival) -> Self {
        Self { site, arrival }
    }

    /// The answer that the client would have got; none once the panel has ended.
    pub(crate) async fn ask(&self, mut request: Request<Upload>) -> Option<Response<Download>> {
        let site = self.site.upgrade()?;
        // Nobody stands in between, so nobody's word about the client counts.
        let options = SiteOptions {
            https: self.arrival.https,
            trusted_proxies: Vec::new(),
            ..site.options.clone()
        };
        let answer = match Arrival::read(&mut request, self.arrival.client, &options, false) {
            Ok(arrival) => site.give_to_owner(None, request, arrival).await,
            Err(refused) => refused.into_response().map(Download::Panel),
        };
        Some(answer)
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        self.arrival.scheme()
    }

    /// Where the panel lies on its host: empty, or `/x`.
    pub(crate) fn base_path(&self) -> String {
        self.site
            .upgrade()
            .map(|site| site.options.base_path.clone())
            .unwrap_or_default()
    }
}
