//! What people type to have a Python package installed. It becomes one argument of an installer, so it must be a
//! requirement and nothing else: no option, no path of this machine, no second line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest requirement, bytes.
const LONGEST: usize = 500;
/// The most requirements at once.
const MOST: usize = 50;

/// A checked requirement: `name[extra]>=1.0`, `name @ https://…`, `git+https://…` or the address of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Requirement(String);

/// Why a text is no requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRequirement {
    /// Nothing was typed.
    Empty,
    /// It is longer than any sensible one.
    TooLong,
    /// There are more than any sensible list has.
    TooMany,
    /// It would be read as an option, or as a path.
    NotAName(String),
    /// What follows the name is no version, marker or address.
    Rest(String),
    /// The address is none of the allowed kinds.
    Address(String),
}

impl fmt::Display for InvalidRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "No package is named; type one, such as numpy>=2."),
            Self::TooLong => write!(f, "A requirement has at most {LONGEST} characters; shorten it."),
            Self::TooMany => write!(
                f,
                "At most {MOST} requirements at once; install the rest afterwards."
            ),
            Self::NotAName(text) => write!(
                f,
                "“{text}” does not begin with the name of a package; options and paths are not taken."
            ),
            Self::Rest(text) => write!(
                f,
                "“{text}” is no version after a package's name; write it as in numpy>=2,<3."
            ),
            Self::Address(text) => write!(
                f,
                "“{text}” is no address a package may come from; use https://, git+https:// or git+ssh://."
            ),
        }
    }
}

impl std::error::Error for InvalidRequirement {}

impl Requirement {
    /// Checks one requirement; blanks at both ends are dropped.
    pub fn new(text: &str) -> Result<Self, InvalidRequirement> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidRequirement::Empty);
        }
        if text.len() > LONGEST {
            return Err(InvalidRequirement::TooLong);
        }
        if text.contains("://") && !text.contains(" @ ") {
            check_address(text)?;
            return Ok(Self(text.to_owned()));
        }
        let name_ends = text.find(|c: char| !is_of_name(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(name_ends);
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !name.ends_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Err(InvalidRequirement::NotAName(text.to_owned()));
        }
        check_rest(rest)?;
        Ok(Self(text.to_owned()))
    }

    /// One requirement per line; empty lines and comments are left out.
    pub fn list(text: &str) -> Result<Vec<Self>, InvalidRequirement> {
        let lines = text.lines().map(str::trim);
        let wanted: Vec<&str> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        match wanted.len() {
            0 => Err(InvalidRequirement::Empty),
            count if count > MOST => Err(InvalidRequirement::TooMany),
            _ => wanted.into_iter().map(Self::new).collect(),
        }
    }

    /// As an installer takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the package, as far as it is said; lower case, words joined by `-`.
    pub fn name(&self) -> Option<String> {
        let name: &str = self.0.split(|c: char| !is_of_name(c)).next()?;
        let has_name = !name.is_empty() && !self.0[name.len()..].starts_with([':', '+', '/']);
        has_name.then(|| normal_name(name))
    }
}

/// A package's name as packaging tools compare it.
pub fn normal_name(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn check_rest(rest: &str) -> Result<(), InvalidRequirement> {
    let wrong = || InvalidRequirement::Rest(rest.trim().to_owned());
    let mut rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        let (extras, after) = extras.split_once(']').ok_or_else(wrong)?;
        if !extras.chars().all(|c| is_of_name(c) || matches!(c, ',' | ' ')) {
            return Err(wrong());
        }
        rest = after.trim_start();
    }
    if let Some(address) = rest.strip_prefix('@') {
        return check_address(address.trim());
    }
    let (versions, marker) = rest.split_once(';').unwrap_or((rest, ""));
    let is_of_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '*' | '+' | '-' | '_' | '!');
    for version in versions
        .split(',')
        .map(str::trim)
        .filter(|_| !versions.trim().is_empty())
    {
        let number = version.trim_start_matches(['<', '>', '=', '!', '~']);
        let has_operator = number.len() < version.len();
        let number = number.trim();
        if !has_operator || number.is_empty() || !number.chars().all(is_of_version) {
            return Err(wrong());
        }
    }
    let is_of_marker = |c: char| c.is_ascii_graphic() || c == ' ';
    if marker.chars().all(is_of_marker) {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// Whether a package may be fetched from there: encrypted, and nothing that git or a shell would read as an option.
pub fn check_address(address: &str) -> Result<(), InvalidRequirement> {
    let wrong = || InvalidRequirement::Address(address.to_owned());
    let rest = ["https://", "git+https://", "git+ssh://", "ssh://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .ok_or_else(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let is_safe = address
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '`' | '\\' | '<' | '>'));
    let is_host = !host.is_empty() && !host.starts_with('-');
    let has_user_option = rest.starts_with('-') || rest.contains("@-");
    if is_safe && is_host && !has_user_option {
        Ok(())
    } else {
        Err(wrong())
    }
}

impl TryFrom<String> for Requirement {
    type Error = InvalidRequirement;

    fn try_from(text: String) -> Result<Self, InvalidRequirement> {
        Self::new(&text)
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_taken() {
        for text in [
            "numpy",
            "numpy>=2,<3",
            "torch==2.8.0+cu128",
            "uvicorn[standard] ~= 0.30",
            "tomli>=1; python_version < '3.11'",
            "flash-attn @ https://example.org/flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl",
            "git+https://example.org/some/repo.git@v1#egg=x",
            "git+ssh://git@example.org/some/repo.git",
            "https://example.org/x-1.0-py3-none-any.whl",
            "zope.interface",
        ] {
            assert_eq!(Requirement::new(text).unwrap().as_str(), text);
        }
        assert_eq!(Requirement::new("  numpy ").unwrap().as_str(), "numpy");
    }

    #[test]
    fn options_paths_and_other_lines_are_refused() {
        for text in [
            "",
            "-r /etc/passwd",
            "--index-url=https://evil.example",
            "./local",
            "/etc",
            "../x",
            "numpy --upgrade",
            "numpy\n--index-url x",
            "numpy; $(touch x)\u{0}",
            "numpy==",
            "numpy 2",
            "numpy @ file:///etc/passwd",
            "file:///etc/x.whl",
            "http://example.org/x.whl",
            "git+https://-oProxyCommand=x/y",
            "git+ssh://-oProxyCommand=touch@host/y",
            "git+https://example.org/a b",
            "git+https:///x",
            "ext::sh -c touch",
            "name @ git+file:///x",
        ] {
            assert!(Requirement::new(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Requirement::new(&"x".repeat(501)),
            Err(InvalidRequirement::TooLong)
        );
        assert_eq!(Requirement::list("# nothing\n\n"), Err(InvalidRequirement::Empty));
        assert_eq!(Requirement::list("a\n\n# why\nb>1").unwrap().len(), 2);
        assert_eq!(
            Requirement::list(&"a\n".repeat(51)),
            Err(InvalidRequirement::TooMany)
        );
    }

    #[test]
    fn names_are_compared_as_tools_do() {
        let name = |text: &str| Requirement::new(text).unwrap().name();
        assert_eq!(name("Flash_Attn>=2").as_deref(), Some("flash-attn"));
        assert_eq!(name("zope.interface").as_deref(), Some("zope-interface"));
        assert_eq!(name("git+https://example.org/x.git"), None);
        assert_eq!(name("https://example.org/x.whl"), None);
    }
}
