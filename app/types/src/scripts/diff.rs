//! How two texts differ, line by line.

use serde::{Deserialize, Serialize};

/// How two texts differ: what was there on the left, what is there on the right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diff {
    /// Places that differ, with a few equal lines around them; none = the texts are the same.
    pub hunks: Vec<Hunk>,
    /// Lines of the right that the left has not.
    pub added: u32,
    /// Lines of the left that the right has not.
    pub removed: u32,
    /// Whether the texts differ in their line ends or their last line's end only, which no line shows.
    pub ends_only: bool,
}

/// One place that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hunk {
    /// Its lines, from top to bottom.
    pub lines: Vec<DiffLine>,
}

/// One line of one of the two texts, or of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffLine {
    /// Whose it is.
    pub kind: DiffKind,
    /// Its number on the left, from 1.
    pub left: Option<u32>,
    /// Its number on the right, from 1.
    pub right: Option<u32>,
    /// The line without its end.
    pub text: String,
}

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DiffKind {
    /// On both sides.
    Same,
    /// On the right only.
    Added,
    /// On the left only.
    Removed,
}
