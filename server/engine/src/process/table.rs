//! What `/proc` says about processes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind};

use nix::errno::Errno;

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

/// One process; none when there is none of this number, or one that we may not look at.
pub(crate) fn stat(pid: u32) -> io::Result<Option<Stat>> {
    let text = look(&format!("/proc/{pid}/stat"))?;
    Ok(text.and_then(|text| parse(&String::from_utf8_lossy(&text))))
}

/// A file of a process; none when the process is gone or another user's. Any other failure (no file can be
/// opened any more) must not look like a process that is gone.
fn look(path: &str) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Ok(None),
        Err(error) => Err(error),
    }
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
pub(crate) fn all() -> io::Result<Vec<Stat>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) {
            found.extend(stat(pid)?);
        }
    }
    Ok(found)
}

/// Living descendants of the given processes, the given ones not included.
pub(crate) fn descendants(roots: &[u32]) -> io::Result<Vec<Stat>> {
    Ok(below(&all()?, roots))
}

fn below(table: &[Stat], roots: &[u32]) -> Vec<Stat> {
    let mut children: HashMap<u32, Vec<&Stat>> = HashMap::new();
    for process in table {
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

/// Every living process that carries a mark in its environment, or is in the session that `leader` (pid and start
/// time) led, or descends from such a one: a run that lost its shim, or a command.
pub(crate) fn strays(name: &str, mark: &str, leader: Option<(u32, u64)>) -> io::Result<Vec<Stat>> {
    let own = std::process::id();
    let mut table = all()?;
    table.retain(|process| process.pid != own && process.pid > 1);
    let mut marked = HashSet::new();
    for process in &table {
        if mark_of(process.pid, name)?.as_deref() == Some(mark.as_bytes()) {
            marked.insert(process.pid);
        }
    }
    Ok(of_run(&table, &marked, leader))
}

/// The different values that a mark has in the environments of all processes.
pub(crate) fn marks(name: &str) -> io::Result<HashSet<String>> {
    let mut found = HashSet::new();
    for process in all()? {
        let mark = mark_of(process.pid, name)?;
        found.extend(mark.and_then(|mark| String::from_utf8(mark).ok()));
    }
    Ok(found)
}

/// Those that carry the mark, those of the session of the leader, and all that descend from them.
fn of_run(table: &[Stat], marked: &HashSet<u32>, leader: Option<(u32, u64)>) -> Vec<Stat> {
    let in_session = |process: &Stat| {
        leader.is_some_and(|(pid, start)| process.session == pid && process.start_time >= start)
    };
    // A session keeps its number as long as a member lives. After the last one the number may go to a stranger,
    // but no stranger's session has a member with our mark, or the leader itself.
    let is_leader = |process: &Stat| leader == Some((process.pid, process.start_time));
    let session_is_ours = table
        .iter()
        .any(|process| is_leader(process) || in_session(process) && marked.contains(&process.pid));
    let roots: Vec<u32> = table
        .iter()
        .filter(|process| marked.contains(&process.pid) || (session_is_ours && in_session(process)))
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

/// The value of a variable in the environment that a process was started with.
fn mark_of(pid: u32, name: &str) -> io::Result<Option<Vec<u8>>> {
    let environment = look(&format!("/proc/{pid}/environ"))?.unwrap_or_default();
    let mut entries = environment.split(|byte| *byte == 0);
    let value = entries.find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    Ok(value.map(<[u8]>::to_vec))
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
        let own = stat(std::process::id()).unwrap().unwrap();
        assert!(own.is_alive());
        assert!(all().unwrap().iter().any(|process| process.pid == own.pid));
        assert_eq!(stat(u32::MAX).unwrap(), None);
    }

    fn process(pid: u32, parent: u32, session: u32, start_time: u64) -> Stat {
        Stat {
            pid,
            parent,
            session,
            state: 'S',
            start_time,
            cpu_ticks: 0,
            resident_pages: 0,
            name: "app".to_owned(),
        }
    }

    fn pids(found: &[Stat]) -> Vec<u32> {
        let mut pids: Vec<u32> = found.iter().map(|process| process.pid).collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn what_is_left_of_a_run_is_found_by_mark_session_and_descent() {
        let table = [
            process(50, 1, 40, 101),  // carries the mark, in the shim's session
            process(51, 1, 40, 102),  // dropped its environment, same session
            process(60, 51, 60, 103), // its child, in a session of its own
            process(70, 1, 70, 104),  // carries the mark, in another session
            process(80, 1, 80, 105),  // a stranger
        ];
        let found = of_run(&table, &HashSet::from([50, 70]), Some((40, 100)));
        assert_eq!(pids(&found), [50, 51, 60, 70]);
    }

    #[test]
    fn the_session_of_a_leader_that_is_there_is_ours_also_while_nobody_shows_a_mark() {
        // They end: their memory is gone, and their environment with it.
        let table = [process(40, 1, 40, 100), process(41, 40, 40, 101)];
        assert_eq!(pids(&of_run(&table, &HashSet::new(), Some((40, 100)))), [40, 41]);
    }

    #[test]
    fn a_strangers_session_with_the_number_of_a_shim_long_gone_is_left_alone() {
        let table = [process(40, 1, 40, 900), process(41, 40, 40, 901)];
        assert_eq!(of_run(&table, &HashSet::new(), Some((40, 100))), []);
        let table = [process(41, 1, 40, 901)]; // its leader has ended
        assert_eq!(of_run(&table, &HashSet::new(), Some((40, 100))), []);
    }
}
