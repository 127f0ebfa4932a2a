//! Which address belongs to which instance: the one table behind paths, sub-domains, host names of their own,
//! and public ports.
//!
//! # How it works
//! The rows live in the engine; the table keeps what requests need of them, and follows the bus. An event is on
//! the bus before anybody can see the change it tells of, so a request that comes after a change finds it here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use engine::Engine;
use futures_util::FutureExt as _;
use tokio::sync::OnceCell;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use types::blueprints::Subpath;
use types::events::Event;
use types::instances::{Instance, InstanceId, PublicAccess};

use crate::origin::{AllowedHosts, host, host_name};

/// An instance as requests need it.
pub(crate) struct Route {
    pub(crate) instance: Instance,
    pub(crate) run: Arc<Run>,
    /// The paths it lies at below the panel, in the order of [`ALIASES`].
    pub(crate) paths: [Arc<str>; ALIASES.len()],
}

/// What stands before a slug.
pub(crate) const ALIASES: [&str; 2] = ["/instance/", "/app/"];

/// What holds for one run of an app.
pub(crate) struct Run {
    /// Names it among all runs of all panels of this process: idle connections are kept by it.
    pub(crate) key: u64,
    number: u32,
    blueprint: String,
    /// Asked once per run, because the catalogue reads files.
    pub(crate) manners: OnceCell<Manners>,
}

/// How an app behaves, by its blueprint.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manners {
    /// Below a prefix.
    pub(crate) subpath: Subpath,
    /// Whether its own scripts set cookies that its server wants.
    pub(crate) script_cookies: bool,
}

impl Manners {
    /// How a desktop behaves, whatever is shown on it: all of its links are relative.
    pub(crate) fn of_desktop() -> Self {
        Self {
            subpath: Subpath::Strip,
            script_cookies: false,
        }
    }
}

/// Who may use an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever is logged in to the panel.
    Login,
    /// Everybody who reaches it.
    Everybody,
}

/// How a request reached an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Below the panel: `/instance/<slug>/`.
    Path,
    /// Under a name of its own.
    Host,
    /// On a port of its own.
    Port,
}

impl Route {
    /// Who may come this way. Only a public port can be open: everything else shares the panel's own door.
    pub(crate) fn access(&self, way: Way) -> Access {
        match (way, self.instance.public_access) {
            (Way::Port, PublicAccess::Open) => Access::Everybody,
            _ => Access::Login,
        }
    }

    fn new(instance: Instance, before: Option<&Self>) -> Self {
        let run = before
            .map(|before| &before.run)
            .filter(|run| run.number == instance.run && run.blueprint == instance.base_blueprint)
            .map_or_else(|| Arc::new(Run::of(&instance)), Arc::clone);
        let paths = ALIASES.map(|alias| format!("{alias}{}", instance.slug).into());
        Self { instance, run, paths }
    }

    /// The name it wants for itself, without scheme and port.
    fn own_host(&self) -> Option<String> {
        let named = self.instance.use_custom_hostname && !self.instance.hostname.is_empty();
        let written = self.instance.hostname.trim();
        let bare = written
            .strip_prefix("https://")
            .or_else(|| written.strip_prefix("http://"))
            .unwrap_or(written);
        named.then(|| plain_name(bare))
    }
}

impl Run {
    fn of(instance: &Instance) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            key: NEXT.fetch_add(1, Ordering::Relaxed),
            number: instance.run,
            blueprint: instance.base_blueprint.clone(),
            manners: OnceCell::new(),
        }
    }
}

/// The table.
pub(crate) struct Addresses {
    engine: Engine,
    table: Mutex<Table>,
}

struct Table {
    bus: Receiver<Event>,
    routes: HashMap<InstanceId, Arc<Route>>,
    by_slug: HashMap<String, InstanceId>,
    by_host: HashMap<String, InstanceId>,
}

impl Addresses {
    pub(crate) fn new(engine: Engine) -> Self {
        let mut table = Table {
            bus: engine.events.subscribe(),
            routes: HashMap::new(),
            by_slug: HashMap::new(),
            by_host: HashMap::new(),
        };
        table.read_anew(&engine);
        Self {
            engine,
            table: Mutex::new(table),
        }
    }

    /// An instance by its number.
    pub(crate) fn by_id(&self, id: InstanceId) -> Option<Arc<Route>> {
        self.with_present(|table| table.routes.get(&id).cloned())
    }

    /// The instance that a public port leads to now.
    pub(crate) fn by_port(&self, port: u16) -> Option<Arc<Route>> {
        self.with_present(|table| {
            let leads_to =
                |route: &&Arc<Route>| route.instance.forward_up && route.instance.public_port == Some(port);
            table.routes.values().find(leads_to).cloned()
        })
    }

    /// The instance below `/instance/<slug>/`.
    pub(crate) fn by_slug(&self, slug: &str) -> Option<Arc<Route>> {
        self.with_present(|table| table.routes.get(table.by_slug.get(slug)?).cloned())
    }

    /// The instance that has the request's host for itself: a name of its own, or `<slug>.<host of the panel>`.
    /// Names that are the panel's without doubt stay the panel's.
    pub(crate) fn by_host(&self, hosts: &AllowedHosts, headers: &HeaderMap) -> Option<Arc<Route>> {
        let host = host_name(host(headers)?);
        if !host.as_bytes().first()?.is_ascii_alphanumeric() || host.parse::<std::net::Ipv4Addr>().is_ok() {
            return None;
        }
        let name = plain_name(host);
        self.with_present(|table| {
            if let Some(id) = table.by_host.get(&name)
                && !hosts.names(&name)
            {
                return table.routes.get(id).cloned();
            }
            let (slug, parent) = name.split_once('.')?;
            let id = table.by_slug.get(slug)?;
            (!hosts.names(&name) && hosts.allows(parent))
                .then(|| table.routes.get(id).cloned())
                .flatten()
        })
    }

    fn with_present<T>(&self, look: impl FnOnce(&Table) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.follow(&self.engine);
        look(&table)
    }
}

impl Table {
    /// Takes in what happened since the last look.
    fn follow(&mut self, engine: &Engine) {
        loop {
            match self.bus.try_recv() {
                Ok(Event::Instance(row)) => {
                    self.forget_slug(row.id);
                    self.keep(*row);
                    self.name_hosts();
                }
                Ok(Event::InstanceRemoved(id)) => {
                    self.forget_slug(id);
                    self.routes.remove(&id);
                    self.name_hosts();
                }
                Ok(Event::InstancesReordered(_) | Event::Job(_)) => {}
                Ok(Event::Resync) | Err(TryRecvError::Lagged(_)) => self.read_anew(engine),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn read_anew(&mut self, engine: &Engine) {
        // In this order: what changes in between comes as an event.
        self.bus = self.bus.resubscribe();
        // The rows are in memory, so this never has to wait.
        let rows = engine.instances.list().now_or_never();
        let before = std::mem::take(&mut self.routes);
        self.by_slug.clear();
        for row in rows.and_then(Result::ok).unwrap_or_default() {
            if let Some(known) = before.get(&row.id) {
                self.routes.insert(row.id, known.clone());
            }
            self.keep(row);
        }
        self.name_hosts();
    }

    /// Forgets the slug of an instance, not what is known of its run.
    fn forget_slug(&mut self, id: InstanceId) {
        self.by_slug.retain(|_, other| *other != id);
    }

    /// Two instances may name the same host: the older one has it, and when that lets go, the other.
    fn name_hosts(&mut self) {
        self.by_host.clear();
        for (id, route) in &self.routes {
            if let Some(host) = route.own_host() {
                let holder = self.by_host.entry(host).or_insert(*id);
                *holder = (*holder).min(*id);
            }
        }
    }

    fn keep(&mut self, row: Instance) {
        let id = row.id;
        let route = Route::new(row, self.routes.get(&id).map(Arc::as_ref));
        self.by_slug.insert(route.instance.slug.clone(), id);
        self.routes.insert(id, Arc::new(route));
    }
}

/// A host name as it is compared.
fn plain_name(host: &str) -> String {
    let name = host_name(host);
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
