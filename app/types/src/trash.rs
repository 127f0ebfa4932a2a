//! The trash: deleted instances that can still be brought back.

use serde::{Deserialize, Serialize};

/// What has to be typed to empty the trash.
pub const EMPTY_WORD: &str = "empty";
/// The longest time that can be waited before something is removed by itself, days.
pub const PURGE_DAYS_MAX: u32 = 3650;

/// What something in the trash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TrashKind {
    /// An instance that was deleted.
    Instance,
    /// Nothing that AiKore put there: no record says what it was. Emptying leaves it alone.
    Foreign,
    /// The rest of something whose removal was interrupted.
    Leftover,
}

/// One thing in the trash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrashEntry {
    /// Its name below `trash/`.
    pub entry: String,
    /// What it is.
    pub kind: TrashKind,
    /// What people called it; what has to be typed to remove it for good.
    pub name: String,
    /// The blueprint's name for people; may be empty.
    pub blueprint_name: String,
    /// When it was deleted, Unix milliseconds; none = nobody knows.
    pub deleted_at: Option<i64>,
    /// Bytes on disk; none while they are being counted.
    pub bytes: Option<u64>,
    /// The name it gets when it is restored: its own, or the next that is free.
    pub free_name: String,
    /// Why it cannot be restored now; none when it can.
    pub problem: Option<String>,
}

/// Everything in the trash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trashed {
    /// The newest first.
    pub entries: Vec<TrashEntry>,
    /// Instances are removed for good so many days after they were deleted; none = never.
    pub purge_days: Option<u32>,
    /// The server's clock, Unix milliseconds.
    pub now: i64,
}

/// What removing something for good would remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrashPreview {
    /// Its name below `trash/`; none = everything that emptying removes.
    pub entry: Option<String>,
    /// What has to be typed.
    pub confirm: String,
    /// How many things.
    pub entries: u64,
    /// Bytes on disk; what symbolic links point at is not counted and not touched.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
}

/// What a person gives to restore something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Restoring {
    /// Another name; none = its own.
    pub name: Option<String>,
}

/// When things in the trash are removed by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrashSettings {
    /// So many days after they were deleted, 1 to 3650; none = never.
    pub purge_days: Option<u32>,
}
