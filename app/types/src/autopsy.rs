//! What became of a look at an instance's page through each way of access.

use serde::{Deserialize, Serialize};

use crate::blueprints::Subpath;
use crate::instances::InstanceId;

/// A way to reach an instance. The first three are what `access_pattern` offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AccessWay {
    /// Below the panel: `/instance/<slug>/`.
    Path,
    /// Under a host name of its own.
    Subdomain,
    /// On its public port.
    Port,
    /// On the port inside the machine, without the panel: how the app behaves by itself.
    Direct,
}

/// Whether a way leads to an app that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The page and all it needs arrive.
    Works,
    /// Something the page needs does not arrive.
    Broken,
    /// The way does not exist at present.
    Unavailable,
}

/// The report on one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Autopsy {
    /// Which instance.
    pub instance: InstanceId,
    /// The run that was looked at.
    pub run: u32,
    /// File name of its blueprint.
    pub blueprint: String,
    /// What the blueprint says about sub-paths.
    pub subpath: Subpath,
    /// Unix milliseconds.
    pub made_at: i64,
    /// How long it took.
    pub took_ms: u32,
    /// The way to offer; none when none works.
    pub best: Option<AccessWay>,
    /// One or two sentences on what to do.
    pub recommendation: String,
    /// Each way once: the best first, `direct` last.
    pub ways: Vec<WayReport>,
}

/// What was found on one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WayReport {
    /// Which way.
    pub way: AccessWay,
    /// Whether it works.
    pub verdict: Verdict,
    /// The address that was opened; empty when there is none.
    pub url: String,
    /// Status of the page, after redirects.
    pub status: Option<u16>,
    /// Where redirects led, in order.
    pub redirects: Vec<String>,
    /// Why it is broken or unavailable, in sentences; empty when it works.
    pub reasons: Vec<String>,
    /// What else is worth knowing, in sentences.
    pub notes: Vec<String>,
    /// What the page asks for.
    pub assets: AssetCount,
    /// Assets that do not arrive; the first twenty.
    pub failing: Vec<FailingAsset>,
    /// Addresses on other hosts, which were not asked; the first twenty.
    pub foreign: Vec<String>,
    /// Cookies the app sets; the first twenty.
    pub cookies: Vec<Cookie>,
    /// WebSockets and event streams the app has.
    pub live: Vec<LiveChannel>,
    /// Whether the panel can show the page embedded; none for `direct`, and when there is no page.
    pub framing: Option<Framing>,
}

/// What became of a page's assets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetCount {
    /// Named by the page, on the instance's own host.
    pub total: u32,
    /// They arrive.
    pub arrive: u32,
    /// They do not.
    pub fail: u32,
    /// Not looked at: too many, or no time was left.
    pub skipped: u32,
}

/// An asset that does not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingAsset {
    /// Its address.
    pub url: String,
    /// The answer's status; none when it was not asked for or did not answer.
    pub status: Option<u16>,
    /// What is wrong, in a few words.
    pub problem: String,
    /// Whether the page cannot do without: a script or a style sheet.
    pub needed: bool,
}

/// A cookie the app sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cookie {
    /// Name.
    pub name: String,
    /// `Path`, where it has one.
    pub path: Option<String>,
    /// `Domain`, where it has one.
    pub domain: Option<String>,
    /// `SameSite`, where it has one.
    pub same_site: Option<String>,
    /// Only over TLS.
    pub secure: bool,
    /// Why browsers refuse it or never send it back; empty when they take it.
    pub problem: String,
}

/// A kind of connection that stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum LiveKind {
    /// `WebSocket`.
    Websocket,
    /// Server-sent events.
    Events,
}

/// A connection that stays open, which the app offers when it is asked directly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveChannel {
    /// What kind.
    pub kind: LiveKind,
    /// Its address below the app.
    pub path: String,
    /// Whether it opens this way.
    pub opens: bool,
    /// The answer's status, where there was one.
    pub status: Option<u16>,
}

/// Whether the panel can show the page embedded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Framing {
    /// Whether the app allows it.
    pub allowed: bool,
    /// Why not, in a sentence; empty when it does.
    pub reason: String,
}

/// What was last found with any instance of a blueprint: a hint for its other instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessHint {
    /// File name of the blueprint.
    pub blueprint: String,
    /// Unix milliseconds.
    pub made_at: i64,
    /// The way that worked best; none when none did.
    pub best: Option<AccessWay>,
    /// Each way and what became of it.
    pub ways: Vec<WayHint>,
}

/// What was found on one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WayHint {
    /// Which way.
    pub way: AccessWay,
    /// Whether it worked.
    pub verdict: Verdict,
    /// The first reason why not; may be empty.
    pub reason: String,
}

/// What is known before anybody asks again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KnownAccess {
    /// The last report on the instance itself.
    pub report: Option<Autopsy>,
    /// What instances of the same blueprint showed.
    pub hint: Option<AccessHint>,
}

impl Autopsy {
    /// What of it holds for other instances of the blueprint, too.
    pub fn hint(&self) -> AccessHint {
        let way_hint = |way: &WayReport| WayHint {
            way: way.way,
            verdict: way.verdict,
            reason: way.reasons.first().cloned().unwrap_or_default(),
        };
        AccessHint {
            blueprint: self.blueprint.clone(),
            made_at: self.made_at,
            best: self.best,
            ways: self.ways.iter().map(way_hint).collect(),
        }
    }
}
