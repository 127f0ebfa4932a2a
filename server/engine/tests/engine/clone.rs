//! Cloning: what is copied and how, refusals, cancelling and a panel that is killed in between.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use engine::Error;
use types::copies::NewCopy;
use types::events::Event;
use types::instances::{DeleteMode, Instance, InstanceChange, NewInstance, Status};
use types::jobs::{JobId, JobState};

use crate::bench::{Bench, new};
use crate::panel::Panel;
use crate::waiting::wait_until;

/// Fills the directory of an instance with everything that a copy has to tell apart.
fn furnish(own: &Path, outside: &Path) {
    for dir in [
        "env/bin",
        "app/.git/objects/ab",
        "app/src",
        "wheels",
        "logs/1",
        "closed",
    ] {
        fs::create_dir_all(own.join(dir)).unwrap();
    }
    fs::create_dir_all(outside).unwrap();
    for (file, text) in [
        ("env/pyvenv.cfg", "home = /usr/bin"),
        ("env/bin/app", "#!/old/place/env/bin/python"),
        ("app/.git/objects/ab/cdef", "an object"),
        ("app/.git/config", "settings"),
        ("app/src/main.py", "print()"),
        ("wheels/x-1-py3-none-any.whl", "a wheel"),
        ("logs/1/log.0", "what it said"),
        (".rebuild-env", ""),
        ("requirements.txt", "numpy"),
        ("closed/file", "secret"),
    ] {
        fs::write(own.join(file), text).unwrap();
    }
    fs::write(outside.join("model"), vec![9; 100]).unwrap();
    symlink(outside, own.join("models")).unwrap();
    symlink("app/src", own.join("inside")).unwrap();
    symlink(own.join("app"), own.join("absolute")).unwrap();
    symlink("/nowhere/at/all", own.join("dangling")).unwrap();
    let sparse = fs::File::create(own.join("sparse")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    nix::unistd::mkfifo(&own.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::set_permissions(own.join("app/src/main.py"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(own.join("closed"), fs::Permissions::from_mode(0o500)).unwrap();
}

async fn finished(bench: &Bench, job: JobId) -> types::jobs::Job {
    let mut events = bench.engine.events.subscribe();
    let present = bench.engine.jobs.get(job).unwrap();
    match present.state {
        JobState::Running => bench.ended(&mut events, job).await,
        _ => present,
    }
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[tokio::test]
async fn a_clone_has_files_of_its_own_and_no_environment() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let wanted = NewInstance {
        gpu_ids: Some("1".to_owned()),
        env_vars: "A=b".to_owned(),
        output_path: Some("images".to_owned()),
        autostart: true,
        ..new("app")
    };
    let source = instances.create(wanted).await.unwrap();
    let own = bench.path("instances").join(&source.dir);
    furnish(&own, &bench.temp.path().join("outside"));
    let preview = instances.clone_preview(source.id).await.unwrap();
    assert_eq!(
        (preview.free_name.as_str(), &preview.problem),
        ("app copy", &None)
    );
    assert_eq!(preview.environments, ["env"]);

    let last = instances.create(new("last")).await.unwrap();
    let cloning = instances.copy(source.id, NewCopy::default()).await.unwrap();
    let clone = cloning.instance.clone();
    assert_eq!(
        (clone.name.as_str(), cloning.job.instance),
        ("app copy", Some(clone.id))
    );
    assert_eq!(
        (clone.gpu_ids.as_deref(), clone.env_vars.as_str()),
        (Some("1"), "A=b")
    );
    assert!(!clone.autostart && clone.output_path.is_none() && clone.public_port != source.public_port);
    let job = finished(&bench, cloning.job.id).await;
    assert_eq!(job.state, JobState::Done, "{job:?}");
    assert!(job.message.contains("environment is made anew"), "{job:?}");
    let order: Vec<_> = instances
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(order, [source.id, clone.id, last.id]);
    assert_eq!(instances.get(clone.id).await.unwrap().status, Status::Stopped);
    assert_eq!(instances.get(source.id).await.unwrap().status, Status::Stopped);

    let copy = bench.path("instances").join(&clone.dir);
    for missing in ["env", "logs", ".rebuild-env", "pipe"] {
        assert!(copy.join(missing).symlink_metadata().is_err(), "{missing}");
    }
    for shared in ["wheels/x-1-py3-none-any.whl", "app/.git/objects/ab/cdef"] {
        assert_eq!(inode(&own.join(shared)), inode(&copy.join(shared)), "{shared}");
    }
    for its_own in [
        "launch.sh",
        "app/.git/config",
        "app/src/main.py",
        "requirements.txt",
        "closed/file",
    ] {
        assert_ne!(inode(&own.join(its_own)), inode(&copy.join(its_own)), "{its_own}");
        assert_eq!(
            fs::read(own.join(its_own)).unwrap(),
            fs::read(copy.join(its_own)).unwrap()
        );
    }
    let mode = |path: &str| fs::metadata(copy.join(path)).unwrap().mode() & 0o777;
    assert_eq!((mode("app/src/main.py"), mode("closed")), (0o755, 0o500));
    let time = |path: &Path| {
        fs::metadata(path.join("app/src/main.py"))
            .unwrap()
            .modified()
            .unwrap()
    };
    assert_eq!(time(&own), time(&copy));
    let link = |name: &str| fs::read_link(copy.join(name)).unwrap();
    assert_eq!(link("models"), bench.temp.path().join("outside"));
    assert_eq!(link("inside"), Path::new("app/src"));
    assert_eq!(
        link("absolute"),
        copy.join("app"),
        "it does not lead back into the source"
    );
    assert_eq!(link("dangling"), Path::new("/nowhere/at/all"));
    let sparse = fs::metadata(copy.join("sparse")).unwrap();
    assert_eq!(sparse.len(), 1 << 30);
    assert!(sparse.blocks() < 1000, "holes stay holes");

    // Writing into one never shows in the other.
    fs::write(copy.join("requirements.txt"), "scipy").unwrap();
    assert_eq!(fs::read_to_string(own.join("requirements.txt")).unwrap(), "numpy");
    fs::set_permissions(own.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(copy.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_running_source_is_refused_and_nobody_starts_it_meanwhile() {
    let panel = Panel::new().await;
    let instances = &panel.engine.instances;
    let id = panel.create("ready = process", "exec sleep 600").await;
    panel.start(id, Status::Started).await;
    let refused = instances.copy(id, NewCopy::default()).await;
    assert!(matches!(refused, Err(Error::WrongStatus { .. })), "{refused:?}");
    let preview = instances.clone_preview(id).await.unwrap();
    assert!(preview.problem.is_some());
    panel.stop(id).await;

    let own = panel
        .data
        .path()
        .join("instances")
        .join(&instances.get(id).await.unwrap().dir);
    fs::write(own.join("large"), vec![1; 64 << 20]).unwrap();
    let cloning = instances.copy(id, NewCopy::default()).await.unwrap();
    let source = instances.get(id).await.unwrap();
    if panel.engine.jobs.get(cloning.job.id).unwrap().state == JobState::Running {
        assert_eq!(source.status, Status::Installing);
        for refused in [
            instances.start(id).await,
            instances.start(cloning.instance.id).await,
        ] {
            assert!(matches!(refused, Err(Error::WrongStatus { .. })), "{refused:?}");
        }
    }
    panel.until_status(cloning.instance.id, Status::Stopped).await;
    panel.start(id, Status::Started).await;
    panel.start(cloning.instance.id, Status::Started).await;
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn names_that_are_taken_or_odd_are_refused_and_leave_nothing() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let source = instances.create(new("app")).await.unwrap();
    let named = |name: &str| NewCopy {
        new_name: Some(name.to_owned()),
    };
    for bad in ["App", "../x", "a\u{202e}b"] {
        assert!(instances.copy(source.id, named(bad)).await.is_err(), "{bad}");
        assert_eq!(
            instances.get(source.id).await.unwrap().status,
            Status::Stopped,
            "{bad}"
        );
    }
    assert_eq!(fs::read_dir(bench.path("instances")).unwrap().count(), 1);
    for expected in ["app copy", "app copy 2"] {
        let cloning = instances.copy(source.id, named("  ")).await.unwrap();
        assert_eq!(cloning.instance.name, expected);
        assert_eq!(finished(&bench, cloning.job.id).await.state, JobState::Done);
    }
    let longest = "x".repeat(64);
    let change = InstanceChange {
        name: Some(longest.clone()),
        ..InstanceChange::default()
    };
    instances.update(source.id, change, false).await.unwrap();
    let cloning = instances.copy(source.id, NewCopy::default()).await.unwrap();
    assert_eq!(cloning.instance.name.chars().count(), 64);
    assert!(cloning.instance.name.ends_with("x copy"));
}

/// What is left of a clone that was taken back: nothing.
fn assert_gone(bench: &Bench, rows: &[Instance], source: &Instance) {
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [source.id]);
    let left: Vec<_> = fs::read_dir(bench.path("instances"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [source.dir.as_str()]);
}

#[tokio::test]
async fn cancelling_at_any_stage_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let source = instances.create(new("app")).await.unwrap();
    let own = bench.path("instances").join(&source.dir);
    for number in 0..40 {
        fs::create_dir(own.join(number.to_string())).unwrap();
        fs::write(own.join(format!("{number}/data")), vec![1; 1 << 20]).unwrap();
    }
    // At once; when it says that it counts; at each tenth of the way.
    let mut cancelled = 0;
    for stage in [
        None,
        Some(""),
        Some("0"),
        Some("10"),
        Some("20"),
        Some("30"),
        Some("39"),
    ] {
        let mut events = bench.engine.events.subscribe();
        let cloning = instances.copy(source.id, NewCopy::default()).await.unwrap();
        let id = cloning.job.id;
        if let Some(stage) = stage {
            let copied = |message: &str| {
                message
                    .split(' ')
                    .next()
                    .and_then(|word| word.parse::<u32>().ok())
            };
            let wanted = stage.parse::<u32>().ok();
            loop {
                match events.recv().await.unwrap() {
                    Event::Job(job) if job.id == id && job.state != JobState::Running => break,
                    Event::Job(job) if job.id == id && copied(&job.message) >= wanted => break,
                    _ => {}
                }
            }
        }
        bench.engine.jobs.cancel(id).unwrap();
        let end = finished(&bench, id).await;
        if end.state == JobState::Done {
            // It was faster than the cancelling.
            let clone = cloning.instance;
            instances
                .delete(clone.id, DeleteMode::Permanent, Some(clone.name))
                .await
                .unwrap();
            wait_until("it to be gone", async || {
                instances.list().await.unwrap().len() == 1
                    && fs::read_dir(bench.path("instances")).unwrap().count() == 1
            })
            .await;
        } else {
            assert_eq!(end.state, JobState::Cancelled, "{stage:?}");
            cancelled += 1;
        }
        assert_gone(&bench, &instances.list().await.unwrap(), &source);
        assert_eq!(instances.get(source.id).await.unwrap().status, Status::Stopped);
    }
    assert!(cancelled > 0, "every copy was faster than the cancelling");
}

#[tokio::test]
async fn a_clone_that_fails_says_why_and_leaves_nothing() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let source = instances.create(new("app")).await.unwrap();
    // As deep as paths can be: where the copy grows, its name is longer.
    let mut deep = bench.path("instances").join(&source.dir);
    while deep.as_os_str().len() < 3800 {
        deep.push("x".repeat(200));
    }
    deep.push("x".repeat(4094 - deep.as_os_str().len()));
    fs::create_dir_all(&deep).unwrap();
    let cloning = instances.copy(source.id, NewCopy::default()).await.unwrap();
    let end = finished(&bench, cloning.job.id).await;
    assert_eq!(end.state, JobState::Failed);
    assert!(end.message.contains("name too long"), "{}", end.message);
    assert_gone(&bench, &instances.list().await.unwrap(), &source);
    assert_eq!(instances.get(source.id).await.unwrap().status, Status::Stopped);
}

#[tokio::test]
async fn the_half_that_a_killed_panel_left_is_removed_at_the_next_start() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let source = instances.create(new("app")).await.unwrap();
    let mut clones = Vec::new();
    for _ in 0..2 {
        let cloning = instances.copy(source.id, NewCopy::default()).await.unwrap();
        finished(&bench, cloning.job.id).await;
        clones.push(cloning.instance);
    }
    let path = bench.path("instances");
    // The first has not got its name yet; of a third one there is no row.
    let half = path.join(format!(".cloning-{}", clones[0].dir));
    fs::rename(path.join(&clones[0].dir), &half).unwrap();
    let other = path.join(".cloning-app-99");
    fs::create_dir_all(other.join("deep")).unwrap();
    let bench = bench.reopened().await;
    let rows = bench.engine.instances.list().await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [source.id, clones[1].id]
    );
    wait_until("the halves to be removed", async || {
        !half.exists() && !other.exists()
    })
    .await;
    assert!(path.join(&clones[1].dir).join("launch.sh").exists());
}
