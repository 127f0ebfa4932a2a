//! The editor without scripts: plain forms, posted to the page's own address.

use types::scripts::ScriptFile;

use crate::address::Address;

/// What a post came to that did not end well: shown in the answer, with everything that was typed.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// What was typed; none where nothing was.
    pub content: Option<String>,
    /// Why it was refused.
    pub problem: Option<String>,
    /// Somebody else saved since it was begun.
    pub is_stale: bool,
    /// The person wants to know what the checkers say of it.
    pub checks: bool,
}

/// What an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) file: ScriptFile,
    pub(super) compare: Compare,
}

/// What the text is compared with on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Nothing,
    Blueprint,
    Version(u32),
}

impl Wish {
    pub(super) fn of(address: Address) -> Self {
        let compare = match address.text("compare").as_deref() {
            Some("blueprint") => Compare::Blueprint,
            Some(word) => word.parse().map_or(Compare::Nothing, Compare::Version),
            None => Compare::Nothing,
        };
        Self {
            file: super::file_of(address),
            compare,
        }
    }

    /// As a fetcher is asked.
    pub(super) fn as_number(self) -> u32 {
        let file = ScriptFile::EVERY.iter().position(|file| *file == self.file);
        let file = file.and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
        let compare = match self.compare {
            Compare::Nothing => 0,
            Compare::Blueprint => 1,
            Compare::Version(number) => number.saturating_add(1),
        };
        compare.saturating_mul(4).saturating_add(file)
    }

    /// Reads it again.
    #[cfg(any(test, feature = "ssr"))]
    pub(super) fn of_number(number: u32) -> Self {
        Self {
            file: ScriptFile::EVERY
                .get((number % 4) as usize)
                .copied()
                .unwrap_or_default(),
            compare: match number / 4 {
                0 => Compare::Nothing,
                1 => Compare::Blueprint,
                version => Compare::Version(version - 1),
            },
        }
    }
}

#[cfg(feature = "ssr")]
pub(super) mod forms;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read_as_it_was_written() {
        for file in ScriptFile::EVERY {
            for compare in [
                Compare::Nothing,
                Compare::Blueprint,
                Compare::Version(1),
                Compare::Version(77),
            ] {
                let wish = Wish { file, compare };
                assert_eq!(Wish::of_number(wish.as_number()), wish);
            }
        }
    }
}
