//! What takes minutes: `make test-desktops`.

use super::*;
use crate::panel::kill;

#[tokio::test]
#[ignore = "takes minutes"]
async fn twenty_sessions_that_start_at_once_get_twenty_displays() {
    let panel = panel().await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(tk_demo(&panel).await);
    }
    for id in &ids {
        panel.engine.instances.start(*id).await.unwrap();
    }
    let mut displays = std::collections::HashSet::new();
    let mut sessions = Vec::new();
    for id in &ids {
        let status = until_state(&panel.engine, *id, DesktopState::Ready).await;
        displays.insert(status.display.unwrap());
        sessions.push(Session::of(&panel.engine, panel.data.path(), *id).await);
    }
    assert_eq!(displays.len(), ids.len());
    for id in &ids {
        panel.engine.instances.stop(*id).await.unwrap();
    }
    for id in &ids {
        panel.until_status(*id, Status::Stopped).await;
    }
    for session in sessions {
        session.assert_nothing_left();
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn a_hundred_starts_and_stops_leave_everything_as_it_was() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    let mut before = None;
    for _ in 0..100 {
        ready(&panel, id).await;
        let session = Session::of(&panel.engine, panel.data.path(), id).await;
        panel.stop(id).await;
        session.assert_nothing_left();
        let now = files_open();
        // The first start fills caches, and connections to the database come and go.
        let before = *before.get_or_insert(now);
        assert!(now <= before + 10, "{now} open files instead of {before}");
        assert_eq!(stale_locks(), Vec::<String>::new());
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn a_kill_at_any_moment_of_the_start_leaves_nothing_or_a_desktop() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    for word in [XVFB, OPENBOX, SELKIES] {
        for delay_ms in [0, 50, 150, 400] {
            panel.engine.instances.start(id).await.unwrap();
            let row = panel.until(id, |row| row.pid.is_some()).await;
            let data = panel.data.path().join("instances").join(&row.dir);
            let victim = wait_for(word, async || {
                let found = processes(&data).into_iter();
                let mut found =
                    found.filter(|(_, words)| words.iter().take(3).any(|found| found.contains(word)));
                found.next().map(|(pid, _)| pid)
            })
            .await;
            // The moment is what the test is about.
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            if crate::panel::is_alive(victim) {
                kill(victim);
            }
            panel.until_status(id, Status::Started).await;
            wait_until("a picture", async || {
                panel.engine.desktops.screenshot(id).await.is_ok()
            })
            .await;
            let session = Session::of(&panel.engine, panel.data.path(), id).await;
            panel.stop(id).await;
            session.assert_nothing_left();
        }
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn what_ends_again_and_again_is_left_alone_and_the_app_goes_on() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    let app = session.pid("tk_demo");
    let mut selkies = 0;
    for _ in 0..5 {
        selkies = session.until_another(SELKIES, selkies).await;
        kill(selkies);
    }
    let status = until_state(&panel.engine, id, DesktopState::Failed).await;
    assert!(
        status.reason.contains("Selkies ended too often"),
        "{}",
        status.reason
    );
    assert_eq!(session.pid("tk_demo"), app);
    panel.stop(id).await;
    session.assert_nothing_left();
    panel.engine.shutdown(false).await;
}

/// Prints what a session costs; `--nocapture` shows it.
#[tokio::test]
#[ignore = "measures"]
async fn what_a_session_costs() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    for _ in 0..3 {
        let began = Instant::now();
        panel.engine.instances.start(id).await.unwrap();
        until_state(&panel.engine, id, DesktopState::Ready).await;
        eprintln!("start to first picture: {:.2?}", began.elapsed());
        let session = Session::of(&panel.engine, panel.data.path(), id).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let before = usage(&session);
        tokio::time::sleep(Duration::from_secs(20)).await;
        for (now, before) in usage(&session).iter().zip(&before) {
            let share = now.1.saturating_sub(before.1);
            eprintln!(
                "{:>12}: {:>7} kB PSS, {share} ms of CPU time in 20 s",
                now.0, now.2
            );
        }
        let began = Instant::now();
        panel.stop(id).await;
        eprintln!("stop: {:.2?}", began.elapsed());
    }
    panel.engine.shutdown(false).await;
}

/// Name, CPU time in milliseconds, memory in kB of each process.
fn usage(session: &Session) -> Vec<(String, u64, u64)> {
    let read =
        |pid: u32, file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    processes(&session.data)
        .into_iter()
        .map(|(pid, _)| {
            let stat = read(pid, "stat");
            let (head, tail) = stat.rsplit_once(')').unwrap_or_default();
            let fields: Vec<u64> = tail
                .split_whitespace()
                .map(|field| field.parse().unwrap_or(0))
                .collect();
            let memory = read(pid, "smaps_rollup");
            let pss = memory.lines().find_map(|line| line.strip_prefix("Pss:"));
            let pss = pss.and_then(|text| text.split_whitespace().next()?.parse().ok());
            let cpu = 10 * (fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0));
            (
                head.rsplit('(').next().unwrap_or_default().to_owned(),
                cpu,
                pss.unwrap_or(0),
            )
        })
        .collect()
}

fn files_open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Locks of displays that nobody shows any more. Other sessions of this machine have theirs.
fn stale_locks() -> Vec<String> {
    let entries = std::fs::read_dir("/tmp").unwrap().flatten();
    let names = entries.map(|entry| entry.path().to_string_lossy().into_owned());
    let locks = names.filter(|name| name.starts_with("/tmp/.X") && name.ends_with("-lock"));
    let is_stale = |name: &String| {
        let text = std::fs::read_to_string(name).ok();
        let pid = text.and_then(|text| text.trim().parse().ok());
        pid.is_some_and(|pid| !crate::panel::is_alive(pid))
    };
    locks.filter(is_stale).collect()
}
