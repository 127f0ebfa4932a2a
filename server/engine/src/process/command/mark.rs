//! Which panel a command belongs to, and the end of those whose panel is gone.

use std::io;
use std::time::Duration;

use crate::process::{Identity, table};
use crate::shim::ending::end_all;

/// Environment variable that every process of a command carries.
pub(crate) const JOB_MARK: &str = "AIKORE_JOB";

/// Names one command and the panel that runs it.
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn new() -> io::Result<Self> {
        let panel = Identity::of(std::process::id())?;
        let (pid, start, boot) = (panel.pid, panel.start_time, panel.boot_id);
        let name = uuid::Uuid::new_v4();
        Ok(Self(format!("{} {pid} {start} {boot} {name}", namespace()?)))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Numbers of processes mean something within a namespace only: a panel must not judge another container's.
fn namespace() -> io::Result<String> {
    let link = std::fs::read_link("/proc/self/ns/pid")?;
    Ok(link.to_string_lossy().into_owned())
}

/// Whether the panel that ran a command so marked is gone; no when nobody can tell.
fn is_orphaned(mark: &str) -> bool {
    let Some(panel) = panel_of(mark) else { return false };
    let (Ok(here), Ok(alive)) = (namespace(), panel.1.is_alive()) else {
        return false;
    };
    panel.0 == here && !alive
}

fn panel_of(mark: &str) -> Option<(String, Identity)> {
    let words: Vec<&str> = mark.split(' ').collect();
    let [namespace, pid, start_time, boot_id, _] = words[..] else {
        return None;
    };
    let panel = Identity {
        pid: pid.parse().ok()?,
        start_time: start_time.parse().ok()?,
        boot_id: boot_id.to_owned(),
    };
    Some((namespace.to_owned(), panel))
}

/// Ends what is left of the commands of panels that are gone. Names what cannot be ended.
pub(crate) async fn sweep() -> io::Result<()> {
    end_all(Duration::ZERO, orphans).await
}

fn orphans() -> io::Result<Vec<table::Stat>> {
    let mut found = Vec::new();
    for mark in table::marks(JOB_MARK)? {
        if is_orphaned(&mark) {
            found.extend(table::strays(JOB_MARK, &mark, None)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_panel_of_this_namespace_that_is_gone_leaves_orphans() {
        let own = Mark::new().unwrap();
        assert!(!is_orphaned(own.text()), "this one lives");
        let (here, boot) = (namespace().unwrap(), crate::process::boot_id().unwrap());
        let pid = std::process::id();
        assert!(
            is_orphaned(&format!("{here} {pid} 1 {boot} x")),
            "another had its number"
        );
        assert!(
            !is_orphaned(&format!("pid:[1] {pid} 1 {boot} x")),
            "somebody else's numbers"
        );
        assert!(!is_orphaned("nonsense") && !is_orphaned(""));
    }
}
