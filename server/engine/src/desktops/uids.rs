//! Which numbers of users desktops may have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Below are the system's own users, 0 is root.
const FIRST: u32 = 1000;
/// "Nobody", and what 16 bits make of "no user".
const NOBODY: [u32; 2] = [65_534, 65_535];
/// Some programs take larger numbers for negative ones.
const LAST: u32 = i32::MAX.cast_unsigned();
/// Each instance that ever had a desktop keeps its number, so fewer are used up at once.
const FEWEST: u32 = 10;

/// The range that users of desktops are taken from, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uids {
    first: u32,
    last: u32,
}

impl Uids {
    /// Every number of the range, lowest first.
    pub(super) fn all(self) -> impl Iterator<Item = u32> {
        self.first..=self.last
    }

    /// Whether a number is one of them.
    pub(super) fn contains(self, uid: u32) -> bool {
        (self.first..=self.last).contains(&uid)
    }
}

/// Why a text is no such range; a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUids(String);

impl fmt::Display for Uids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for Uids {
    type Err = InvalidUids;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let ends = text.split_once('-');
        let ends = ends.and_then(|(first, last)| number(first).zip(number(last)));
        let Some((first, last)) = ends else {
            let how = format!("`{text}` is no range of user numbers; write it as 70000-70999");
            return Err(InvalidUids(how));
        };
        let uids = Self { first, last };
        let problem = if first > last {
            "is empty: the lower number comes first".to_owned()
        } else if first < FIRST {
            format!("holds numbers below {FIRST}, which are root's (0) and the system's")
        } else if last > LAST || NOBODY.into_iter().any(|nobody| uids.contains(nobody)) {
            format!("holds 65534, 65535 or numbers above {LAST}, which are nobody's")
        } else if last - first < FEWEST - 1 {
            format!("is too small: each instance with a desktop needs a number, so give at least {FEWEST}")
        } else {
            return Ok(uids);
        };
        Err(InvalidUids(format!("the range {uids} {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_written_the_same() {
        let uids: Uids = "61184-65519".parse().unwrap();
        assert_eq!(uids.to_string(), "61184-65519");
        assert!(uids.contains(61_184) && uids.contains(65_519) && !uids.contains(65_520));
        assert_eq!(uids.all().next(), Some(61_184));
    }

    #[test]
    fn what_is_no_range_or_holds_others_is_refused_with_the_reason() {
        for (text, told) in [
            ("", "is no range"),
            ("70000", "is no range"),
            ("a-b", "is no range"),
            ("70000-4294967296", "is no range"),
            ("70999-70000", "is empty"),
            ("0-70000", "root's"),
            ("999-70000", "below 1000"),
            ("65000-66000", "nobody's"),
            ("70000-4294967295", "nobody's"),
            ("70000-70008", "too small"),
        ] {
            let error = text.parse::<Uids>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!("70000-70009".parse::<Uids>().is_ok());
    }
}
