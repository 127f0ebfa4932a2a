//! What was found, in words.

use types::autopsy::{AccessWay, AssetCount, FailingAsset, LiveKind, Verdict, WayReport};
use url::Url;

use super::browser::{End, Trouble, Whose};
use super::findings::{Checked, Findings, Outcome, Problem};
use super::name;
use super::page::Kind;

/// What is listed one by one.
const LISTED_MAX: usize = 20;

/// A report on a way that was not taken.
pub(super) fn without(way: AccessWay, verdict: Verdict, reason: String) -> WayReport {
    WayReport {
        way,
        verdict,
        url: String::new(),
        status: None,
        redirects: Vec::new(),
        reasons: vec![reason],
        notes: Vec::new(),
        assets: AssetCount::default(),
        failing: Vec::new(),
        foreign: Vec::new(),
        cookies: Vec::new(),
        live: Vec::new(),
        framing: None,
    }
}

/// The report on a visit; `direct` tells the way's faults from the app's own.
pub(super) fn report(found: &Findings<'_>, direct: Option<&Findings<'_>>) -> WayReport {
    let approach = found.browser.approach;
    let mut words = Words::default();
    words.notes.extend(approach.notes.iter().cloned());
    words.page(found, direct);
    let failing = words.assets(found, direct);
    words.misled(found);
    words.live(found);
    words.cookies(found, direct);
    let unavailable = approach.way == AccessWay::Port && nobody_there(found);
    WayReport {
        verdict: match (unavailable, words.reasons.is_empty()) {
            (true, _) => Verdict::Unavailable,
            (false, true) => Verdict::Works,
            (false, false) => Verdict::Broken,
        },
        way: approach.way,
        url: approach.start.to_string(),
        status: found.status().map(|status| status.as_u16()),
        redirects: found.page.hops.clone(),
        reasons: words.reasons,
        notes: words.notes,
        assets: count(found),
        failing,
        foreign: found.foreign.clone(),
        cookies: first(&found.browser.cookies.borrow()),
        live: found.live.clone(),
        framing: found.framing.clone(),
    }
}

fn nobody_there(found: &Findings<'_>) -> bool {
    matches!(found.page.end, End::Trouble(Trouble::NoConnection))
}

fn first<T: Clone>(all: &[T]) -> Vec<T> {
    all.iter().take(LISTED_MAX).cloned().collect()
}

fn count(found: &Findings<'_>) -> AssetCount {
    let number = |wanted: fn(&Outcome) -> bool| {
        let all = found.assets.iter().filter(|asset| wanted(&asset.outcome));
        u32::try_from(all.count()).unwrap_or(u32::MAX)
    };
    AssetCount {
        total: number(|_| true),
        arrive: number(|outcome| *outcome == Outcome::Arrives),
        fail: number(|outcome| matches!(outcome, Outcome::Fails(_))),
        skipped: number(|outcome| *outcome == Outcome::Skipped),
    }
}

#[derive(Default)]
struct Words {
    /// What breaks the way.
    reasons: Vec<String>,
    /// What does not.
    notes: Vec<String>,
}

impl Words {
    fn page(&mut self, found: &Findings<'_>, direct: Option<&Findings<'_>>) {
        let start = found.browser.approach.start.path();
        let answer = match &found.page.end {
            End::Answer(answer) => answer,
            End::Trouble(trouble) => return self.reasons.push(trouble_words(*trouble)),
            End::Endless => {
                let last = found.page.hops.last().map_or(start, String::as_str);
                return self
                    .reasons
                    .push(format!("Redirects never end; the last led to {last}."));
            }
            End::Left { to, whose, by_app } => {
                return self.reasons.push(left_words(found, to, *whose, *by_app));
            }
        };
        let status = answer.status;
        if !answer.from_app {
            let said = format!("The panel answers {} instead of the app.", status.as_u16());
            return self.reasons.push(said);
        }
        let own_login = matches!(status.as_u16(), 401 | 403)
            && direct.is_none_or(|direct| direct.status() == Some(status));
        if own_login {
            let said = format!("The app asks for a login of its own ({}).", status.as_u16());
            return self.notes.push(said);
        }
        if !status.is_success() {
            let path = answer.url.path();
            return self
                .reasons
                .push(format!("The app answers {} to {path}.", status.as_u16()));
        }
        if !answer.complete {
            self.reasons
                .push("The page does not end within five seconds.".to_owned());
        }
        if !found.is_html {
            self.notes
                .push("The answer is no HTML page, so there was nothing more to look at.".to_owned());
        }
    }

    /// Says what does not arrive, and lists it.
    fn assets(&mut self, found: &Findings<'_>, direct: Option<&Findings<'_>>) -> Vec<FailingAsset> {
        let total = found.assets.len();
        let (mut groups, mut lacking): (Vec<(&Problem, Vec<&Checked>)>, Vec<&Checked>) = Default::default();
        let mut listed = Vec::new();
        for asset in &found.assets {
            let Outcome::Fails(problem) = &asset.outcome else {
                continue;
            };
            listed.push(failing(asset, problem));
            if direct.is_some_and(|direct| direct.lacks(&found.own_path(&asset.url))) {
                lacking.push(asset);
                continue;
            }
            match groups.iter_mut().find(|(known, _)| *known == problem) {
                Some((_, assets)) => assets.push(asset),
                None => groups.push((problem, vec![asset])),
            }
        }
        for (problem, assets) in groups {
            let said = group_words(problem, &assets, total, &found.browser.approach.scope);
            // What is fetched later counts where it is known to be there.
            let counts = |asset: &&Checked| {
                let known = || direct.is_some_and(|direct| direct.has(&found.own_path(&asset.url)));
                asset.kind.is_needed() && (asset.kind != Kind::Later || known())
            };
            if assets.iter().any(counts) {
                self.reasons.push(said);
            } else {
                self.notes.push(said);
            }
        }
        if let Some(asset) = lacking.first() {
            self.notes.push(format!(
                "{} of {total} assets do not arrive directly either, such as {}.",
                lacking.len(),
                asset.url.path()
            ));
        }
        let skipped = count(found).skipped;
        if skipped > 0 {
            self.notes
                .push(format!("{skipped} of {total} assets were not looked at."));
        }
        listed.truncate(LISTED_MAX);
        listed
    }

    fn misled(&mut self, found: &Findings<'_>) {
        let Some((url, whose)) = &found.misled else {
            return;
        };
        let scope = &found.browser.approach.scope;
        self.reasons.push(match whose {
            Whose::Insecure => format!(
                "The page tells its scripts that the app is at {url}, over http: browsers refuse that on a page that \
                 came over https."
            ),
            _ => format!(
                "The page tells its scripts that the app is at {url}, outside of {scope}, where the panel answers \
                 and not the app: it does not know the prefix."
            ),
        });
    }

    fn live(&mut self, found: &Findings<'_>) {
        for channel in found.live.iter().filter(|channel| !channel.opens) {
            let what = match channel.kind {
                LiveKind::Websocket => "WebSocket",
                LiveKind::Events => "event stream",
            };
            let status = channel.status.map_or_else(
                || "gets no answer".to_owned(),
                |status| format!("is answered {status}"),
            );
            self.reasons.push(format!(
                "The {what} {} opens directly, but {status} on this way.",
                channel.path
            ));
        }
        if found.sockets_at_root && !found.browser.approach.stripped.is_empty() {
            self.notes.push(format!(
                "Scripts seem to open WebSockets at the root of the host instead of below {}: what changes live \
                 may stand still.",
                found.browser.approach.scope
            ));
        }
    }

    fn cookies(&mut self, found: &Findings<'_>, direct: Option<&Findings<'_>>) {
        let refused_directly = |name: &str| {
            direct.is_some_and(|direct| {
                let cookies = direct.browser.cookies.borrow();
                cookies
                    .iter()
                    .any(|cookie| cookie.name == name && !cookie.problem.is_empty())
            })
        };
        for cookie in found.browser.cookies.borrow().iter() {
            if !cookie.problem.is_empty() && !refused_directly(&cookie.name) {
                self.notes.push(format!(
                    "The cookie “{}” is lost. {}",
                    cookie.name, cookie.problem
                ));
            }
        }
    }
}

fn trouble_words(trouble: Trouble) -> String {
    match trouble {
        Trouble::NoConnection => "Nobody takes the connection.",
        Trouble::Silent => "The page does not answer within five seconds.",
        Trouble::Cut => "The connection was cut before there was an answer.",
        Trouble::NoTime => "No time was left to look at it.",
    }
    .to_owned()
}

fn left_words(found: &Findings<'_>, to: &Url, whose: Whose, by_app: bool) -> String {
    let scope = &found.browser.approach.scope;
    if !by_app {
        return format!(
            "The panel leads to {} instead of the app: it takes nobody's login {}.",
            to.path(),
            name(found.browser.approach.way)
        );
    }
    match whose {
        Whose::Outside => format!(
            "The app redirects to {}, outside of {scope}, where the panel answers and not the app.",
            to.path()
        ),
        Whose::Internal => format!("The app redirects to {to}, which only this machine can reach."),
        Whose::Insecure => format!("The app redirects to {to}, without TLS although it was asked over TLS."),
        Whose::Own | Whose::Foreign => format!(
            "The app redirects to another host ({}), where this check does not follow.",
            to.host_str().unwrap_or_default()
        ),
    }
}

fn problem_words(problem: &Problem) -> String {
    match problem {
        Problem::Status(status) => format!("answers {status}"),
        Problem::Page => "answers with a page".to_owned(),
        Problem::Redirect => "redirects elsewhere".to_owned(),
        Problem::Silent => "does not answer in time".to_owned(),
        Problem::Cut => "the connection was cut".to_owned(),
        Problem::Elsewhere(Whose::Internal) => "only this machine can reach it".to_owned(),
        Problem::Elsewhere(Whose::Insecure) => "http on a page that came over https".to_owned(),
        Problem::Elsewhere(_) => "outside of the app's addresses".to_owned(),
    }
}

fn group_words(problem: &Problem, assets: &[&Checked], total: usize, scope: &str) -> String {
    let example = assets.first().map_or("", |asset| asset.url.path());
    let some = format!("{} of {total} assets", assets.len());
    match problem {
        Problem::Status(status) => format!("{some} answer {status}, such as {example}."),
        Problem::Page => {
            format!(
                "{some} are answered with a page instead of a script or a style sheet, such as {example}."
            )
        }
        Problem::Redirect => format!("{some} redirect to elsewhere, such as {example}."),
        Problem::Silent => format!("{some} do not answer in time, such as {example}."),
        Problem::Cut => format!("{some} are cut off, such as {example}."),
        Problem::Elsewhere(Whose::Internal) => format!(
            "{some} are asked for where only this machine can reach them, such as {}.",
            assets.first().map_or("", |asset| asset.url.as_str())
        ),
        Problem::Elsewhere(Whose::Insecure) => {
            format!("{some} are asked for over http on a page that came over https, such as {example}.")
        }
        Problem::Elsewhere(_) => format!(
            "{some} do not arrive because the page asks for {example} at the root, outside of {scope}, where the \
             panel answers and not the app."
        ),
    }
}

fn failing(asset: &Checked, problem: &Problem) -> FailingAsset {
    FailingAsset {
        url: asset.url.to_string(),
        status: match problem {
            Problem::Status(status) => Some(*status),
            _ => None,
        },
        problem: problem_words(problem),
        needed: asset.kind.is_needed(),
    }
}
