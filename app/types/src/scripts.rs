//! The files of an instance that people edit: the launch script, its requirements, its launch arguments.

mod diff;

use serde::{Deserialize, Serialize};

pub use diff::{Diff, DiffKind, DiffLine, Hunk};

/// Which file. People never name a path: these three are all there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScriptFile {
    /// `launch.sh`.
    #[default]
    #[serde(alias = "launch.sh")]
    Script,
    /// `requirements.txt`.
    #[serde(alias = "requirements.txt")]
    Requirements,
    /// The launch arguments. The instance's field is their only truth; `launch_args.txt` is written from it at
    /// each start.
    #[serde(alias = "launch_args.txt")]
    LaunchArgs,
}

impl ScriptFile {
    /// All of them, in the order people see.
    pub const EVERY: [Self; 3] = [Self::Script, Self::Requirements, Self::LaunchArgs];

    /// Its name in the instance's directory.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Script => "launch.sh",
            Self::Requirements => "requirements.txt",
            Self::LaunchArgs => "launch_args.txt",
        }
    }

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Requirements => "requirements",
            Self::LaunchArgs => "launch_args",
        }
    }

    /// Reads either of its names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::EVERY
            .into_iter()
            .find(|file| file.as_str() == word || file.file_name() == word)
    }
}

/// A file as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Script {
    /// Which.
    pub file: ScriptFile,
    /// Its text, byte for byte.
    pub content: String,
    /// Changes whenever the text does; a save says which one it began with.
    pub version: String,
    /// Whether there is such a file. Without one, `content` is what it would begin with.
    pub exists: bool,
    /// The blueprint it can be compared with and reset to.
    pub blueprint: Option<String>,
    /// Why it cannot be edited now, as a sentence.
    pub read_only: Option<String>,
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saving {
    /// It is as asked for.
    Saved(Script),
    /// Somebody else changed it since it was read; this is what is there. Nothing was saved.
    Stale(Script),
}

/// Why a version was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VersionOrigin {
    /// It was there before the panel wrote: from the blueprint, or edited outside of the panel.
    Found,
    /// A person saved it.
    Saved,
    /// A person went back to it.
    Restored,
    /// It came from the blueprint again.
    Reset,
    /// Put aside, never saved: a person took somebody else's text instead.
    Aside,
}

impl VersionOrigin {
    /// All of them.
    pub const EVERY: [Self; 5] = [Self::Found, Self::Saved, Self::Restored, Self::Reset, Self::Aside];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Saved => "saved",
            Self::Restored => "restored",
            Self::Reset => "reset",
            Self::Aside => "aside",
        }
    }
}

/// A text that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptVersion {
    /// Counts up from 1 for each file; never used again.
    pub number: u32,
    /// When it was kept, Unix milliseconds.
    pub at: i64,
    /// Its size.
    pub bytes: u64,
    /// Why it was kept.
    pub origin: VersionOrigin,
    /// Whether it is what the file holds now.
    pub present: bool,
}

/// What a text is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The file as it is now.
    Present,
    /// A version that was kept.
    Version(u32),
    /// The blueprint.
    Blueprint,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot run.
    Error,
    /// It probably does something else than meant.
    Warning,
    /// Worth knowing.
    Info,
    /// A matter of taste.
    Style,
}

/// Something a checker says about a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1; 0 = the whole line.
    pub column: u32,
    /// Where it ends: the line.
    pub end_line: u32,
    /// Where it ends: the column after the last character.
    pub end_column: u32,
    /// How bad.
    pub severity: Severity,
    /// Who says so: `bash`, `shellcheck`, `aikore`.
    pub source: String,
    /// Its number there, such as `SC2086`; may be empty.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// What the checkers say about a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptCheck {
    /// By line.
    pub findings: Vec<Finding>,
    /// Checkers that did not look, and why, in sentences.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_words_and_by_nothing_else() {
        for file in ScriptFile::EVERY {
            assert_eq!(ScriptFile::from_word(file.as_str()), Some(file));
            assert_eq!(ScriptFile::from_word(file.file_name()), Some(file));
            let json = format!("\"{}\"", file.as_str());
            assert_eq!(serde_json::to_string(&file).unwrap(), json);
            let alias = format!("\"{}\"", file.file_name());
            assert_eq!(serde_json::from_str::<ScriptFile>(&alias).unwrap(), file);
        }
        for word in [
            "",
            "../launch.sh",
            "launch.sh/",
            "LAUNCH.SH",
            "aikore_vars.env",
            "/etc/passwd",
            "launch.sh\0",
        ] {
            assert_eq!(ScriptFile::from_word(word), None, "{word:?}");
        }
    }
}
