//! What every handler may reach.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRef;
use engine::Engine;
use leptos::config::LeptosOptions;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::addresses::Addresses;
use crate::homes::Homes;
use crate::list_cache::ListCache;
use crate::origin::AllowedHosts;
use crate::passes::Passes;
use crate::proxy::{Marks, Seats};

struct Standing {
    base: String,
    speaks_tls: bool,
}

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
    marks: Marks,
    seats: Seats,
    homes: Homes,
    standing: OnceLock<Standing>,
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
            marks: Marks::new(engine.accounts.cookie_key()),
            seats: Seats::default(),
            homes: Homes::default(),
            standing: OnceLock::new(),
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

    /// Which cookies on an app's own host are the app's.
    pub(crate) fn marks(&self) -> &Marks {
        &self.shared.marks
    }

    /// Who controls which desktop.
    pub(crate) fn seats(&self) -> &Seats {
        &self.shared.seats
    }

    /// Where people reach the panel itself, for who came to an app first.
    pub(crate) fn homes(&self) -> &Homes {
        &self.shared.homes
    }

    /// Told once, by the site it is part of.
    pub(crate) fn stands(&self, base: &str, speaks_tls: bool) {
        let standing = Standing {
            base: base.to_owned(),
            speaks_tls,
        };
        let _ = self.shared.standing.set(standing);
    }

    /// The panel's prefix on its host: empty, or `/x`.
    pub(crate) fn base(&self) -> &str {
        self.shared.standing.get().map_or("", |standing| &standing.base)
    }

    /// Whether its own listeners speak TLS.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.shared
            .standing
            .get()
            .is_some_and(|standing| standing.speaks_tls)
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
