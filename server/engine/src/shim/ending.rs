//! Ending a tree of processes: TERM to each once, time, KILL to each until none is left.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use crate::process;
use crate::process::table::{self, Stat};

/// After KILL for so long, what still lives is named.
const NAMED_AFTER: Duration = Duration::from_secs(2);

/// Shortest time between two looks.
const PACE: Duration = Duration::from_millis(50);

/// A tree being ended. Whoever owns it calls [`Ending::step`] until nothing is left.
pub(crate) struct Ending {
    began: Instant,
    grace: Duration,
    /// Each that was signalled: number and start.
    asked: HashSet<(u32, u64)>,
    stepped: Option<Instant>,
}

impl Ending {
    /// Begins now.
    pub(crate) fn new(grace: Duration) -> Self {
        Self {
            began: Instant::now(),
            grace,
            asked: HashSet::new(),
            stepped: None,
        }
    }

    /// Shortens the time, never lengthens it: a second request to stop may be more urgent.
    pub(crate) fn hurry(&mut self, grace: Duration) {
        self.grace = self.grace.min(grace);
    }

    /// Whether it is time for a step; looking at all processes is not free.
    pub(crate) fn is_due(&self) -> bool {
        self.stepped.is_none_or(|last| last.elapsed() >= PACE)
    }

    /// Whether the time to end by oneself is over.
    pub(crate) fn is_over_time(&self) -> bool {
        self.began.elapsed() >= self.grace
    }

    /// Looks, beside the runtime's threads, and signals what is left; says whether that is nothing. An error names
    /// what cannot be ended.
    ///
    /// A process that is ending gives its memory back first, and its environment with it, so that a look by marks
    /// misses it while it still holds files, ports and GPUs. Hence what was found once counts until it is gone.
    pub(crate) async fn look_and_step(
        &mut self,
        look: impl FnOnce() -> io::Result<Vec<Stat>> + Send + 'static,
    ) -> io::Result<bool> {
        let known = self.asked.clone();
        let looking = tokio::task::spawn_blocking(move || with_known(look()?, &known));
        let left = looking.await.map_err(io::Error::other)??;
        let survivors = self.step(&left);
        if survivors.is_empty() {
            Ok(left.is_empty())
        } else {
            Err(io::Error::other(format!("still alive: {}", survivors.join(", "))))
        }
    }

    /// Signals what is left, also what was born since. Returns the names of what KILL did not end.
    pub(crate) fn step(&mut self, left: &[Stat]) -> Vec<String> {
        self.stepped = Some(Instant::now());
        let age = self.began.elapsed();
        for process in left {
            let is_new = self.asked.insert((process.pid, process.start_time));
            if age >= self.grace {
                process::end(process.pid);
            } else if is_new {
                process::terminate(process.pid);
            }
        }
        if age < self.grace + NAMED_AFTER {
            Vec::new()
        } else {
            left.iter().map(Stat::label).collect()
        }
    }
}

/// Ends what `look` finds until that is nothing any more; an error names what cannot be ended.
pub(crate) async fn end_all(
    grace: Duration,
    look: impl Fn() -> io::Result<Vec<Stat>> + Clone + Send + 'static,
) -> io::Result<()> {
    let mut ending = Ending::new(grace);
    while !ending.look_and_step(look.clone()).await? {
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

/// What was found, and those known from before that live although they were not found.
fn with_known(mut found: Vec<Stat>, known: &HashSet<(u32, u64)>) -> io::Result<Vec<Stat>> {
    for (pid, start_time) in known {
        if found.iter().any(|process| process.pid == *pid) {
            continue;
        }
        let process = table::stat(*pid)?.filter(|process| process.start_time == *start_time);
        found.extend(process.filter(Stat::is_alive));
    }
    Ok(found)
}

/// Every living descendant of this process. Where they cannot be listed now, the next step signals them; that
/// none is left is said by the kernel alone.
pub(crate) fn own_descendants() -> Vec<Stat> {
    table::descendants(&[std::process::id()]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn what_was_found_once_counts_until_it_is_gone() {
        #[expect(clippy::disallowed_methods, reason = "something to end, and nothing else")]
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = table::stat(child.id()).unwrap().unwrap();
        let known = HashSet::from([(process.pid, process.start_time)]);
        let left = |found, known| {
            let left: Vec<Stat> = with_known(found, known).unwrap();
            left.iter().map(|one| one.pid).collect::<Vec<_>>()
        };
        assert_eq!(left(Vec::new(), &known), [process.pid]);
        assert_eq!(left(vec![process.clone()], &known), [process.pid], "each once");
        let stranger = HashSet::from([(process.pid, process.start_time + 1)]);
        assert!(left(Vec::new(), &stranger).is_empty(), "another of that number");
        end_all(Duration::ZERO, move || {
            let process = table::stat(process.pid)?;
            Ok(process.into_iter().filter(Stat::is_alive).collect())
        })
        .await
        .unwrap();
        assert!(left(Vec::new(), &known).is_empty(), "a zombie holds nothing");
        child.wait().unwrap();
    }
}
