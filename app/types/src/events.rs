//! What the one WebSocket of a tab carries, as JSON text messages.

use serde::{Deserialize, Serialize};

use crate::alerts::Alert;
use crate::instances::{Instance, InstanceId};
use crate::jobs::Job;
use crate::telemetry::{Readings, Sample};

/// Something happened that more than one tab may show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A row was added or changed. It carries the row: it is small, and the bus keeps the order, so a
    /// tab never shows an older state after a newer one.
    Instance(Box<Instance>),
    /// A row is gone.
    InstanceRemoved(InstanceId),
    /// The order of the rows changed.
    InstancesReordered(Vec<InstanceId>),
    /// A job began, went on or ended.
    Job(Job),
    /// Events were lost; fetch the present state again.
    Resync,
}

/// What the browser says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientMessage {
    /// Follow a log from `offset`; replaces what was followed before. `run: None` means the newest run and
    /// the ones that come after it.
    FollowLog {
        /// Whose log.
        instance: InstanceId,
        /// Which run.
        run: Option<u32>,
        /// From which byte.
        offset: u64,
    },
    /// Follow no log any more.
    UnfollowLog,
    /// Wants samples or not.
    Telemetry(bool),
    /// Wants everything that is measured, or not any more; it comes as [`Telegram`]s.
    Readings(bool),
    /// Asks for a [`ServerMessage::Pong`], to find dead connections.
    Ping,
}

/// What the server says in binary messages, as JSON: only the parts of a page that show it need code to read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telegram {
    /// Everything that is measured, once for each reading, to who asked for it.
    Readings(Box<Readings>),
    /// An alert began or ended, to everybody.
    Alert(Box<Alert>),
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMessage {
    /// First message: the present rows in order. Events after it are later than it.
    Snapshot(Vec<Instance>),
    /// One event.
    Event(Event),
    /// A piece of the followed log.
    Log {
        /// Whose log.
        instance: InstanceId,
        /// Which run; a new number means that a new run began and the view starts afresh.
        run: u32,
        /// Offset of the first byte of `text`.
        offset: u64,
        /// Offset after `text`.
        next_offset: u64,
        /// Whole UTF-8 characters.
        text: String,
    },
    /// One reading of the machine.
    Sample(Sample),
    /// How many alerts there are that nobody has silenced, and what has just begun: all that every page shows of them.
    Alerts {
        /// How many.
        count: u32,
        /// When that changed, or an alert began or ended, Unix milliseconds of the server.
        changed_at: i64,
        /// A sentence; empty when nothing has begun.
        news: String,
    },
    /// Answer to [`ClientMessage::Ping`].
    Pong,
}
