//! Which lines deserve a mark at the edge.

/// How bad a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nothing special.
    Plain,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

/// Levels stand near the beginning of a line; so many bytes of it are looked at.
const LOOKED_AT: usize = 160;

impl Level {
    /// The level of a line without escapes.
    pub(crate) fn of(line: &str) -> Self {
        let end = (0..=LOOKED_AT.min(line.len()))
            .rev()
            .find(|at| line.is_char_boundary(*at));
        let head = &line[..end.unwrap_or(0)];
        if head.starts_with("Traceback (most recent call last)") {
            return Self::Error;
        }
        let mut start = None;
        for (at, c) in head.char_indices().chain([(head.len(), ' ')]) {
            let in_word = c.is_ascii_alphanumeric() || c == '_';
            match (in_word, start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    let level = Self::of_word(&head[from..at], head[..from].chars().next_back(), c);
                    if level != Self::Plain {
                        return level;
                    }
                    start = None;
                }
                _ => {}
            }
        }
        Self::Plain
    }

    fn of_word(word: &str, before: Option<char>, after: char) -> Self {
        let is_tag = after == ':' || (before == Some('[') && after == ']');
        match word {
            "ERROR" | "CRITICAL" | "FATAL" => Self::Error,
            "WARNING" | "WARN" => Self::Warning,
            _ if after == ':' && (word.ends_with("Error") || word.ends_with("Exception")) => Self::Error,
            _ if after == ':' && word.ends_with("Warning") => Self::Warning,
            _ if is_tag
                && ["error", "fatal", "critical"]
                    .iter()
                    .any(|tag| word.eq_ignore_ascii_case(tag)) =>
            {
                Self::Error
            }
            _ if is_tag
                && ["warning", "warn"]
                    .iter()
                    .any(|tag| word.eq_ignore_ascii_case(tag)) =>
            {
                Self::Warning
            }
            _ => Self::Plain,
        }
    }

    /// Added to the class of a line.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Warning => " log__line--warn",
            Self::Error => " log__line--err",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loggers_and_python_print_is_known() {
        for line in [
            "2026-11-21 02:15:02,123 - ERROR - no such file",
            "[error] it broke",
            "error: linking failed",
            "ConnectionResetError: [Errno 104] Connection reset by peer",
            "torch.OutOfMemoryError: CUDA out of memory",
            "Traceback (most recent call last):",
        ] {
            assert_eq!(Level::of(line), Level::Error, "{line}");
        }
        for line in [
            "WARNING custom node took 3.1 s",
            "/x.py:3: UserWarning: old",
            "warn: slow",
        ] {
            assert_eq!(Level::of(line), Level::Warning, "{line}");
        }
    }

    #[test]
    fn ordinary_text_is_not_marked() {
        for line in [
            "0 errors found",
            "no warning yet",
            "ErrorBoundary mounted",
            "",
            "é".repeat(200).as_str(),
        ] {
            assert_eq!(Level::of(line), Level::Plain, "{line}");
        }
    }
}
