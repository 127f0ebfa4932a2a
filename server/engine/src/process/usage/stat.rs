//! The few numbers of `/proc/<pid>/stat` that change, read without making anything anew.

/// What a process used so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) name: String,
    pub(crate) parent: u32,
    pub(crate) state: u8,
    /// Clock ticks.
    pub(crate) cpu_ticks: u64,
    pub(crate) threads: u32,
    pub(crate) resident_pages: u64,
}

impl Counters {
    /// Reads one for the first time.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let mut counters = Self {
            name: String::from_utf8_lossy(line.get(open + 1..close)?).into_owned(),
            parent: 0,
            state: b'?',
            cpu_ticks: 0,
            threads: 0,
            resident_pages: 0,
        };
        counters.update(line).then_some(counters)
    }

    /// Reads it again; false when that is not the line of a process.
    pub(super) fn update(&mut self, line: &[u8]) -> bool {
        // The name may hold anything, parentheses too: what follows the last one are numbers.
        let Some(close) = line.iter().rposition(|byte| *byte == b')') else {
            return false;
        };
        let mut fields = line[close + 1..]
            .split(u8::is_ascii_whitespace)
            .filter(|field| !field.is_empty());
        let Some([state, ..]) = fields.next() else {
            return false;
        };
        let mut number = |skipped: usize| fields.nth(skipped).map(digits);
        let read = (|| Some((number(0)?, number(9)?, number(0)?, number(4)?, number(3)?)))();
        let Some((parent, user, system, threads, resident)) = read else {
            return false;
        };
        self.state = *state;
        self.parent = u32::try_from(parent).unwrap_or_default();
        self.cpu_ticks = user + system;
        self.threads = u32::try_from(threads).unwrap_or_default();
        self.resident_pages = resident;
        true
    }

    /// Zombies and the dead hold nothing any more.
    pub(crate) fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X')
    }
}

fn digits(field: &[u8]) -> u64 {
    field
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0, |sum, byte| {
            sum.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_the_one_that_proc_documents() {
        // Fields 1 to 24 of proc_pid_stat(5): 14 utime, 15 stime, 20 num_threads, 24 rss.
        let line = b"42 (a (b) c) S 7 42 41 0 -1 4194560 1 0 0 0 300 44 0 0 20 0 5 0 9000 123456 25 18446744073709551615";
        let counters = Counters::parse(line).unwrap();
        assert_eq!(counters.name, "a (b) c");
        assert_eq!((counters.parent, counters.state), (7, b'S'));
        assert_eq!(
            (counters.cpu_ticks, counters.threads, counters.resident_pages),
            (344, 5, 25)
        );
        assert_eq!(Counters::parse(b""), None);
        assert_eq!(Counters::parse(b"42 (x) S 7 42"), None);
    }

    #[test]
    fn a_process_of_this_machine_is_read() {
        let line = std::fs::read("/proc/self/stat").unwrap();
        let counters = Counters::parse(&line).unwrap();
        assert!(
            counters.threads >= 1 && counters.resident_pages > 100,
            "{counters:?}"
        );
        assert!(counters.is_alive());
    }
}
