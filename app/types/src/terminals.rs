//! Shells that people use in the browser.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;

/// Names a terminal; nobody guesses one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct TerminalId(pub String);

impl fmt::Display for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a shell works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TerminalPlace {
    /// In an instance's directory, with its environment.
    Instance(InstanceId),
    /// On the machine itself, in the home directory of whoever runs the panel.
    Host,
}

impl TerminalPlace {
    /// The instance, where it is one.
    pub fn instance(self) -> Option<InstanceId> {
        match self {
            Self::Instance(id) => Some(id),
            Self::Host => None,
        }
    }
}

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TerminalSize {
    /// Characters in a row.
    pub cols: u16,
    /// Rows on the screen.
    pub rows: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self { cols: 80, rows: 24 }
    }
}

impl TerminalSize {
    /// Columns that programs can live with.
    const COLS: (u16, u16) = (2, 1000);
    /// Rows that programs can live with.
    const ROWS: (u16, u16) = (1, 500);

    /// The nearest size that programs can live with: some divide by it, some reserve memory for it.
    #[must_use]
    pub fn within_reason(self) -> Self {
        Self {
            cols: self.cols.clamp(Self::COLS.0, Self::COLS.1),
            rows: self.rows.clamp(Self::ROWS.0, Self::ROWS.1),
        }
    }
}

/// One terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terminal {
    /// Its name in addresses.
    pub id: TerminalId,
    /// Whose; none for one of the machine itself.
    pub instance: Option<InstanceId>,
    /// Counts from 1 within its instance.
    pub number: u32,
    /// Start, Unix milliseconds.
    pub opened_at: i64,
    /// How many look at it now.
    pub viewers: u32,
    /// Bytes it has printed.
    pub printed: u64,
    /// Present size.
    pub size: TerminalSize,
    /// How it ended; none while it lives.
    pub ended: Option<TerminalEnd>,
}

/// How a terminal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TerminalEnd {
    /// The shell ended by itself with this code.
    Exited(u32),
    /// Somebody closed it.
    Closed,
    /// Nobody looked and nothing happened for too long.
    Idle,
    /// Its instance was deleted.
    Deleted,
    /// The panel ended.
    PanelEnded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_is_beyond_what_programs_can_live_with() {
        let size = |cols, rows| TerminalSize { cols, rows }.within_reason();
        assert_eq!(size(0, 0), TerminalSize { cols: 2, rows: 1 });
        assert_eq!(
            size(u16::MAX, u16::MAX),
            TerminalSize {
                cols: 1000,
                rows: 500
            }
        );
        assert_eq!(size(120, 40), TerminalSize { cols: 120, rows: 40 });
    }
}
