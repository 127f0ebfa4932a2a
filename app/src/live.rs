//! The tab's one WebSocket: events, samples and log pieces.
//!
//! # How it works
//! [`Live`] is a context every page shares. The first component that wants something opens the socket
//! (`live/socket.rs`, in browsers only); after each (re)connection the server sends a snapshot, and what this
//! tab wants (samples, one followed log) is asked for again from where it was lost.

mod feed;
pub mod lamp;
mod socket;

use std::collections::VecDeque;

use leptos::prelude::*;
use leptos::reactive::owner::WeakOwner;
use types::events::{ClientMessage, Event, ServerMessage};
use types::instances::{Instance, InstanceId};
use types::jobs::Job;
use types::telemetry::Sample;

use crate::instances::Rows;
use crate::ui::Toasts;
pub use feed::LogPiece;
use feed::{Followed, Step};
pub use lamp::{ConnectionLamp, OfflineBanner};

/// Samples kept for charts; older ones fall out.
const SAMPLES_KEPT: usize = 120;

/// Jobs kept for lists; the oldest fall out.
const JOBS_KEPT: usize = 50;

/// Whether what is on the screen is true now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Connection {
    /// Not connected yet; what the server rendered is on the screen.
    #[default]
    Connecting,
    /// Connected.
    Online,
    /// Lost.
    Offline {
        /// When the server was last heard, Unix milliseconds of the browser.
        since: f64,
    },
}

/// What this tab knows live; cheap to copy.
#[derive(Clone, Copy)]
pub struct Live {
    connection: RwSignal<Connection>,
    rows: Rows,
    samples: RwSignal<VecDeque<Sample>>,
    jobs: RwSignal<Vec<Job>>,
    alerts: RwSignal<Option<(u32, i64)>>,
    tab: StoredValue<Tab>,
}

/// What nobody is shown. One value: each kind of stored value weighs some kB in the browser's program.
#[derive(Default)]
struct Tab {
    /// Whether the socket has brought the rows.
    seeded: bool,
    /// How many look at samples, and at everything that is measured.
    samples: u32,
    readings: u32,
    /// Parts of the program that understand telegrams.
    ears: Vec<Callback<Vec<u8>>>,
    followed: Option<Followed>,
    /// The owner of the whole tab: signals made under it outlive the page that asked for them. Weak, because
    /// it owns this very value.
    home: Option<WeakOwner>,
    outbox: Option<socket::Outbox>,
}

/// What the socket has to do after a message.
#[derive(Debug, PartialEq)]
enum Next {
    /// Go on.
    Listen,
    /// The snapshot came: say what this tab wants.
    Greet,
    /// Say this.
    Say(ClientMessage),
    /// Events were lost: a new connection brings a new snapshot.
    Reconnect,
}

impl Live {
    /// Makes the context; called once, by the application's root.
    pub fn provide() -> Self {
        let live = Self {
            connection: RwSignal::new(Connection::default()),
            rows: Rows::new(Vec::new()),
            samples: RwSignal::new(VecDeque::new()),
            jobs: RwSignal::new(Vec::new()),
            alerts: RwSignal::new(None),
            tab: StoredValue::new(Tab {
                home: Owner::current().map(|owner| owner.downgrade()),
                ..Tab::default()
            }),
        };
        provide_context(live);
        live
    }

    /// The context [`Live::provide`] made.
    pub fn get() -> Self {
        expect_context()
    }

    /// Opens the socket unless it is open. Does nothing on the server; in browsers call it from an effect.
    pub fn start(self) {
        if self.tab.with_value(|tab| tab.outbox.is_none()) {
            let outbox = socket::open(self);
            self.tab.update_value(|tab| tab.outbox = outbox);
        }
    }

    /// Whether what is shown is true now; tracked.
    pub fn connection(self) -> Connection {
        self.connection.get()
    }

    /// Whether the connection was lost; tracked.
    pub fn is_offline(self) -> bool {
        matches!(self.connection.get(), Connection::Offline { .. })
    }

    /// The rows of the table. Their signals live as long as the tab.
    pub fn rows(self) -> Rows {
        self.rows
    }

    /// Hands over a list a page has fetched. Ignored once the socket brought one: that one is newer.
    pub fn seed(self, instances: Vec<Instance>) {
        if self.tab.with_value(|tab| !tab.seeded) {
            self.at_home(|| self.rows.replace(instances));
        }
    }

    /// Takes over the answer to a request.
    pub fn answer(self, instance: Instance) {
        let connected = self.connection.get_untracked() == Connection::Online;
        self.at_home(|| self.rows.answer(instance, connected));
    }

    /// The samples of the last minutes, oldest first; tracked.
    pub fn samples(self) -> RwSignal<VecDeque<Sample>> {
        self.samples
    }

    /// Jobs, newest first; tracked by who reads it.
    pub fn jobs(self) -> RwSignal<Vec<Job>> {
        self.jobs
    }

    /// How many alerts there are, and when that changed or one began or ended (the server's clock); none until the socket
    /// said it.
    pub fn alerts(self) -> RwSignal<Option<(u32, i64)>> {
        self.alerts
    }

    /// Asks for samples until the calling component goes.
    pub fn watch_samples(self) {
        self.start();
        self.view(|tab| &mut tab.samples);
    }

    /// Asks for everything that is measured until the calling component goes; it comes to who hears telegrams.
    pub fn watch_readings(self) {
        self.start();
        self.view(|tab| &mut tab.readings);
    }

    fn view(self, of: fn(&mut Tab) -> &mut u32) {
        let count = move |change: i32| {
            self.tab.try_update_value(|tab| {
                let count = of(tab);
                *count = count.saturating_add_signed(change);
            });
            for wish in self.viewing(socket::is_hidden()) {
                self.say(wish);
            }
        };
        count(1);
        on_cleanup(move || count(-1));
    }

    /// Hands over every telegram, as it came, until the calling component goes.
    pub fn hear(self, ear: Callback<Vec<u8>>) {
        self.start();
        self.tab.update_value(|tab| tab.ears.push(ear));
        on_cleanup(move || {
            self.tab
                .try_update_value(|tab| tab.ears.retain(|known| !known.matches(&ear)));
        });
    }

    /// Follows a log from `offset` until [`Live::unfollow`] or another one is followed; `run: None` means the
    /// newest run and those after it, `shown` is the run whose bytes before `offset` are on the screen.
    pub fn follow(
        self,
        instance: InstanceId,
        run: Option<u32>,
        shown: u32,
        offset: u64,
        sink: Callback<LogPiece>,
    ) {
        self.start();
        let followed = Followed::new(instance, run, shown, offset, sink);
        self.say(followed.request());
        self.tab.update_value(|tab| tab.followed = Some(followed));
    }

    /// Stops following if `sink` is still the one that is fed.
    pub fn unfollow(self, sink: Callback<LogPiece>) {
        let mine = self.tab.try_with_value(|tab| {
            tab.followed
                .as_ref()
                .is_some_and(|followed| followed.sink.matches(&sink))
        });
        if mine == Some(true) {
            self.tab.update_value(|tab| tab.followed = None);
            self.say(ClientMessage::UnfollowLog);
        }
    }

    fn at_home<T>(self, work: impl FnOnce() -> T) -> T {
        match self
            .tab
            .with_value(|tab| tab.home.as_ref().and_then(WeakOwner::upgrade))
        {
            Some(owner) => owner.with(work),
            None => work(),
        }
    }

    fn say(self, message: ClientMessage) {
        self.tab.try_with_value(|tab| {
            if let Some(outbox) = &tab.outbox {
                outbox.say(message);
            }
        });
    }

    /// Everything this tab wants, said after each connection.
    fn wishes(self, hidden: bool) -> Vec<ClientMessage> {
        let mut wishes = self.viewing(hidden).to_vec();
        self.tab
            .with_value(|tab| wishes.extend(tab.followed.as_ref().map(Followed::request)));
        wishes
    }

    /// What is looked at, as long as somebody sees this tab.
    fn viewing(self, hidden: bool) -> [ClientMessage; 2] {
        let counts = self.tab.try_with_value(|tab| (tab.samples, tab.readings));
        let (samples, readings) = counts.unwrap_or_default();
        [
            ClientMessage::Telemetry(!hidden && samples > 0),
            ClientMessage::Readings(!hidden && readings > 0),
        ]
    }

    /// A telegram came.
    fn heard(self, telegram: Vec<u8>) {
        for ear in self.tab.with_value(|tab| tab.ears.clone()) {
            ear.run(telegram.clone());
        }
    }

    fn apply(self, message: ServerMessage) -> Next {
        match message {
            ServerMessage::Snapshot(instances) => {
                self.tab.update_value(|tab| {
                    if let Some(followed) = &mut tab.followed {
                        followed.meet(&instances);
                    }
                    tab.seeded = true;
                });
                self.rows.replace(instances);
                self.connection.set(Connection::Online);
                return Next::Greet;
            }
            ServerMessage::Event(Event::Job(job)) => self.jobs.update(|jobs| keep_job(jobs, job)),
            ServerMessage::Event(event) => {
                if self.rows.apply(event) {
                    return Next::Reconnect;
                }
            }
            ServerMessage::Log {
                instance,
                run,
                offset,
                next_offset,
                text,
            } => {
                let step = self.tab.try_update_value(|tab| {
                    let followed = tab.followed.as_mut()?;
                    Some((
                        followed.take(instance, run, offset, next_offset, text),
                        followed.sink,
                    ))
                });
                match step.flatten() {
                    Some((Step::Show(piece), sink)) => sink.run(piece),
                    Some((Step::AskAgain(request), _)) => return Next::Say(request),
                    Some((Step::Ignore, _)) | None => {}
                }
            }
            ServerMessage::Sample(sample) => self.samples.update(|samples| keep_sample(samples, sample)),
            ServerMessage::Alerts {
                count,
                changed_at,
                news,
            } => {
                self.alerts.set(Some((count, changed_at)));
                if !news.is_empty()
                    && let Some(toasts) = use_context::<Toasts>()
                {
                    toasts.warn(news);
                }
            }
            ServerMessage::Pong => {}
        }
        Next::Listen
    }

    fn lost(self, heard: f64) {
        self.connection.update(|connection| {
            if !matches!(connection, Connection::Offline { .. }) {
                *connection = Connection::Offline { since: heard };
            }
        });
    }
}

fn keep_sample(samples: &mut VecDeque<Sample>, sample: Sample) {
    if sample.at <= samples.back().map_or(0, |last| last.at) {
        return; // the server repeats its latest one to each new connection; 0 = it has none yet
    }
    samples.push_back(sample);
    while samples.len() > SAMPLES_KEPT {
        samples.pop_front();
    }
}

fn keep_job(jobs: &mut Vec<Job>, job: Job) {
    match jobs.iter_mut().find(|known| known.id == job.id) {
        Some(known) => *known = job,
        None => jobs.insert(0, job),
    }
    jobs.truncate(JOBS_KEPT);
}
