//! What every handler may reach.

use std::sync::Arc;

use axum::extract::FromRef;
use engine::Engine;
use leptos::config::LeptosOptions;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::addresses::Addresses;
use crate::list_cache::ListCache;
use crate::origin::AllowedHosts;
use crate::passes::Passes;

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
    addresses: Addresses,
    passes: Passes,
    main: Handle,
}

impl Panel {
    /// A panel over an engine. `open` = nobody needs to log in (`--auth off`). The runtime it is made on is the
    /// one its pages and its API run on.
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
            addresses: Addresses::new(engine.clone()),
            passes: Passes::default(),
            main: Handle::current(),
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

    /// Which address belongs to which instance.
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.shared.addresses
    }

    /// Logins on the apps' own hosts.
    pub(crate) fn passes(&self) -> &Passes {
        &self.shared.passes
    }

    /// The main runtime.
    pub(crate) fn main(&self) -> &Handle {
        &self.shared.main
    }

    pub(crate) fn list_cache(&self) -> &ListCache {
        &self.shared.list
    }
}

/// Polls engine work from a connection's thread such that whatever it starts (timers, tasks, blocking work)
/// belongs to the main runtime: the connection's own may end before.
pub(crate) async fn on_main<F: Future>(panel: &Panel, work: F) -> F::Output {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let _main = panel.main().enter();
        work.as_mut().poll(context)
    })
    .await
}

impl FromRef<Panel> for LeptosOptions {
    fn from_ref(panel: &Panel) -> Self {
        panel.shared.leptos.clone()
    }
}
