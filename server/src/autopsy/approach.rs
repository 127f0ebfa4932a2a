//! The ways there are to an instance, as its visitor would take them.

use std::net::{Ipv4Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue, header};
use types::autopsy::{AccessWay, Verdict, WayReport};
use types::instances::PublicAccess;
use url::Url;

use super::Subject;
use super::verdict;
use crate::origin::host_name;

/// One way to an instance.
pub(super) struct Approach {
    pub(super) way: AccessWay,
    /// What a person would open.
    pub(super) start: Url,
    /// Where the app's own addresses begin on this way; ends with a slash.
    pub(super) root: Url,
    /// The path all of the app's addresses begin with on this way; ends with a slash.
    pub(super) scope: String,
    /// What stands before the app's own paths and is unknown to it.
    pub(super) stripped: String,
    pub(super) door: Door,
    pub(super) notes: Vec<String>,
}

/// Whom requests on a way are given to.
pub(super) enum Door {
    /// The app itself.
    App,
    /// Whoever listens on the public port.
    Port(SocketAddr),
    /// The panel.
    Panel,
}

/// Every way of an instance.
pub(super) struct Ways {
    pub(super) direct: Approach,
    pub(super) others: Vec<Approach>,
    /// Reports on those that do not exist.
    pub(super) unavailable: Vec<WayReport>,
}

impl Ways {
    pub(super) fn of(subject: &Subject) -> Self {
        let (mut others, mut unavailable) = (Vec::new(), Vec::new());
        for (way, found) in [
            (AccessWay::Path, path(subject)),
            (AccessWay::Subdomain, subdomain(subject)),
            (AccessWay::Port, port(subject)),
        ] {
            match found {
                Ok(approach) => others.push(approach),
                Err(reason) => unavailable.push(verdict::without(way, Verdict::Unavailable, reason)),
            }
        }
        Self {
            direct: direct(subject),
            others,
            unavailable,
        }
    }
}

fn prefix(subject: &Subject) -> String {
    format!(
        "{}{}",
        subject.visitor.way_in.base_path(),
        subject.instance.proxy_path()
    )
}

/// The root of an app that has a host or a port for itself: one that was told a prefix lies there all the same.
fn own_root(subject: &Subject, start: &Url) -> Url {
    let mut root = start.clone();
    if subject.keeps_prefix() {
        root.set_path(&prefix(subject));
    }
    root
}

fn direct(subject: &Subject) -> Approach {
    let mut start = root(Ipv4Addr::LOCALHOST, subject.inner_port());
    if subject.keeps_prefix() {
        start.set_path(&prefix(subject));
    }
    Approach {
        way: AccessWay::Direct,
        root: start.clone(),
        start,
        scope: "/".to_owned(),
        stripped: String::new(),
        door: Door::App,
        notes: Vec::new(),
    }
}

fn path(subject: &Subject) -> Result<Approach, String> {
    let prefix = prefix(subject);
    let mut start = panel(subject)?;
    start.set_path(&prefix);
    Ok(Approach {
        way: AccessWay::Path,
        root: start.clone(),
        start,
        stripped: if subject.keeps_prefix() {
            String::new()
        } else {
            prefix.trim_end_matches('/').to_owned()
        },
        scope: prefix,
        door: Door::Panel,
        notes: Vec::new(),
    })
}

fn subdomain(subject: &Subject) -> Result<Approach, String> {
    let instance = &subject.instance;
    let own = instance.use_custom_hostname && !instance.hostname.trim().is_empty();
    let mut start = panel(subject)?;
    let name = if own {
        let written = instance.hostname.trim();
        let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
        host_name(bare.trim_end_matches('/')).to_owned()
    } else {
        if !has_domain(&start) {
            return Err(format!(
                "The panel was opened as {}; sub-domains need it to have a full name.",
                start.host_str().unwrap_or_default()
            ));
        }
        format!("{}.{}", instance.slug, start.host_str().unwrap_or_default())
    };
    start
        .set_host(Some(&name))
        .map_err(|_| format!("“{name}” is no host name."))?;
    if !leads_here(subject, &name) {
        return Err(format!(
            "The panel does not give {name} to this instance: the name is another's, or not allowed \
             (--allowed-hosts)."
        ));
    }
    Ok(Approach {
        way: AccessWay::Subdomain,
        notes: vec![format!(
            "Whether the name {name} leads to this machine from elsewhere was not checked."
        )],
        root: own_root(subject, &start),
        start,
        scope: "/".to_owned(),
        stripped: String::new(),
        door: Door::Panel,
    })
}

/// Whether names can stand before the host's: an address has none, nor has a bare name but this machine's own.
fn has_domain(url: &Url) -> bool {
    matches!(url.host(), Some(url::Host::Domain(name)) if name == "localhost" || name.contains('.'))
}

/// Whether the table of addresses gives a host to the instance.
fn leads_here(subject: &Subject, name: &str) -> bool {
    let Ok(value) = HeaderValue::from_str(name) else {
        return false;
    };
    let headers = HeaderMap::from_iter([(header::HOST, value)]);
    let route = subject.panel.addresses().by_host(subject.panel.hosts(), &headers);
    route.is_some_and(|route| route.instance.id == subject.instance.id)
}

fn port(subject: &Subject) -> Result<Approach, String> {
    let instance = &subject.instance;
    let Some(port) = instance.public_port else {
        return Err("It has no public port.".to_owned());
    };
    if !instance.forward_up {
        let reason = &instance.forward_reason;
        return Err(if reason.is_empty() {
            format!("Its public port {port} is not active.")
        } else {
            format!("Its public port {port} does not lead to it. {reason}")
        });
    }
    let login = instance.public_access == PublicAccess::Login;
    if login && subject.panel.speaks_tls() {
        return Err("Its public port speaks TLS, which this check does not look into.".to_owned());
    }
    let mut start = panel(subject)?;
    if start.set_scheme("http").is_err() || start.set_port(Some(port)).is_err() {
        return Err(format!("Port {port} cannot be part of the panel's address."));
    }
    Ok(Approach {
        way: AccessWay::Port,
        root: own_root(subject, &start),
        start,
        scope: "/".to_owned(),
        stripped: String::new(),
        door: Door::Port((Ipv4Addr::LOCALHOST, port).into()),
        notes: Vec::new(),
    })
}

/// The panel's own root, as the visitor reached it.
pub(super) fn panel(subject: &Subject) -> Result<Url, String> {
    let visitor = &subject.visitor;
    Url::parse(&format!("{}://{}/", visitor.way_in.scheme(), visitor.host)).map_err(|_| {
        format!(
            "The panel was opened under “{}”, which is no address.",
            visitor.host
        )
    })
}

fn root(host: Ipv4Addr, port: u16) -> Url {
    #[expect(clippy::expect_used, reason = "numbers make an address")]
    Url::parse(&format!("http://{host}:{port}/")).expect("an address")
}
