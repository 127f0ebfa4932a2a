//! The ways there are to an instance, as its visitor would take them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
    /// Whoever listens on the public port, at any of these addresses; with TLS or without.
    Port { at: Vec<SocketAddr>, tls: bool },
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
    let mut start = panel(subject)?;
    let listening = subject.panel.engine.instances.public_addresses();
    let at = reachable(&start, listening, port)?;
    // What is open is the app's own business; what asks for a login speaks as the panel does.
    let tls = instance.public_access == PublicAccess::Login && subject.panel.speaks_tls();
    let scheme = if tls { "https" } else { "http" };
    if start.set_scheme(scheme).is_err() || start.set_port(Some(port)).is_err() {
        return Err(format!("Port {port} cannot be part of the panel's address."));
    }
    let root = own_root(subject, &start);
    if instance.public_access == PublicAccess::Open {
        // As the link says: nobody leads there from the port's own root.
        start.clone_from(&root);
    }
    Ok(Approach {
        way: AccessWay::Port,
        notes: unchecked(&start, listening).into_iter().collect(),
        root,
        start,
        scope: "/".to_owned(),
        stripped: String::new(),
        door: Door::Port { at, tls },
    })
}

/// Where this machine finds the listener that a visitor of the host would meet.
fn reachable(panel: &Url, listening: &[IpAddr], port: u16) -> Result<Vec<SocketAddr>, String> {
    let asked = literal(panel);
    let meets = |own: &IpAddr| match asked {
        Some(asked) => *own == asked || own.is_unspecified() && (own.is_ipv6() || asked.is_ipv4()),
        None => true,
    };
    let at: Vec<SocketAddr> = listening
        .iter()
        .filter(|own| meets(own))
        .map(|own| SocketAddr::new(from_inside(*own), port))
        .collect();
    if at.is_empty() {
        return Err(format!(
            "Its public port {port} is open on {} only, and you opened the panel as {}. Start the panel with \
             --bind-public and the address that people use.",
            addresses(listening),
            panel.host_str().unwrap_or_default()
        ));
    }
    Ok(at)
}

/// An address that stands where a name could.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        url::Host::Ipv4(address) => Some(address.into()),
        url::Host::Ipv6(address) => Some(address.into()),
        url::Host::Domain(_) => None,
    }
}

/// An address that leads to a listener on `own` from this machine.
fn from_inside(own: IpAddr) -> IpAddr {
    match own {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => own,
    }
}

fn addresses(all: &[IpAddr]) -> String {
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    texts.join(" and ")
}

/// What this machine cannot tell about a port that only it can reach.
fn unchecked(start: &Url, listening: &[IpAddr]) -> Option<String> {
    let name = start.domain()?;
    let here = name == "localhost" || name.ends_with(".localhost");
    (!here && listening.iter().all(IpAddr::is_loopback)).then(|| {
        format!(
            "The port is open on {} only: from another machine {name} leads there only through something in \
             between.",
            addresses(listening)
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(panel: &str, listening: &[&str]) -> Result<Vec<String>, String> {
        let listening: Vec<IpAddr> = listening.iter().map(|text| text.parse().unwrap()).collect();
        let found = reachable(&Url::parse(panel).unwrap(), &listening, 19_001)?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_port_is_looked_for_where_its_visitors_would_find_it() {
        let both = ["127.0.0.1", "::1"];
        assert_eq!(
            at("http://localhost:9000/", &both).unwrap(),
            ["127.0.0.1:19001", "[::1]:19001"]
        );
        assert_eq!(at("http://[::1]:9000/", &both).unwrap(), ["[::1]:19001"]);
        assert_eq!(
            at("http://10.0.0.7:9000/", &["0.0.0.0"]).unwrap(),
            ["127.0.0.1:19001"]
        );
        assert_eq!(
            at("http://10.0.0.7:9000/", &["10.0.0.7"]).unwrap(),
            ["10.0.0.7:19001"]
        );
        assert_eq!(at("http://10.0.0.7:9000/", &["::"]).unwrap(), ["[::1]:19001"]);
        let refused = at("http://10.0.0.7:9000/", &both).unwrap_err();
        assert!(refused.contains("127.0.0.1 and ::1 only"), "{refused}");
        assert!(at("http://[fd00::7]:9000/", &["0.0.0.0"]).is_err());
    }

    #[test]
    fn what_only_this_machine_reaches_is_said_where_people_use_a_name() {
        let said = |panel: &str, own: &str| unchecked(&Url::parse(panel).unwrap(), &[own.parse().unwrap()]);
        assert!(said("http://gpu.lan:19001/", "127.0.0.1").is_some_and(|note| note.contains("gpu.lan")));
        assert_eq!(said("http://gpu.lan:19001/", "0.0.0.0"), None);
        assert_eq!(said("http://a.localhost:19001/", "::1"), None);
    }
}
