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
    seeded: StoredValue<bool>,
    samples: RwSignal<VecDeque<Sample>>,
    jobs: RwSignal<Vec<Job>>,
    sample_viewers: StoredValue<u32>,
    followed: StoredValue<Option<Followed>>,
    /// The owner of the whole tab: signals made under it outlive the page that asked for them. Weak, because
    /// it owns this very value.
    home: StoredValue<Option<WeakOwner>>,
    outbox: StoredValue<Option<socket::Outbox>>,
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
            seeded: StoredValue::new(false),
            samples: RwSignal::new(VecDeque::new()),
            jobs: RwSignal::new(Vec::new()),
            sample_viewers: StoredValue::new(0),
            followed: StoredValue::new(None),
            home: StoredValue::new(Owner::current().map(|owner| owner.downgrade())),
            outbox: StoredValue::new(None),
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
        if self.outbox.with_value(Option::is_none) {
            self.outbox.set_value(socket::open(self));
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
        if !self.seeded.get_value() {
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

    /// Asks for samples until the calling component goes.
    pub fn watch_samples(self) {
        self.start();
        self.sample_viewers.update_value(|viewers| *viewers += 1);
        self.say(self.telemetry_wish(socket::is_hidden()));
        on_cleanup(move || {
            self.sample_viewers
                .try_update_value(|viewers| *viewers = viewers.saturating_sub(1));
            self.say(self.telemetry_wish(socket::is_hidden()));
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
        self.followed.set_value(Some(followed));
    }

    /// Stops following if `sink` is still the one that is fed.
    pub fn unfollow(self, sink: Callback<LogPiece>) {
        let mine = self.followed.try_with_value(|followed| {
            followed
                .as_ref()
                .is_some_and(|followed| followed.sink.matches(&sink))
        });
        if mine == Some(true) {
            self.followed.set_value(None);
            self.say(ClientMessage::UnfollowLog);
        }
    }

    fn at_home<T>(self, work: impl FnOnce() -> T) -> T {
        match self
            .home
            .with_value(|home| home.as_ref().and_then(WeakOwner::upgrade))
        {
            Some(owner) => owner.with(work),
            None => work(),
        }
    }

    fn say(self, message: ClientMessage) {
        self.outbox.try_with_value(|outbox| {
            if let Some(outbox) = outbox {
                outbox.say(message);
            }
        });
    }

    /// Everything this tab wants, said after each connection.
    fn wishes(self, hidden: bool) -> Vec<ClientMessage> {
        let mut wishes = vec![self.telemetry_wish(hidden)];
        self.followed
            .with_value(|followed| wishes.extend(followed.as_ref().map(Followed::request)));
        wishes
    }

    fn telemetry_wish(self, hidden: bool) -> ClientMessage {
        ClientMessage::Telemetry(!hidden && self.sample_viewers.try_get_value().unwrap_or(0) > 0)
    }

    fn apply(self, message: ServerMessage) -> Next {
        match message {
            ServerMessage::Snapshot(instances) => {
                self.followed.update_value(|followed| {
                    if let Some(followed) = followed {
                        followed.meet(&instances);
                    }
                });
                self.rows.replace(instances);
                self.seeded.set_value(true);
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
                let step = self.followed.try_update_value(|followed| {
                    let followed = followed.as_mut()?;
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
