//! What `/proc` says about processes.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::RUN_MARK;

/// One line of the process table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) session: u32,
    pub(crate) state: char,
    pub(crate) start_time: u64,
    /// Processor time used, clock ticks.
    pub(crate) cpu_ticks: u64,
    /// Resident pages.
    pub(crate) resident_pages: u64,
    pub(crate) name: String,
}

impl Stat {
    /// Zombies and the dead hold nothing any more.
    pub(crate) fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }

    /// `name (pid)`, for people.
    pub(crate) fn label(&self) -> String {
        format!("{} ({})", self.name, self.pid)
    }
}

/// One process.
pub(crate) fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in parentheses and may itself hold spaces and parentheses, hence the search from behind.
fn parse(line: &str) -> Option<Stat> {
    let (head, tail) = line.rsplit_once(')')?;
    let (pid, name) = head.split_once('(')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        pid: pid.trim().parse().ok()?,
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: u32::try_from(number(1)?).ok()?,
        session: u32::try_from(number(3)?).ok()?,
        cpu_ticks: number(11)? + number(12)?,
        start_time: number(19)?,
        resident_pages: number(21)?,
    })
}

/// Every process, zombies included.
pub(crate) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect()
}

/// Living descendants of the given processes, the given ones not included.
pub(crate) fn descendants(roots: &[u32]) -> Vec<Stat> {
    below(all(), roots)
}

fn below(table: Vec<Stat>, roots: &[u32]) -> Vec<Stat> {
    let mut children: HashMap<u32, Vec<&Stat>> = HashMap::new();
    for process in &table {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut seen: HashSet<u32> = roots.iter().copied().collect();
    let mut queue: Vec<u32> = roots.to_vec();
    while let Some(parent) = queue.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                queue.push(child.pid);
                if child.is_alive() {
                    found.push((*child).clone());
                }
            }
        }
    }
    found
}

/// Every living process that belongs to a run without having its shim as an ancestor any more: it carries the
/// run's mark, or it lives in the session of the run's shim, or it descends from one that does.
pub(crate) fn strays(uuid: &str, shim: Option<(u32, u64)>) -> Vec<Stat> {
    let table = all();
    let own = std::process::id();
    let mark = format!("{RUN_MARK}={uuid}");
    let roots: Vec<u32> = table
        .iter()
        .filter(|process| process.pid != own && process.pid > 1)
        .filter(|process| {
            // A session keeps its number as long as a member lives, so a younger member is one of ours.
            shim.is_some_and(|(pid, start)| process.session == pid && process.start_time >= start)
                || has_mark(process.pid, mark.as_bytes())
        })
        .map(|process| process.pid)
        .collect();
    let mut found: Vec<Stat> = table
        .iter()
        .filter(|process| roots.contains(&process.pid) && process.is_alive())
        .cloned()
        .collect();
    found.extend(below(table, &roots));
    found
}

fn has_mark(pid: u32, mark: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_is_read() {
        let line = "42 (a (b) c) S 7 42 41 0 -1 4194560 1 0 0 0 3 4 0 0 20 0 1 0 9000 1 25 0 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.pid, stat.parent, stat.session), (42, 7, 41));
        assert_eq!(stat.name, "a (b) c");
        assert_eq!(
            (stat.start_time, stat.cpu_ticks, stat.resident_pages),
            (9000, 7, 25)
        );
    }

    #[test]
    fn this_process_is_in_the_table() {
        let own = stat(std::process::id()).unwrap();
        assert!(own.is_alive());
        assert!(all().iter().any(|process| process.pid == own.pid));
    }
}
