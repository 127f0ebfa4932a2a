//! What came of one visit: the page, what it asks for, and what stays open.

use std::collections::HashSet;

use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt as _};
use types::autopsy::{Framing, LiveChannel};
use url::Url;

use super::approach::panel;
use super::browser::{Answer, Browser, End, Journey, Trouble, Wanted, Whose};
use super::page::{Kind, Named, Page};
use super::{framing, live, scripts};

/// Assets that are looked at on one way.
const ASSETS_MAX: usize = 60;

/// How far assets that name assets are followed.
const DEPTH_MAX: usize = 4;

/// Requests at the same time, as browsers make them.
const AT_ONCE: usize = 6;

/// Addresses elsewhere that are listed.
const FOREIGN_MAX: usize = 20;

/// All that one visit showed.
pub(super) struct Findings<'a> {
    pub(super) browser: Browser<'a>,
    pub(super) page: Journey,
    pub(super) is_html: bool,
    pub(super) assets: Vec<Checked>,
    pub(super) foreign: Vec<String>,
    pub(super) live: Vec<LiveChannel>,
    /// Scripts open WebSockets at the root of the host.
    pub(super) sockets_at_root: bool,
    /// Where the page tells its scripts that the app is, if that is no address of this way.
    pub(super) misled: Option<(Url, Whose)>,
    pub(super) framing: Option<Framing>,
}

/// An asset and what became of it.
pub(super) struct Checked {
    pub(super) url: Url,
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Arrives,
    Fails(Problem),
    Skipped,
}

/// Why an asset does not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Status(u16),
    /// A page came where a script or a style sheet was asked for.
    Page,
    /// It is asked for where it cannot be.
    Elsewhere(Whose),
    /// It redirects to where it cannot be.
    Redirect,
    Silent,
    Cut,
}

/// Visits a way; what the app has by itself is known from `direct`.
pub(super) async fn of<'a>(browser: Browser<'a>, direct: Option<&Findings<'_>>) -> Findings<'a> {
    let start = browser.approach.start.clone();
    browser.log_in().await;
    let page = browser.open(&start, Wanted::Page).await;
    let mut findings = Findings {
        browser,
        page,
        is_html: false,
        assets: Vec::new(),
        foreign: Vec::new(),
        live: Vec::new(),
        sockets_at_root: false,
        misled: None,
        framing: None,
    };
    findings.look_at_page(direct).await;
    findings
}

impl Findings<'_> {
    async fn look_at_page(&mut self, direct: Option<&Findings<'_>>) {
        let Some(answer) = self.page.answer().filter(|answer| answer.from_app) else {
            return;
        };
        if let (Some(_), Ok(panel)) = (direct, panel(self.browser.subject)) {
            self.framing = Some(framing::of(&answer.headers, &answer.url, &panel));
        }
        self.is_html = answer.is_html();
        let (mut text, mut written) = (String::new(), String::new());
        if self.is_html {
            written = String::from_utf8_lossy(&answer.body).into_owned();
            let page = Page::read(&written);
            let base = page.base.as_deref().and_then(|base| answer.url.join(base).ok());
            let base = base.unwrap_or_else(|| answer.url.clone());
            self.misled = misled(&self.browser, &page.script);
            text = page.script;
            text.push_str(&self.load(page.assets, &base).await);
        }
        self.sockets_at_root = scripts::sockets_at_root(&text);
        self.live = match direct {
            None => live::discover(&self.browser, &written, &text).await,
            Some(direct) => live::retry(&self.browser, &direct.live).await,
        };
    }

    /// Asks for assets, and for what they name in turn; returns the scripts' text.
    async fn load(&mut self, named: Vec<Named>, base: &Url) -> String {
        let mut seen = HashSet::new();
        let mut next: Vec<(Url, Kind)> = resolved(named, base).collect();
        let mut text = String::new();
        // The page's own, then what those name, and so on.
        for _ in 0..DEPTH_MAX {
            // What is needed at once comes first: there may not be room for all.
            next.sort_by_key(|(_, kind)| *kind == Kind::Later);
            next.retain(|(url, _)| seen.insert(url.clone()));
            let wanted = self.sort(std::mem::take(&mut next));
            let browser = &self.browser;
            let mut loading = stream::iter(wanted)
                .map(|(url, kind)| async move { (browser.open(&url, Wanted::Asset).await, url, kind) })
                .buffered(AT_ONCE);
            while let Some((journey, url, kind)) = loading.next().await {
                if let Some(answer) = journey.answer() {
                    let body = String::from_utf8_lossy(&answer.body);
                    next.extend(deeper(&body, kind, &answer.url));
                    if matches!(kind, Kind::Script | Kind::Module | Kind::Later) {
                        text.push_str(&body);
                    }
                }
                let outcome = outcome(&journey, kind);
                self.assets.push(Checked { url, kind, outcome });
            }
        }
        text
    }

    /// Those to ask for; the others are put down as what they are.
    fn sort(&mut self, named: Vec<(Url, Kind)>) -> Vec<(Url, Kind)> {
        let mut wanted = Vec::new();
        for (url, kind) in named {
            match self.browser.whose(&url) {
                Whose::Own if self.assets.len() + wanted.len() < ASSETS_MAX => wanted.push((url, kind)),
                Whose::Own => self.put_down(url, kind, Outcome::Skipped),
                Whose::Foreign if self.foreign.len() < FOREIGN_MAX => self.foreign.push(url.to_string()),
                Whose::Foreign => {}
                whose => self.put_down(url, kind, Outcome::Fails(Problem::Elsewhere(whose))),
            }
        }
        wanted
    }

    fn put_down(&mut self, url: Url, kind: Kind, outcome: Outcome) {
        self.assets.push(Checked { url, kind, outcome });
    }

    /// An asset's address as the app knows it: the same on every way.
    pub(super) fn own_path(&self, url: &Url) -> String {
        let address = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let stripped = &self.browser.approach.stripped;
        address
            .strip_prefix(stripped.as_str())
            .unwrap_or(address)
            .to_owned()
    }

    /// Whether an asset is missing in the app itself.
    pub(super) fn lacks(&self, path: &str) -> bool {
        self.assets
            .iter()
            .any(|asset| matches!(asset.outcome, Outcome::Fails(_)) && self.own_path(&asset.url) == path)
    }

    /// Whether an asset is there in the app itself.
    pub(super) fn has(&self, path: &str) -> bool {
        self.assets
            .iter()
            .any(|asset| asset.outcome == Outcome::Arrives && self.own_path(&asset.url) == path)
    }

    /// The page's status, if the app gave it.
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.page
            .answer()
            .filter(|answer| answer.from_app)
            .map(|answer| answer.status)
    }
}

/// The first address of this way's own host that is not the app's, among those a page tells its scripts. The app
/// has it from the name it was asked under, so it takes it for its own.
fn misled(browser: &Browser<'_>, script: &str) -> Option<(Url, Whose)> {
    let told = scripts::addresses(script).into_iter();
    told.filter_map(|address| Url::parse(&address).ok())
        .map(|url| (browser.whose(&url), url))
        .find(|(whose, _)| matches!(whose, Whose::Outside | Whose::Insecure))
        .map(|(whose, url)| (url, whose))
}

fn resolved(named: Vec<Named>, base: &Url) -> impl Iterator<Item = (Url, Kind)> {
    named.into_iter().filter_map(|named| {
        let mut url = base.join(&named.address).ok()?;
        url.set_fragment(None);
        matches!(url.scheme(), "http" | "https").then_some((url, named.kind))
    })
}

/// What an asset needs in turn.
fn deeper(text: &str, kind: Kind, base: &Url) -> Vec<(Url, Kind)> {
    let named = |addresses: Vec<String>, kind| {
        let named = addresses.into_iter().map(move |address| Named { address, kind });
        resolved(named.collect(), base)
    };
    let later = || named(scripts::later_imports(text), Kind::Later);
    match kind {
        Kind::Module => named(scripts::static_imports(text), Kind::Module)
            .chain(later())
            .collect(),
        Kind::Later => named(scripts::imports(text), Kind::Later).collect(),
        Kind::Script => later().collect(),
        Kind::Style => named(scripts::style_urls(text), Kind::Other).collect(),
        Kind::Other => Vec::new(),
    }
}

fn outcome(journey: &Journey, kind: Kind) -> Outcome {
    let problem = match &journey.end {
        End::Answer(answer) => match refusal(answer, kind) {
            Some(problem) => problem,
            None => return Outcome::Arrives,
        },
        End::Left { .. } | End::Endless => Problem::Redirect,
        End::Trouble(Trouble::NoTime) => return Outcome::Skipped,
        End::Trouble(Trouble::Silent) => Problem::Silent,
        End::Trouble(Trouble::Cut | Trouble::NoConnection) => Problem::Cut,
    };
    Outcome::Fails(problem)
}

fn refusal(answer: &Answer, kind: Kind) -> Option<Problem> {
    if !answer.status.is_success() {
        return Some(Problem::Status(answer.status.as_u16()));
    }
    // Apps that answer every address with their page, and the panel's own pages.
    if kind.is_needed() && answer.is_html() {
        return Some(Problem::Page);
    }
    (!answer.complete).then_some(Problem::Silent)
}
