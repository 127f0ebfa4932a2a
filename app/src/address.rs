//! The address of the page: which page it is, and what is open on it.
//!
//! # How it works
//! Another *page* is another document: the browser loads it, as it would without scripts. Within a page only the
//! query changes (`/?open=3`): links and [`Address::visit`] change it in place, and so do Back and Forward. This is
//! all the routing the panel needs; Leptos' router would be a tenth of what browsers download.

mod query;

use leptos::prelude::*;

pub use query::Query;
use types::instances::InstanceId;

/// A page, by the path of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `/`: the dashboard.
    Instances,
    /// `/instances/:id/logs`: the log of one instance.
    Logs(InstanceId),
    /// `/instances/:id/script`: the files of one instance.
    Script(InstanceId),
    /// `/blueprints`: the catalogue and its scripts.
    Blueprints,
    /// `/trash`: deleted instances.
    Trash,
    /// `/monitoring`: the whole machine.
    Monitoring,
    /// `/alerts`: what rules found, and the rules.
    Alerts,
    /// `/login`.
    Login,
    /// `/setup`.
    Setup,
    /// Any other path.
    Unknown,
}

impl Page {
    /// The page at a path below the panel's prefix.
    pub fn at(path: &str) -> Self {
        match path {
            "/" | "" => Self::Instances,
            "/blueprints" => Self::Blueprints,
            "/trash" => Self::Trash,
            "/monitoring" => Self::Monitoring,
            "/alerts" => Self::Alerts,
            "/login" => Self::Login,
            "/setup" => Self::Setup,
            _ => of_instance(path).unwrap_or(Self::Unknown),
        }
    }
}

fn of_instance(path: &str) -> Option<Page> {
    let (id, page) = path.strip_prefix("/instances/")?.split_once('/')?;
    let id = InstanceId(id.parse().ok()?);
    match page {
        "logs" => Some(Page::Logs(id)),
        "script" => Some(Page::Script(id)),
        _ => None,
    }
}

/// The present address; cheap to copy.
#[derive(Clone, Copy)]
pub struct Address {
    page: Page,
    query: RwSignal<Query>,
}

impl Address {
    /// Makes the context; called once, by the application's root.
    pub fn provide() -> Self {
        let (page, query) = present();
        let address = Self {
            page,
            query: RwSignal::new(query),
        };
        provide_context(address);
        #[cfg(feature = "hydrate")]
        browser::follow_links(address);
        address
    }

    /// The context [`Address::provide`] made.
    pub fn get() -> Self {
        expect_context()
    }

    /// The page; it stays the same as long as the document does.
    pub fn page(self) -> Page {
        self.page
    }

    /// The text behind a key; tracked.
    pub fn text(self, key: &str) -> Option<String> {
        self.query.with(|query| query.text(key).map(ToOwned::to_owned))
    }

    /// The number behind a key; tracked.
    pub fn number(self, key: &str) -> Option<i64> {
        self.query.with(|query| query.text(key)?.parse().ok())
    }

    /// Whether a key has exactly this text; tracked.
    pub fn says(self, key: &str, text: &str) -> bool {
        self.query.with(|query| query.text(key) == Some(text))
    }

    /// The present query, to be changed and visited; not tracked.
    pub fn query(self) -> Query {
        self.query.get_untracked()
    }

    /// Goes to an address of this page without loading it anew. Does nothing on the server.
    pub fn visit(self, address: &str, history: History) {
        #[cfg(feature = "hydrate")]
        browser::visit(self, address, history);
        #[cfg(not(feature = "hydrate"))]
        let _ = (address, history);
    }
}

/// The run of a log that `?run=` names; none = the newest. Tracked.
pub fn run_of(address: Address) -> Option<u32> {
    u32::try_from(address.number("run")?).ok()
}

/// What Back leads to afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The address that was left.
    Push,
    /// The one before it.
    Replace,
}

#[cfg(feature = "ssr")]
pub(crate) fn present() -> (Page, Query) {
    use_context::<http::request::Parts>().map_or_else(
        || (Page::Instances, Query::default()),
        |request| {
            let query = Query::read(request.uri.query().unwrap_or_default());
            (Page::at(request.uri.path()), query)
        },
    )
}

#[cfg(not(feature = "ssr"))]
pub(crate) fn present() -> (Page, Query) {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let below = path.strip_prefix(crate::paths::base()).unwrap_or(&path);
    (
        Page::at(below),
        Query::read(&location.search().unwrap_or_default()),
    )
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::ev;
    use leptos::prelude::*;
    use leptos::wasm_bindgen::{JsCast, JsValue};
    use leptos::web_sys::{Element, HtmlAnchorElement, MouseEvent, Node};

    use super::{Address, History};

    /// Links to this page change the query instead of loading the page; Back and Forward do, too.
    pub(super) fn follow_links(address: Address) {
        let clicks = window_event_listener(ev::click, move |event| {
            if let Some(link) = link_of(&event).filter(leads_to_this_page) {
                event.prevent_default();
                visit(address, &link.href(), History::Push);
                if !link.has_attribute("data-noscroll") {
                    window().scroll_to_with_x_and_y(0.0, 0.0);
                }
            }
        });
        let steps = window_event_listener(ev::popstate, move |_| address.query.set(super::present().1));
        on_cleanup(move || {
            clicks.remove();
            steps.remove();
        });
    }

    pub(super) fn visit(address: Address, target: &str, history: History) {
        let Ok(past) = window().history() else { return };
        let changed = match history {
            History::Push => past.push_state_with_url(&JsValue::NULL, "", Some(target)),
            History::Replace => past.replace_state_with_url(&JsValue::NULL, "", Some(target)),
        };
        if changed.is_ok() {
            address.query.set(super::present().1);
        }
    }

    /// The link a plain click is on; with a modifier or another button, browsers open tabs and windows.
    fn link_of(event: &MouseEvent) -> Option<HtmlAnchorElement> {
        let is_plain = event.button() == 0
            && !event.default_prevented()
            && !(event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key());
        if !is_plain {
            return None;
        }
        let node: Node = event.target()?.dyn_into().ok()?;
        let element: Element = match node.dyn_into::<Element>() {
            Ok(element) => element,
            Err(node) => node.parent_element()?,
        };
        element.closest("a[href]").ok()??.dyn_into().ok()
    }

    fn leads_to_this_page(link: &HtmlAnchorElement) -> bool {
        let here = window().location();
        let is_plain = link.target().is_empty()
            && link.hash().is_empty()
            && link.rel() != "external"
            && !link.has_attribute("download");
        is_plain && here.origin() == Ok(link.origin()) && here.pathname() == Ok(link.pathname())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_their_path() {
        assert_eq!(Page::at("/"), Page::Instances);
        assert_eq!(Page::at("/login"), Page::Login);
        assert_eq!(Page::at("/monitoring"), Page::Monitoring);
        assert_eq!(Page::at("/instances/7/logs"), Page::Logs(InstanceId(7)));
        assert_eq!(Page::at("/instances/7/script"), Page::Script(InstanceId(7)));
        for odd in [
            "/instances/x/logs",
            "/instances/7/logs/",
            "/instances//logs",
            "//",
            "/Login",
        ] {
            assert_eq!(Page::at(odd), Page::Unknown, "{odd}");
        }
    }
}
