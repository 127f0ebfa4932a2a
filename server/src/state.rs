//! What every handler may reach.

use std::sync::Arc;

use axum::extract::FromRef;
use engine::Engine;
use leptos::config::LeptosOptions;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::list_cache::ListCache;
use crate::origin::AllowedHosts;
use crate::proxy::Pool;

/// The panel; cheap to clone.
#[derive(Clone)]
pub struct Panel {
    /// The managers below.
    pub engine: Engine,
    /// Ends everything that lives longer than a request.
    pub shutdown: CancellationToken,
    shared: Arc<Shared>,
}

struct Shared {
    open: bool,
    hosts: AllowedHosts,
    leptos: LeptosOptions,
    sessions: watch::Sender<()>,
    list: ListCache,
    apps: Pool,
}

impl Panel {
    /// A panel over an engine. `open` = nobody needs to log in (`--auth off`).
    pub fn new(engine: Engine, open: bool, allowed_hosts: &[String]) -> Self {
        // `site_root` only matters for code splitting, which reads a manifest from it: keep it nowhere.
        let leptos = LeptosOptions::builder()
            .output_name("frontend")
            .site_root("/nonexistent")
            .site_pkg_dir("pkg")
            .build();
        let shared = Shared {
            open,
            hosts: AllowedHosts::new(allowed_hosts),
            leptos,
            sessions: watch::Sender::new(()),
            list: ListCache::default(),
            apps: Pool::default(),
        };
        Self {
            engine,
            shutdown: CancellationToken::new(),
            shared: Arc::new(shared),
        }
    }

    /// Whether nobody needs to log in.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.open
    }

    pub(crate) fn hosts(&self) -> &AllowedHosts {
        &self.shared.hosts
    }

    /// A session or token ended: sockets that live on it look again.
    pub(crate) fn login_ended(&self) {
        self.shared.sessions.send_replace(());
    }

    /// Changes whenever a session or token ended.
    pub(crate) fn logins(&self) -> watch::Receiver<()> {
        self.shared.sessions.subscribe()
    }

    /// Connections to the apps.
    pub(crate) fn apps(&self) -> &Pool {
        &self.shared.apps
    }

    pub(crate) fn list_cache(&self) -> &ListCache {
        &self.shared.list
    }
}

impl FromRef<Panel> for LeptosOptions {
    fn from_ref(panel: &Panel) -> Self {
        panel.shared.leptos.clone()
    }
}
