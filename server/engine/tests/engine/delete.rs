//! Deleting instances: into the trash, for good, and across a crash.

use std::os::unix::fs::symlink;

use engine::Error;
use types::instances::DeleteMode;
use types::jobs::JobState;

use crate::bench::{Bench, new};
use crate::waiting::wait_until;

#[tokio::test]
async fn deleting_into_the_trash_keeps_the_files_and_never_the_number() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let mut events = bench.engine.events.subscribe();
    let job = instances.delete(made.id, DeleteMode::Trash, None).await.unwrap();
    assert_eq!(bench.ended(&mut events, job.id).await.state, JobState::Done);
    assert!(matches!(
        instances.get(made.id).await,
        Err(Error::UnknownInstance(_))
    ));
    assert!(bench.path("trash").join(&made.dir).join("launch.sh").exists());
    assert!(!bench.path("instances").join(&made.dir).exists());

    let bench = bench.reopened().await;
    let again = bench.engine.instances.create(new("app")).await.unwrap();
    assert!(again.id > made.id && again.dir != made.dir && again.slug == made.slug);
}

#[tokio::test]
async fn deleting_for_good_needs_the_name_and_touches_nothing_outside() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("app")).await.unwrap();
    let own = bench.path("instances").join(&made.dir);
    let models = bench.path("models");
    std::fs::write(models.join("big.safetensors"), vec![0; 4096]).unwrap();
    std::fs::write(own.join("data"), vec![0; 1000]).unwrap();
    symlink(&models, own.join("models")).unwrap();
    symlink(models.join("big.safetensors"), own.join("model")).unwrap();

    let script = std::fs::metadata(own.join("launch.sh")).unwrap().len();
    let preview = instances.delete_preview(made.id).await.unwrap();
    assert_eq!((preview.bytes, preview.files), (1000 + script, 4));
    for confirm in [None, Some("App".to_owned()), Some(String::new())] {
        let answer = instances.delete(made.id, DeleteMode::Permanent, confirm).await;
        assert!(matches!(answer, Err(Error::NotConfirmed(_))));
    }
    let mut events = bench.engine.events.subscribe();
    let job = instances
        .delete(made.id, DeleteMode::Permanent, Some("app".to_owned()))
        .await
        .unwrap();
    assert_eq!(bench.ended(&mut events, job.id).await.state, JobState::Done);
    assert_eq!(std::fs::read_dir(bench.path("instances")).unwrap().count(), 0);
    assert!(models.join("big.safetensors").exists());
    assert!(instances.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deletion_that_a_crash_interrupted_is_completed_at_the_next_start() {
    let bench = Bench::new().await;
    let mut made = Vec::new();
    for name in ["trashed", "removed", "kept"] {
        made.push(bench.engine.instances.create(new(name)).await.unwrap());
    }
    // As if the panel was killed after the directory moved and before the row went.
    let from = bench.path("instances");
    std::fs::rename(from.join(&made[0].dir), bench.path("trash").join(&made[0].dir)).unwrap();
    let aside = from.join(format!(".deleting-{}", made[1].dir));
    std::fs::rename(from.join(&made[1].dir), &aside).unwrap();

    let bench = bench.reopened().await;
    assert_eq!(bench.engine.instances.list().await.unwrap(), [made.remove(2)]);
    wait_until("the rest to be removed", async || !aside.exists()).await;
}
