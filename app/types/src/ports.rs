//! Ports a person may choose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The range public ports are taken from, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    /// Lowest port.
    pub first: u16,
    /// Highest port.
    pub last: u16,
}

/// Why a text is no port range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPortRange(String);

impl fmt::Display for InvalidPortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no port range; write it as 19001-19020, between 1024 and 65535",
            self.0
        )
    }
}

impl std::error::Error for InvalidPortRange {}

impl PortRange {
    /// Whether `port` may be chosen.
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    /// Every port of the range, lowest first.
    pub fn ports(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
}

impl Default for PortRange {
    fn default() -> Self {
        Self {
            first: 19001,
            last: 19020,
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = InvalidPortRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPortRange(text.to_owned());
        let (first, last) = text.split_once('-').ok_or_else(invalid)?;
        let first = first.trim().parse().map_err(|_| invalid())?;
        let last = last.trim().parse().map_err(|_| invalid())?;
        if first < 1024 || first > last {
            return Err(invalid());
        }
        Ok(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_written_the_same() {
        let range: PortRange = "19001-19020".parse().unwrap();
        assert_eq!(range, PortRange::default());
        assert_eq!(range.to_string(), "19001-19020");
        assert!(range.contains(19020) && !range.contains(19021));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "80-90", "20-10", "19020-19001", "a-b", "1-70000"] {
            assert!(text.parse::<PortRange>().is_err(), "{text}");
        }
    }
}
