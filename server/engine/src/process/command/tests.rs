//! Commands with real processes.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::*;

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

fn bash(script: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new(["bash", "-c", script], Path::new("/")).envs([("PATH", path)])
}

async fn lines(command: Command, cancel: &CancellationToken) -> (io::Result<End>, Vec<(Source, String)>) {
    let mut told = Vec::new();
    let running = run(command, cancel, |source, line| {
        told.push((source, line.to_owned()));
    });
    let end = tokio::time::timeout(LIMIT, running).await.unwrap();
    (end, told)
}

fn is_alive(pid: u32) -> bool {
    table::stat(pid)
        .unwrap()
        .is_some_and(|process| process.is_alive())
}

/// Runs a script that prints `name=<pid>` lines and then goes on; calls `then` once so many pids are known.
async fn with_pids(
    script: &str,
    count: usize,
    then: impl FnOnce(&CancellationToken) + Send,
) -> (End, Vec<u32>) {
    let cancel = CancellationToken::new();
    let pids = Arc::new(Mutex::new(Vec::new()));
    let (mut then, stop, seen) = (Some(then), cancel.clone(), Arc::clone(&pids));
    let running = run(
        bash(script).grace(Duration::from_secs(1)),
        &cancel,
        move |_, line| {
            let mut seen = seen.lock().unwrap();
            seen.extend(line.split_once('=').map(|(_, pid)| pid.parse::<u32>().unwrap()));
            if seen.len() == count
                && let Some(then) = then.take()
            {
                then(&stop);
            }
        },
    );
    let end = tokio::time::timeout(LIMIT, running).await.unwrap().unwrap();
    let pids = pids.lock().unwrap().clone();
    assert_eq!(pids.len(), count);
    (end, pids)
}

#[tokio::test]
async fn a_command_tells_its_lines_and_its_end() {
    let cancel = CancellationToken::new();
    let (end, told) = lines(bash("echo one; echo two >&2; exit 3"), &cancel).await;
    assert_eq!(end.unwrap(), End::Code(3));
    assert!(told.contains(&(Source::Output, "one".to_owned())), "{told:?}");
    assert!(told.contains(&(Source::Errors, "two".to_owned())), "{told:?}");
    let (end, _) = lines(bash("kill -KILL $$"), &cancel).await;
    assert_eq!(end.unwrap(), End::Signal(9));
    let missing = Command::new(["/no/such/program"], Path::new("/"));
    assert_eq!(
        lines(missing, &cancel).await.0.unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[tokio::test]
async fn a_command_has_the_environment_directory_and_input_it_was_given_and_nothing_else() {
    let cancel = CancellationToken::new();
    let dir = tempfile::tempdir().unwrap();
    let command = Command::new(["/usr/bin/env"], dir.path()).envs([("ONLY", "this")]);
    let (_, told) = lines(command, &cancel).await;
    let names: Vec<&str> = told
        .iter()
        .filter_map(|(_, line)| Some(line.split_once('=')?.0))
        .collect();
    assert!(
        names.iter().all(|name| ["ONLY", JOB_MARK].contains(name)),
        "{names:?}"
    );
    assert_eq!(names.len(), 2);

    let command = Command::new(["/bin/sh", "-c", "pwd; exec cat"], dir.path()).input("a\nb");
    let (_, told) = lines(command, &cancel).await;
    let text: Vec<&str> = told.iter().map(|(_, line)| line.as_str()).collect();
    let dir = dir.path().canonicalize().unwrap();
    assert_eq!(text, [dir.to_str().unwrap(), "a", "b"]);
    let (end, told) = lines(bash("cat; echo end"), &cancel).await;
    assert_eq!(
        (end.unwrap(), told.len()),
        (End::Code(0), 1),
        "nothing to read is the end at once"
    );
}

#[tokio::test]
async fn much_input_to_a_command_that_does_not_read_and_much_output_hold_nobody_up() {
    let cancel = CancellationToken::new();
    let command =
        bash("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end >&2").input(vec![b'x'; 3_000_000]);
    let (end, told) = lines(command, &cancel).await;
    assert_eq!(end.unwrap(), End::Code(0));
    let out: usize = told
        .iter()
        .filter(|(source, _)| *source == Source::Output)
        .map(|(_, line)| line.len())
        .sum();
    assert_eq!(out, 3_000_000);
    assert!(told.iter().all(|(_, line)| line.len() <= 8192));
}

#[tokio::test]
async fn cancelling_ends_the_whole_tree_also_who_left_the_session_and_who_does_not_want_to() {
    let script = "trap '' TERM; echo me=$$; \
        setsid bash -c 'echo other=$$; exec sleep 600' & \
        (trap '' TERM; setsid -f bash -c 'trap \"\" TERM; echo gone=$$; while :; do sleep 1; done'); \
        while :; do sleep 1; done";
    let (end, pids) = with_pids(script, 3, CancellationToken::cancel).await;
    assert_eq!(end, End::Cancelled);
    let left: Vec<&u32> = pids.iter().filter(|pid| is_alive(**pid)).collect();
    assert!(left.is_empty(), "{left:?} of {pids:?} live");
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_ended_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("begun").display().to_string();
    let script = format!(
        "setsid -f bash -c 'echo stays=$$; touch {file}; exec sleep 600'; until [ -e {file} ]; do sleep 0.05; done"
    );
    let (end, pids) = with_pids(&script, 1, |_| {}).await;
    assert_eq!(end, End::Code(0));
    assert!(!is_alive(pids[0]));
}

#[tokio::test]
async fn a_command_nobody_waits_for_any_more_is_ended() {
    let (sender, mut pids) = tokio::sync::mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let cancel = CancellationToken::new();
        let script = "echo a=$$; setsid -f bash -c 'echo b=$$; exec sleep 600'; exec sleep 600";
        let _ = run(bash(script), &cancel, |_, line| {
            let _ = sender.send(line[2..].parse::<u32>().unwrap());
        })
        .await;
    });
    let first = tokio::time::timeout(LIMIT, pids.recv()).await.unwrap().unwrap();
    let second = tokio::time::timeout(LIMIT, pids.recv()).await.unwrap().unwrap();
    task.abort();
    let _ = task.await;
    let began = Instant::now();
    while is_alive(first) || is_alive(second) {
        assert!(began.elapsed() < LIMIT, "{first} or {second} lives");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_already_cancelled_is_not_begun() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let dir = tempfile::tempdir().unwrap();
    let command = Command::new(["/usr/bin/touch", "made"], dir.path());
    assert_eq!(lines(command, &cancel).await.0.unwrap(), End::Cancelled);
    assert!(!dir.path().join("made").exists());
}

/// The death of a panel is that of a process, so the test runs itself as one.
#[test]
fn the_command_of_a_killed_panel_dies_and_what_it_started_is_swept() {
    if let Ok(path) = std::env::var("COMMAND_TEST_PANEL") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let script = format!(
            "echo $$ >{path}.new; setsid -f bash -c 'echo $$ >>{path}.new; mv {path}.new {path}; exec sleep 600'; exec sleep 600"
        );
        let _ = runtime.block_on(run(bash(&script), &CancellationToken::new(), |_, _| {}));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    #[expect(clippy::disallowed_methods, reason = "a process of its own that dies")]
    let mut panel = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "process::command::tests::the_command_of_a_killed_panel_dies_and_what_it_started_is_swept",
        ])
        .env("COMMAND_TEST_PANEL", &file)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let wait = async {
            loop {
                if let Ok(text) = std::fs::read_to_string(&file) {
                    return text;
                }
                tokio::time::sleep(PACE).await;
            }
        };
        let text = tokio::time::timeout(LIMIT, wait).await.unwrap();
        let pids: Vec<u32> = text.lines().map(|pid| pid.parse().unwrap()).collect();
        sweep().await.unwrap();
        assert!(
            pids.iter().all(|pid| is_alive(*pid)),
            "the commands of a living panel are left alone"
        );
        panel.kill().unwrap();
        panel.wait().unwrap();
        let gone = async {
            while is_alive(pids[0]) {
                tokio::time::sleep(PACE).await;
            }
        };
        tokio::time::timeout(LIMIT, gone)
            .await
            .expect("the kernel ends the command");
        assert!(is_alive(pids[1]), "what it started is what the sweep is for");
        sweep().await.unwrap();
        assert!(!is_alive(pids[1]));
    });
}
