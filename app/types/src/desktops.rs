//! Desktops of instances: what people choose for them, and how one is doing.

use serde::{Deserialize, Serialize};

/// The smallest and the largest side of a picture, pixels; the screen itself has [`WIDTH_MAX`] times [`HEIGHT_MAX`].
pub const SIDE_MIN: u16 = 320;
/// The widest picture.
pub const WIDTH_MAX: u16 = 4096;
/// The highest picture.
pub const HEIGHT_MAX: u16 = 2160;
/// The most pictures a second.
pub const FRAME_RATE_MAX: u16 = 120;

/// How the picture is packed for its way to the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Encoder {
    /// As a film; a twentieth of the bytes of [`Jpeg`](Self::Jpeg).
    #[default]
    H264,
    /// The same, in stripes: only those that changed are sent.
    H264Striped,
    /// As pictures, which the oldest browsers can show.
    Jpeg,
}

/// Which way what was copied may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Clipboard {
    /// Both ways.
    #[default]
    Both,
    /// From the viewer into the desktop.
    In,
    /// From the desktop to the viewer.
    Out,
    /// Not at all.
    None,
}

/// Which way files may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Files {
    /// Not at all.
    #[default]
    None,
    /// From the viewer into the desktop.
    Upload,
    /// From the desktop to the viewer.
    Download,
    /// Both ways.
    Both,
}

/// What a person chose for the desktop of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DesktopSettings {
    /// How the picture is packed.
    pub encoder: Encoder,
    /// Pictures a second at first; viewers may ask for others.
    pub frame_rate: u16,
    /// `1280x720`; none = as large as the viewer's window.
    pub resolution: Option<String>,
    /// What may be copied.
    pub clipboard: Clipboard,
    /// Which files may be carried; they lie in the instance's output folder.
    pub files: Files,
    /// Whether the desktop can be heard.
    pub audio: bool,
}

impl Default for DesktopSettings {
    fn default() -> Self {
        Self {
            encoder: Encoder::default(),
            frame_rate: 30,
            resolution: None,
            clipboard: Clipboard::default(),
            files: Files::default(),
            audio: false,
        }
    }
}

impl DesktopSettings {
    /// Says what is wrong with them, as a sentence.
    pub fn check(&self) -> Result<(), &'static str> {
        if !(1..=FRAME_RATE_MAX).contains(&self.frame_rate) {
            return Err("The frame rate of a desktop is between 1 and 120 pictures a second.");
        }
        match self.resolution.as_deref().map(resolution) {
            Some(None) => Err("The size of a desktop is written as 1280x720; it is 320x320 to 4096x2160."),
            _ => Ok(()),
        }
    }

    /// The fixed size in pixels, where there is one.
    pub fn size(&self) -> Option<(u16, u16)> {
        resolution(self.resolution.as_deref()?)
    }
}

/// Reads `1280x720`.
fn resolution(text: &str) -> Option<(u16, u16)> {
    let (width, height) = text.split_once('x')?;
    let side = |text: &str, most: u16| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let side = text.parse().ok()?;
        (plain && (SIDE_MIN..=most).contains(&side)).then_some(side)
    };
    Some((side(width, WIDTH_MAX)?, side(height, HEIGHT_MAX)?))
}

/// How far a desktop is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DesktopState {
    /// There is no picture yet, or none at the moment.
    #[default]
    Starting,
    /// There is a picture.
    Ready,
    /// There is none, and there will be none before the next start.
    Failed,
}

/// How the desktop of a running instance is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DesktopStatus {
    /// How far it is.
    pub state: DesktopState,
    /// Why, in words; may be empty.
    pub reason: String,
    /// Number of its X display, once it has one.
    pub display: Option<u32>,
}

/// What a person does to a desktop from a page without scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Input {
    /// A click at a place of the picture, pixels from its top left.
    Click {
        /// From the left.
        x: u16,
        /// From the top.
        y: u16,
        /// 1 = left, 2 = middle, 3 = right.
        button: u8,
        /// So many clicks.
        times: u8,
    },
    /// The wheel at a place of the picture.
    Scroll {
        /// From the left.
        x: u16,
        /// From the top.
        y: u16,
        /// So many notches down; negative = up.
        notches: i8,
    },
    /// Characters, typed one after the other; a line feed is the Enter key, a tab the Tab key.
    Text {
        /// Which.
        text: String,
    },
    /// One key without a character.
    Key {
        /// Which.
        key: Key,
    },
}

/// A key without a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Key {
    /// Ends a line.
    Enter,
    /// To the next field.
    Tab,
    /// Removes what is before.
    Backspace,
    /// Removes what is behind.
    Delete,
    /// Goes away from something.
    Escape,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
}

/// The longest that a link to a desktop may be good, seconds.
pub const SHARE_SECONDS_MAX: i64 = 30 * 24 * 3600;

/// A link that shows a desktop to whoever has it, and lets nobody touch it; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// Identifies the link when it is ended.
    pub id: i64,
    /// Creation time, Unix milliseconds.
    pub created_at: i64,
    /// From then on it shows nothing, Unix milliseconds.
    pub expires_at: i64,
}

/// A new link; the only moment its secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewShare {
    /// The link as it will be listed.
    pub share: Share,
    /// Path and query on the panel's own address, with the secret.
    pub path: String,
}

/// Whether this machine can show desktops.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Availability {
    /// Whether it can.
    pub available: bool,
    /// What is missing, as a sentence; empty when nothing is.
    pub reason: String,
    /// The commands that mend it, in order.
    pub commands: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_two_numbers_within_the_screen() {
        assert_eq!(resolution("1280x720"), Some((1280, 720)));
        for wrong in [
            "",
            "x",
            "1280",
            "1280x",
            "+1280x720",
            "1280x720x2",
            "100x720",
            "5000x720",
            "1280x3000",
        ] {
            assert_eq!(resolution(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let settings: DesktopSettings = serde_json::from_str(r#"{"clipboard":"out"}"#).unwrap();
        assert_eq!((settings.clipboard, settings.frame_rate), (Clipboard::Out, 30));
        assert!(settings.check().is_ok());
        let wrong = DesktopSettings {
            frame_rate: 0,
            ..DesktopSettings::default()
        };
        assert!(wrong.check().is_err());
    }
}
