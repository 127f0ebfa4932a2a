//! Over which time the charts are.

use crate::language::t;
use crate::telemetry::past::Stretch;

/// A stretch of time that the history keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// As it is kept second by second.
    #[default]
    Hour,
    /// A day.
    Day,
    /// As far as anything is kept.
    Month,
}

impl Range {
    /// From the shortest to the longest.
    pub const EVERY: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// The one that `?range=` names.
    pub fn of(key: Option<&str>) -> Self {
        let named = Self::EVERY.into_iter().find(|range| key == Some(range.key()));
        named.unwrap_or_default()
    }

    /// Its word in an address.
    pub fn key(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Month => "30d",
        }
    }

    /// The end of its address.
    pub fn query(self) -> String {
        match self {
            Self::Hour => String::new(),
            other => format!("?range={}", other.key()),
        }
    }

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => t("1 h"),
            Self::Day => t("24 h"),
            Self::Month => t("30 days"),
        }
    }

    /// The words below a chart.
    pub fn times(self) -> Vec<String> {
        let words = match self {
            Self::Hour => [t("1 h ago"), t("45 min"), t("30 min"), t("15 min")],
            Self::Day => [t("24 h ago"), t("18 h"), t("12 h"), t("6 h")],
            Self::Month => [t("30 days ago"), t("22 days"), t("15 days"), t("7 days")],
        };
        words
            .into_iter()
            .chain([t("now")])
            .map(ToOwned::to_owned)
            .collect()
    }

    /// In so many steps as a chart has points: 240.
    pub fn fine(self) -> Stretch {
        match self {
            Self::Hour => Stretch::HOUR,
            Self::Day => Stretch {
                length: 24 * 3600,
                step: 360,
            },
            Self::Month => Stretch {
                length: 30 * 24 * 3600,
                step: 3 * 3600,
            },
        }
    }

    /// In a quarter of the steps, for charts that are no larger than a word.
    pub fn coarse(self) -> Stretch {
        let Stretch { length, step } = self.fine();
        Stretch {
            length,
            step: step * 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_range_and_nonsense_the_usual_one() {
        for range in Range::EVERY {
            assert_eq!(Range::of(Some(range.key())), range);
            assert_eq!(range.fine().length / range.fine().step, 240);
        }
        assert_eq!(Range::of(Some("5y")), Range::Hour);
        assert_eq!(Range::of(None).query(), "");
        assert_eq!(Range::Day.query(), "?range=24h");
    }
}
