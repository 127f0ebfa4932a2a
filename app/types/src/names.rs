//! Names of instances and what is derived from them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
pub const NAME_MAX_CHARS: usize = 64;

/// A checked instance name: 1 to 64 visible characters, no path, no markup surprise.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceName(String);

/// Why a text is no instance name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidName {
    /// Nothing visible is in it.
    Empty,
    /// It has more than [`NAME_MAX_CHARS`] characters.
    TooLong,
    /// It holds a character that is invisible or has a meaning in paths.
    Character(char),
    /// It holds no letter and no digit, so no address can be made from it.
    NoLetter,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "The name is empty; write at least one letter or digit."),
            Self::TooLong => write!(
                f,
                "The name is longer than {NAME_MAX_CHARS} characters; shorten it."
            ),
            Self::Character(c) if c.is_control() => {
                write!(f, "The name holds an invisible character; type it again.")
            }
            Self::Character(c) => write!(f, "The name may not hold {c:?}; leave that character out."),
            Self::NoLetter => write!(f, "The name needs at least one letter or digit."),
        }
    }
}

impl std::error::Error for InvalidName {}

impl InstanceName {
    /// Checks a name; blanks at both ends are dropped.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().count() > NAME_MAX_CHARS {
            return Err(InvalidName::TooLong);
        }
        if let Some(c) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(InvalidName::Character(c));
        }
        if !text.chars().any(char::is_alphanumeric) {
            return Err(InvalidName::NoLetter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name's address: ASCII lower case, digits and single hyphens; never empty.
    ///
    /// Two names can have the same one; the server then appends `-2`, `-3`, ….
    pub fn slug(&self) -> String {
        let mut slug = String::new();
        for c in self.0.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let slug = slug.trim_matches('-');
        if slug.is_empty() {
            "instance".to_owned()
        } else {
            slug.to_owned()
        }
    }
}

/// Letters of every script, digits, blanks, and marks that are harmless in a path and on a screen.
fn is_allowed(c: char) -> bool {
    match c {
        '/'
        | '\\'
        | '<'
        | '>'
        | '"'
        | '\''
        | '`'
        | '$'
        | '&'
        | '|'
        | ';'
        | '*'
        | '?'
        | ':'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => false,
        c => !c.is_control() && (c == ' ' || !c.is_whitespace()),
    }
}

impl TryFrom<String> for InstanceName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<InstanceName> for String {
    fn from(name: InstanceName) -> Self {
        name.0
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_escape_or_mislead_are_refused() {
        for text in [
            "",
            "   ",
            "../x",
            "a/b",
            "<img src=x>",
            "a\nb",
            "a\u{202e}b",
            "---",
            "🙂",
            "a'b",
        ] {
            assert!(InstanceName::new(text).is_err(), "{text:?}");
        }
        assert_eq!(InstanceName::new(&"x".repeat(65)), Err(InvalidName::TooLong));
    }

    #[test]
    fn ordinary_names_of_any_script_are_kept() {
        for text in [
            "ComfyUI main",
            "a_b",
            "a b",
            "été 2",
            "模型",
            "SD 1.5 (test)",
            "party 🙂",
        ] {
            assert_eq!(InstanceName::new(text).unwrap().as_str(), text);
        }
        assert_eq!(InstanceName::new(&"x".repeat(64)).unwrap().as_str().len(), 64);
    }

    #[test]
    fn a_slug_is_safe_in_an_address() {
        for (name, slug) in [
            ("ComfyUI main", "comfyui-main"),
            ("My App!", "my-app"),
            ("a__b", "a-b"),
            ("模型", "instance"),
            ("été 2", "t-2"),
        ] {
            assert_eq!(InstanceName::new(name).unwrap().slug(), slug, "{name}");
        }
    }
}
