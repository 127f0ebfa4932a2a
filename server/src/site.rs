//! Everything that is answered on the panel's address: the panel itself, and the apps behind it.
//!
//! # How it works
//! A request is first made plain: who asks, over what, under which name (`arrival.rs`). Its host and path then
//! say whose it is (`addresses.rs`). What is an app's goes straight to `proxy.rs`, on the thread of
//! its connection. What is the panel's goes to the router, and whatever the engine starts for it lives on the main
//! runtime; a page, which takes long to render, is made there too, so that it holds no other connection up.

pub(crate) mod arrival;
mod body;
mod networks;
mod outgoing;
mod way_in;

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use app::ApiError;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use axum::response::IntoResponse as _;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

pub use body::{Download, Upload};
pub use networks::{InvalidNetwork, Network};
pub(crate) use way_in::WayIn;

use crate::forwards::Public;
use crate::guard::Asker;
use crate::proxy::{self, Place};
use crate::router;
use crate::state::{Panel, on_main};
use arrival::Arrival;

/// The largest head of a request, bytes.
pub(crate) const HEAD_MAX: usize = 64 * 1024;

/// What the panel is told about its surroundings.
#[derive(Clone, Debug, Default)]
pub struct SiteOptions {
    /// Where the panel lies on its host: empty, or `/x`.
    pub base_path: String,
    /// Proxies in front whose word counts.
    pub trusted_proxies: Vec<Network>,
    /// Connections come over TLS.
    pub https: bool,
    /// Browsers are told never to use plain HTTP again.
    pub hsts: bool,
}

/// The panel and its apps, ready to be asked.
pub struct Site {
    panel: Panel,
    router: Router,
    options: SiteOptions,
    itself: Weak<Self>,
}

impl Site {
    /// A site over a panel.
    pub fn new(panel: Panel, options: SiteOptions) -> Arc<Self> {
        panel.stands(&options.base_path, options.https);
        Arc::new_cyclic(|itself| Self {
            router: router(panel.clone()),
            panel,
            options,
            itself: itself.clone(),
        })
    }

    pub(crate) fn panel(&self) -> &Panel {
        &self.panel
    }

    /// Answers a request. `two_lengths`: its connection carried a head with two lengths of one body.
    pub async fn answer(
        &self,
        request: Request<Upload>,
        peer: SocketAddr,
        two_lengths: bool,
    ) -> Response<Download> {
        self.answer_at(None, request, peer, two_lengths).await
    }

    /// The same for a request that came to a public port.
    pub(crate) async fn answer_at(
        &self,
        public: Option<&Public>,
        mut request: Request<Upload>,
        peer: SocketAddr,
        two_lengths: bool,
    ) -> Response<Download> {
        let is_text = request.version() < Version::HTTP_2;
        let chunked = is_text && request.headers().contains_key(TRANSFER_ENCODING);
        let two_lengths = chunked && two_lengths;
        let mut answer = match Arrival::read(&mut request, peer, &self.options, two_lengths) {
            Ok(arrival) => self.give_to_owner(public, request, arrival).await,
            Err(refused) => refused.into_response().map(Download::Panel),
        };
        if chunked && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            // Should a proxy in front have read the length of this body in another way, then nothing that
            // follows it may be read as a request.
            answer
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    async fn give_to_owner(
        &self,
        public: Option<&Public>,
        mut request: Request<Upload>,
        arrival: Arrival,
    ) -> Response<Download> {
        let place = match public {
            Some(public) => Some(self.public_place(public, &request)),
            None => self.place(&mut request),
        };
        let own_host = place.as_ref().is_some_and(Place::has_own_host);
        let mut answer = match place {
            Some(place) => proxy::answer(&self.panel, place, &arrival, request).await,
            None => Box::pin(self.ask_panel(request, &arrival)).await,
        };
        outgoing::dress(&mut answer, &arrival, &self.options, own_host);
        answer
    }

    /// Where an app is asked for; none when it is the panel that is asked.
    fn place(&self, request: &mut Request<Upload>) -> Option<Place<'_>> {
        let base = &self.options.base_path;
        let (hosts, addresses) = (self.panel.hosts(), self.panel.addresses());
        if let Some(route) = addresses.by_host(hosts, request.headers()) {
            return Some(Place::own_host(
                route,
                hosts,
                self.panel.homes(),
                request.headers(),
                base,
            ));
        }
        // A proxy in front may have removed the prefix already, so it need not be there.
        if let Some(path) = without_base(request.uri(), base) {
            set_path(request, &path);
        }
        Place::below(request.uri().path(), addresses, base)
    }

    /// A public port belongs to an app, whatever host and path are asked for.
    fn public_place(&self, public: &Public, request: &Request<Upload>) -> Place<'_> {
        let tenancy = public.tenancy();
        let route = self.panel.addresses().by_id(tenancy.instance);
        let home = self.panel.homes().seen_from(request.headers());
        Place::public(route, public.port, tenancy.cut, home, &self.options.base_path)
    }

    async fn ask_panel(&self, request: Request<Upload>, arrival: &Arrival) -> Response<Download> {
        let asker = Asker::of(&request);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(arrival.client));
        request
            .extensions_mut()
            .insert(WayIn::new(self.itself.clone(), *arrival));
        let quick = is_quick(request.uri().path());
        let answering = self.router.clone().oneshot(request);
        if quick {
            let Ok(answer) = on_main(&self.panel, answering).await;
            return answer.map(Download::Panel);
        }
        match Asking(self.panel.main().spawn(answering)).ended().await {
            Some(answer) => answer.map(Download::Panel),
            None => asker.refuse(ApiError::internal()).map(Download::Panel),
        }
    }
}

/// Whether a path is answered from memory in microseconds: then going to another thread and back would cost more
/// than the answer. Pages are not; they are rendered.
fn is_quick(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/pkg/")
}

/// A request on the main runtime; it ends when nobody waits for its answer any more.
struct Asking(JoinHandle<Result<Response<Body>, std::convert::Infallible>>);

impl Asking {
    async fn ended(mut self) -> Option<Response<Body>> {
        match (&mut self.0).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(never)) => match never {},
            Err(_) => None,
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The address without the panel's prefix, if it has it.
fn without_base(uri: &Uri, base: &str) -> Option<String> {
    if base.is_empty() {
        return None;
    }
    let rest = uri.path_and_query()?.as_str().strip_prefix(base)?;
    match rest.bytes().next() {
        Some(b'/') => Some(rest.to_owned()),
        None | Some(b'?') => Some(format!("/{rest}")),
        Some(_) => None,
    }
}

fn set_path(request: &mut Request<Upload>, path: &str) {
    // It was part of a parsed address, so this cannot fail; the old one is a harmless answer if it does.
    if let Ok(uri) = path.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_removed_only_as_a_whole() {
        let cut = |text: &'static str| without_base(&Uri::from_static(text), "/x");
        assert_eq!(cut("/x/a?b=1").as_deref(), Some("/a?b=1"));
        assert_eq!(cut("/x").as_deref(), Some("/"));
        assert_eq!(cut("/x?b=1").as_deref(), Some("/?b=1"));
        assert_eq!(cut("/xa"), None);
        assert_eq!(cut("/a"), None);
        assert_eq!(without_base(&Uri::from_static("/x/a"), ""), None);
    }
}
