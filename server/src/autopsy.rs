//! The autopsy of an instance's page: through which ways of access does it work, and why not?
//!
//! # How it works
//! The page is opened as a browser would: first directly at the app, which tells what the app does by itself,
//! then through each way of access. `page.rs` and `scripts.rs` read what it asks for, `browser.rs` asks for it and
//! knows what belongs to the instance, `findings.rs` and `verdict.rs` turn what came into sentences, `advice.rs`
//! chooses.
//!
//! Below the panel and under a name of its own it goes through the panel's own door (`site::WayIn`) with what
//! the person who asked had proved, so it sees what they would see and nothing is let in that is not let in
//! otherwise. That proof is shown to the panel only. Nobody but this panel and this instance is asked: addresses
//! elsewhere are listed.
//!
//! It has a thread of its own, as connections have: connections to apps are kept per thread, and end with it.

mod advice;
mod approach;
mod browser;
mod cookies;
mod findings;
mod framing;
mod live;
mod page;
mod scripts;
mod verdict;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{Semaphore, oneshot};
use types::autopsy::{AccessWay, Autopsy};
use types::blueprints::Subpath;
use types::instances::{Instance, InstanceId, Status};

use crate::credentials::Credential;
use crate::site::WayIn;
use crate::state::Panel;
use approach::{Approach, Ways};
use browser::Browser;
use findings::Findings;

/// How long all of it may take.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Autopsies at a time; more wait for their turn.
static TURN: Semaphore = Semaphore::const_new(2);

/// Who asked, and how they reach the panel.
pub(crate) struct Visitor {
    pub(crate) way_in: WayIn,
    pub(crate) credential: Credential,
    /// With its port, as the browser wrote it.
    pub(crate) host: String,
}

/// What is looked at, and for whom.
struct Subject {
    panel: Panel,
    visitor: Visitor,
    instance: Instance,
    subpath: Subpath,
}

/// Looks at a started instance; none when it was cut short. The report has no date yet.
pub(crate) async fn examine(
    panel: &Panel,
    visitor: Visitor,
    id: InstanceId,
) -> engine::Result<Option<Autopsy>> {
    let _turn = TURN.acquire().await;
    let instance = panel.engine.instances.get(id).await?;
    if instance.status != Status::Started {
        return Err(engine::Error::NotRunning(instance.name));
    }
    let blueprint = panel.engine.blueprints.get(&instance.base_blueprint).await;
    let subject = Subject {
        panel: panel.clone(),
        visitor,
        instance,
        // One that is gone says nothing; the proxy thinks the same.
        subpath: blueprint.map(|blueprint| blueprint.subpath).unwrap_or_default(),
    };
    Ok(on_own_thread(subject).await)
}

async fn on_own_thread(subject: Subject) -> Option<Autopsy> {
    let (mut report, told) = oneshot::channel();
    let working = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            tokio::select! {
                done = subject.report() => drop(report.send(done)),
                // Whoever asked has gone.
                () = report.closed() => {}
            }
        });
        Ok::<_, std::io::Error>(())
    };
    let named = std::thread::Builder::new().name("autopsy".to_owned());
    let started = named.spawn(move || {
        if let Err(error) = working() {
            tracing::error!(%error, "an autopsy got no runtime");
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "an autopsy got no thread");
    }
    told.await.ok()
}

impl Subject {
    async fn report(self) -> Autopsy {
        let began = Instant::now();
        let deadline = began + TIME_MAX;
        let ways = Ways::of(&self);
        let direct = self.look(&ways.direct, None, deadline).await;
        let looking = ways
            .others
            .iter()
            .map(|approach| self.look(approach, Some(&direct), deadline));
        let others = join_all(looking).await;
        let mut reports: Vec<_> = others
            .iter()
            .map(|found| verdict::report(found, Some(&direct)))
            .chain(ways.unavailable)
            .collect();
        advice::order(&mut reports);
        reports.push(verdict::report(&direct, None));
        Autopsy {
            instance: self.instance.id,
            run: self.instance.run,
            blueprint: self.instance.base_blueprint.clone(),
            subpath: self.subpath,
            made_at: 0,
            took_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX),
            best: advice::best(&reports),
            recommendation: advice::recommendation(&reports),
            ways: reports,
        }
    }

    async fn look<'a>(
        &'a self,
        approach: &'a Approach,
        direct: Option<&Findings<'_>>,
        deadline: Instant,
    ) -> Findings<'a> {
        let browser = Browser::new(self, approach, deadline);
        findings::of(browser, direct).await
    }

    /// Whether the app is told its prefix.
    fn keeps_prefix(&self) -> bool {
        self.subpath == Subpath::Keep
    }

    /// `<host>:<port>` of the app inside the machine.
    fn inner_port(&self) -> u16 {
        self.instance.internal_port.unwrap_or_default()
    }
}

/// What people call a way.
fn name(way: AccessWay) -> &'static str {
    match way {
        AccessWay::Path => "below the panel",
        AccessWay::Subdomain => "under a host name of its own",
        AccessWay::Port => "on its public port",
        AccessWay::Direct => "directly",
    }
}
