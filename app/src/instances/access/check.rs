//! Which ways lead to an app that works: the panel tries them all when it is asked to.

use crate::language::{said, t};
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use types::autopsy::{AccessWay, Framing, Verdict};
use types::instances::{InstanceId, Status};

use crate::instances::Row;
use crate::instances::row::part;
use crate::ui::{ErrorNote, Icon};
use crate::{ApiError, request};

/// What people read of a report; the API has the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessReport {
    /// The run that was looked at.
    pub run: u32,
    /// One or two sentences on what to do.
    pub recommendation: String,
    /// The best first.
    pub ways: Vec<WayFound>,
}

/// What was found on one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayFound {
    /// Which.
    pub way: AccessWay,
    /// Whether it works.
    pub verdict: Verdict,
    /// Why not, in sentences.
    pub reasons: Vec<String>,
    /// Whether the page may be shown inside of another; none when there is no page.
    pub framing: Option<Framing>,
}

#[cfg(feature = "ssr")]
impl From<types::autopsy::Autopsy> for AccessReport {
    fn from(report: types::autopsy::Autopsy) -> Self {
        let found = |way: types::autopsy::WayReport| WayFound {
            way: way.way,
            verdict: way.verdict,
            reasons: way.reasons,
            framing: way.framing,
        };
        Self {
            run: report.run,
            recommendation: report.recommendation,
            ways: report.ways.into_iter().map(found).collect(),
        }
    }
}

/// What was found when the ways to an instance were last tried.
#[server(prefix = "/fn", endpoint = "known_access", protocol = FormOrJson)]
pub(crate) async fn known_access(id: InstanceId) -> Result<Option<AccessReport>, ApiError> {
    AccessReport::known(id).await
}

#[cfg(feature = "ssr")]
impl AccessReport {
    /// The last one, where there is one.
    pub(crate) async fn known(id: InstanceId) -> Result<Option<Self>, ApiError> {
        let known = expect_context::<engine::Engine>().autopsies.known(id).await?;
        Ok(known.report.map(Self::from))
    }
}

impl AccessReport {
    /// Tries every way; takes some seconds.
    pub(crate) async fn make(id: InstanceId) -> Result<Self, ApiError> {
        request::ask(&format!("/api/instances/{id}/autopsy"), "{}").await
    }

    /// Whether it says about this run of the app if the page may be framed when it is reached this way. A way that
    /// was closed when the report was made was not looked at.
    pub(crate) fn knows_framing(&self, run: u32, way: AccessWay) -> bool {
        self.run == run && self.framing(way).is_some()
    }

    /// Why the app cannot be shown inside of the panel when it is reached this way.
    pub(crate) fn forbids_framing(&self, way: AccessWay) -> Option<String> {
        let framing = self.framing(way).filter(|framing| !framing.allowed)?;
        Some(said(&framing.reason))
    }

    /// Whether the app can be shown below the panel's own address, which many allow that forbid other hosts.
    pub(crate) fn can_be_framed_below(&self) -> bool {
        let works = self.found(AccessWay::Path).map(|found| found.verdict) == Some(Verdict::Works);
        works
            && self
                .framing(AccessWay::Path)
                .is_some_and(|framing| framing.allowed)
    }

    fn framing(&self, way: AccessWay) -> Option<&Framing> {
        self.found(way)?.framing.as_ref()
    }

    fn found(&self, way: AccessWay) -> Option<&WayFound> {
        self.ways.iter().find(|found| found.way == way)
    }
}

/// The last report, and the button for a new one.
#[component]
pub fn AccessCheck(
    /// Whose.
    row: Row,
    /// What is known already.
    known: Option<AccessReport>,
) -> impl IntoView {
    let report = RwSignal::new(known);
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let alive = crate::ui::hydrated();
    let runs = part(row, |instance| instance.status == Status::Started);
    let check = move |_| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match AccessReport::make(row.id).await {
                Ok(made) => report.try_set(Some(made)).is_none(),
                Err(error) => problem.try_set(Some(error.to_string())).is_none(),
            };
            busy.try_set(false);
        });
    };
    view! {
        <div class="stack">
            {move || report.get().map(found)}
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            <button
                class="button button--sm"
                type="button"
                hidden=move || !alive.get()
                disabled=move || busy.get() || !runs.get()
                title=move || (!runs.get()).then_some(t("Start it first"))
                on:click=check
            >
                <Icon name="search" class="icon--sm" />
                {move || if busy.get() { t("Trying every way…") } else { t("Check which ways work") }}
            </button>
        </div>
    }
}

fn found(report: AccessReport) -> AnyView {
    view! {
        <p role="status">{said(&report.recommendation)}</p>
        <ul class="ways">{report.ways.into_iter().map(way).collect_view()}</ul>
    }
}

fn way(found: WayFound) -> AnyView {
    let (tone, shape, word) = match found.verdict {
        Verdict::Works => ("status--ok", "#s-healthy", t("works")),
        Verdict::Broken => ("status--err", "#s-error", t("broken")),
        Verdict::Unavailable => ("status--idle", "#s-stopped", t("not available")),
    };
    let name = match found.way {
        AccessWay::Path => t("Path"),
        AccessWay::Subdomain => t("Subdomain"),
        AccessWay::Port => t("Hostname:Port"),
        AccessWay::Direct => t("Inside of the machine"),
    };
    view! {
        <li>
            <span class=format!("status status--inline {tone}")>
                <svg class="status__shape" aria-hidden="true">
                    <use href=shape />
                </svg>
                <span class="status__word">{name} ": " {word}</span>
            </span>
            <span class="faint">{found.reasons.iter().map(|reason| said(reason)).collect::<Vec<_>>().join(" ")}</span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(way: AccessWay, allowed: bool) -> WayFound {
        let reason = if allowed { "" } else { "It forbids frames." };
        WayFound {
            way,
            verdict: Verdict::Works,
            reasons: Vec::new(),
            framing: Some(Framing {
                allowed,
                reason: reason.to_owned(),
            }),
        }
    }

    #[test]
    fn each_way_is_judged_for_itself() {
        let ways = vec![found(AccessWay::Path, true), found(AccessWay::Port, false)];
        let report = AccessReport {
            run: 2,
            recommendation: String::new(),
            ways,
        };
        assert_eq!(
            report.forbids_framing(AccessWay::Port).as_deref(),
            Some("It forbids frames.")
        );
        assert_eq!(report.forbids_framing(AccessWay::Path), None);
        assert_eq!(report.forbids_framing(AccessWay::Subdomain), None);
        assert!(report.can_be_framed_below());
    }

    #[test]
    fn a_report_knows_only_the_run_and_the_ways_it_looked_at() {
        let closed = WayFound {
            framing: None,
            ..found(AccessWay::Port, true)
        };
        let report = AccessReport {
            run: 2,
            recommendation: String::new(),
            ways: vec![found(AccessWay::Path, true), closed],
        };
        assert!(report.knows_framing(2, AccessWay::Path));
        assert!(!report.knows_framing(3, AccessWay::Path));
        assert!(!report.knows_framing(2, AccessWay::Port));
        assert!(!report.knows_framing(2, AccessWay::Subdomain));
    }
}
