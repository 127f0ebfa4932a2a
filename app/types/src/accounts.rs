//! Who may use the panel.

use serde::{Deserialize, Serialize};

/// The shortest password that is accepted, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;

/// An API token as it is listed: never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiToken {
    /// Identifies the token when it is revoked.
    pub id: i64,
    /// What the person called it.
    pub name: String,
    /// Creation time, Unix milliseconds.
    pub created_at: i64,
    /// Last use, Unix milliseconds.
    pub last_used_at: Option<i64>,
}

/// A new API token; the only moment its secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiToken {
    /// The token as it will be listed.
    pub token: ApiToken,
    /// To be sent as `Authorization: Bearer <secret>`.
    pub secret: String,
}
