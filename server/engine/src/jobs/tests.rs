//! Jobs on a real database.

use std::path::Path;

use super::*;
use crate::instances::LogPosition;
use crate::process::command::Command;
use std::time::{Duration, Instant};

async fn jobs(dir: &Path) -> Jobs {
    let db = db::open(&dir.join("aikore.db")).await.unwrap();
    Jobs::open(db, Events::default(), dir.join("jobs")).await.unwrap()
}

async fn ended(jobs: &Jobs, id: JobId) -> Job {
    let mut events = jobs.inner.events.subscribe();
    let wait = async {
        loop {
            let job = jobs.get(id).unwrap();
            if job.state != JobState::Running {
                return job;
            }
            let _ = events.recv().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait).await.unwrap()
}

#[tokio::test]
async fn a_job_reports_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = jobs(dir.path()).await;
    let counting = jobs.spawn("Counting".to_owned(), None, |progress| async move {
        progress.report(Some(0.5), "half");
        progress.report(Some(0.501), "half");
        Ok("counted".to_owned())
    });
    let end = ended(&jobs, counting.await.unwrap().id).await;
    assert_eq!((end.state, end.message.as_str()), (JobState::Done, "counted"));
    assert!(end.ended_at.unwrap() >= end.started_at);
    assert!(matches!(jobs.get(JobId(99)), Err(Error::UnknownJob(_))));
}

#[tokio::test]
async fn a_cancelled_job_says_so_and_a_failed_one_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = jobs(dir.path()).await;
    let waiting = jobs.spawn("Waiting".to_owned(), None, |progress| async move {
        progress.cancelled().cancelled().await;
        progress.go_on()?;
        Ok(String::new())
    });
    let id = waiting.await.unwrap().id;
    jobs.cancel(id).unwrap();
    assert_eq!(ended(&jobs, id).await.state, JobState::Cancelled);

    let failing = jobs.spawn("Failing".to_owned(), None, |_| async { Err(Error::AlreadySetUp) });
    let end = ended(&jobs, failing.await.unwrap().id).await;
    assert_eq!(end.state, JobState::Failed);
    assert_eq!(end.message, Error::AlreadySetUp.to_string());

    let panicking = jobs.spawn("Panicking".to_owned(), None, |_| async { panic!("on purpose") });
    assert_eq!(
        ended(&jobs, panicking.await.unwrap().id).await.state,
        JobState::Failed
    );
    jobs.shutdown().await;
    let late = jobs.spawn("Late".to_owned(), None, |_| async { Ok(String::new()) });
    assert!(matches!(late.await, Err(Error::ShuttingDown)));
}

#[tokio::test]
async fn what_a_dead_panel_left_running_is_interrupted_and_numbers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let first = jobs(dir.path()).await;
    let done = first.spawn("Done".to_owned(), None, |progress| async move {
        progress.log("a line");
        Ok("well".to_owned())
    });
    let done = ended(&first, done.await.unwrap().id).await;
    let open = first.spawn("Open".to_owned(), Some(InstanceId(4)), |_| std::future::pending());
    let open = open.await.unwrap();
    drop(first); // as a kill: nobody ends or stores anything

    let second = jobs(dir.path()).await;
    let found = second.list();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], done);
    assert_eq!((found[0].id, found[0].state), (open.id, JobState::Interrupted));
    assert_eq!(found[0].instance, Some(InstanceId(4)));
    let log = second
        .log(done.id, LogPosition::Offset(0), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((log.content.as_str(), log.ended), ("a line\n", true));

    let third = jobs(dir.path()).await;
    assert_eq!(third.list()[0].state, JobState::Interrupted);
    let next = third.spawn("Next".to_owned(), None, |_| async { Ok(String::new()) });
    assert!(next.await.unwrap().id > open.id);
}

#[tokio::test]
async fn only_the_last_finished_jobs_are_remembered_and_no_number_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = jobs(dir.path()).await;
    let mut first = None;
    for _ in 0..FINISHED_KEPT + 3 {
        let job = jobs.spawn("Short".to_owned(), None, |progress| async move {
            progress.log("printed");
            Ok(String::new())
        });
        let id = job.await.unwrap().id;
        ended(&jobs, id).await;
        first.get_or_insert(id);
    }
    let last = jobs
        .spawn("Last".to_owned(), None, |_| std::future::pending())
        .await
        .unwrap();
    jobs.forget_old().await.unwrap();
    assert_eq!(jobs.list().len(), FINISHED_KEPT + 1);
    assert_eq!(jobs.list()[0].id, last.id);
    assert_eq!(last.id.0, first.unwrap().0 + FINISHED_KEPT as u64 + 3);
    // A job that ended forgets old ones itself, and may not be done with it yet.
    let began = Instant::now();
    loop {
        let rows = db::jobs::list(jobs.inner.db.read()).await.unwrap().len();
        let logs = std::fs::read_dir(dir.path().join("jobs")).unwrap().count();
        if (rows, logs) == (FINISHED_KEPT + 1, FINISHED_KEPT) {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "{rows} rows, {logs} logs"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_log_is_read_as_it_grows_and_stays_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = jobs(dir.path()).await;
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let job = jobs.spawn("Printing".to_owned(), None, |progress| async move {
        progress.log("first");
        let _ = wait.await;
        for number in 0..100_000 {
            progress.log(&format!("{number} of a flood that does not fit"));
        }
        progress.log("last");
        Ok(String::new())
    });
    let id = job.await.unwrap().id;
    let patience = Duration::from_mins(1);
    let first = jobs.log(id, LogPosition::Offset(0), patience).await.unwrap();
    assert_eq!((first.content.as_str(), first.ended), ("first\n", false));
    let nothing = jobs
        .log(id, LogPosition::Offset(6), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((nothing.content.as_str(), nothing.next_offset), ("", 6));
    go.send(()).unwrap();
    let mut next = first.next_offset;
    let mut all = String::new();
    loop {
        let piece = jobs.log(id, LogPosition::Offset(next), patience).await.unwrap();
        all.push_str(&piece.content);
        next = piece.next_offset;
        if piece.ended {
            break;
        }
    }
    assert!(all.ends_with("last\n"));
    let held: u64 = std::fs::read_dir(dir.path().join("jobs").join(id.0.to_string()))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(held <= 4 * 512 * 1024, "{held}");
    let none = jobs
        .spawn("Silent".to_owned(), None, |_| async { Ok(String::new()) })
        .await
        .unwrap();
    ended(&jobs, none.id).await;
    let log = jobs
        .log(none.id, LogPosition::Offset(0), Duration::ZERO)
        .await
        .unwrap();
    assert!(log.ended && log.content.is_empty());
}

#[tokio::test]
async fn a_failed_command_is_told_with_its_last_words() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = jobs(dir.path()).await;
    let job = jobs.spawn("Trying".to_owned(), None, |progress| async move {
        let command = Command::new(
            ["/bin/sh", "-c", "echo begun; echo because of this >&2; exit 4"],
            Path::new("/"),
        );
        progress.run("The compiler", command).await?;
        Ok(String::new())
    });
    let job = ended(&jobs, job.await.unwrap().id).await;
    assert_eq!(job.state, JobState::Failed);
    assert!(
        job.message.contains("exit code 4") && job.message.contains("because of this"),
        "{}",
        job.message
    );
    let log = jobs
        .log(job.id, LogPosition::Offset(0), Duration::ZERO)
        .await
        .unwrap();
    assert!(
        log.content.starts_with("$ /bin/sh -c ") && log.content.contains("\nbegun\n"),
        "{}",
        log.content
    );
}
