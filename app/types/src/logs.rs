//! Runs and their logs.

use serde::{Deserialize, Serialize};

use crate::instances::Exit;

/// One start of an instance until its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Run {
    /// Counts the runs of one instance from 1.
    pub number: u32,
    /// Start, Unix milliseconds.
    pub started_at: i64,
    /// End, Unix milliseconds; none while it runs.
    pub ended_at: Option<i64>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Why it ended, in words: `stopped by a person`, `exit code 3`, ….
    pub reason: String,
    /// Bytes of log written so far, rotated-away bytes included.
    pub log_bytes: u64,
}

/// A piece of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogChunk {
    /// Which run.
    pub run: u32,
    /// Offset of the first byte of `content`; later than asked for when older bytes were rotated away.
    pub offset: u64,
    /// Whole UTF-8 characters; invalid bytes are shown as U+FFFD.
    pub content: String,
    /// Offset to ask for next: the first byte after `content` in the file.
    pub next_offset: u64,
    /// Bytes of the log so far.
    pub size: u64,
}
