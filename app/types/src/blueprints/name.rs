//! The file name of a blueprint.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name, characters, without `.sh`.
const LONGEST: usize = 80;
/// Scripts that are no blueprints.
const TAKEN: [&str; 1] = ["functions"];

/// The name of a blueprint's file: a plain one that ends in `.sh` and cannot lead anywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct BlueprintName(String);

/// Why a text is no name of a blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidBlueprintName {
    /// Nothing before `.sh`.
    Empty,
    /// More than 80 characters.
    TooLong,
    /// A sign that a file name should not have.
    Sign(char),
    /// It does not begin with a letter or a digit.
    Begins,
    /// The panel needs this name.
    Taken,
}

impl BlueprintName {
    /// Checks a name, with or without `.sh`.
    pub fn new(text: &str) -> Result<Self, InvalidBlueprintName> {
        let stem = text.trim();
        let stem = stem.strip_suffix(".sh").unwrap_or(stem);
        let allowed = |c: char| c.is_ascii_alphanumeric() || " ._+-".contains(c);
        if stem.is_empty() {
            return Err(InvalidBlueprintName::Empty);
        }
        if let Some(sign) = stem.chars().find(|c| !allowed(*c)) {
            return Err(InvalidBlueprintName::Sign(sign));
        }
        if stem.len() > LONGEST {
            return Err(InvalidBlueprintName::TooLong);
        }
        if !stem.starts_with(|c: char| c.is_ascii_alphanumeric()) || stem.ends_with(' ') {
            return Err(InvalidBlueprintName::Begins);
        }
        if TAKEN.contains(&stem) {
            return Err(InvalidBlueprintName::Taken);
        }
        Ok(Self(format!("{stem}.sh")))
    }

    /// With `.sh`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without `.sh`.
    pub fn stem(&self) -> &str {
        self.0.strip_suffix(".sh").unwrap_or(&self.0)
    }
}

impl fmt::Display for InvalidBlueprintName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("Give the blueprint a name."),
            Self::TooLong => write!(formatter, "A blueprint's name has at most {LONGEST} characters."),
            Self::Sign(sign) => write!(
                formatter,
                "A blueprint's name has letters, digits, spaces and . _ + - only, and no {sign:?}."
            ),
            Self::Begins => formatter
                .write_str("A blueprint's name begins with a letter or a digit and ends with no space."),
            Self::Taken => formatter.write_str("The panel needs this name itself; choose another one."),
        }
    }
}

impl std::error::Error for InvalidBlueprintName {}

impl TryFrom<String> for BlueprintName {
    type Error = InvalidBlueprintName;

    fn try_from(text: String) -> Result<Self, InvalidBlueprintName> {
        Self::new(&text)
    }
}

impl From<BlueprintName> for String {
    fn from(name: BlueprintName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_cannot_lead_elsewhere() {
        for good in ["Comfy UI", "a.sh", "Stable-Diffusion_1.5+x", "7"] {
            assert!(BlueprintName::new(good).is_ok(), "{good}");
        }
        assert_eq!(BlueprintName::new(" My App.sh ").unwrap().as_str(), "My App.sh");
        for bad in [
            "",
            ".sh",
            "  ",
            "../x",
            "/etc/passwd",
            "a/b",
            "a\\b",
            ".hidden",
            "-rf",
            "a\0b",
            "a\nb",
            "x\u{202e}y",
            "functions.sh",
            "functions",
            "größe",
        ] {
            assert!(BlueprintName::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            BlueprintName::new(&"x".repeat(81)),
            Err(InvalidBlueprintName::TooLong)
        );
    }
}
