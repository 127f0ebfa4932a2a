//! One instance ends so that another one finds room.

use engine::Error;
use types::instances::Status;
use types::jobs::JobState;

use crate::panel::{Panel, is_alive};

const PLAIN: &str = "while true; do sleep 1; done";
const STUBBORN: &str = "trap '' TERM; while true; do sleep 0.1; done";

#[tokio::test]
async fn an_instance_starts_when_nothing_of_its_rival_is_left() {
    let panel = Panel::new().await;
    let rival = panel
        .create("ready = process\n# aikore.stop_grace = 1", STUBBORN)
        .await;
    let id = panel.create("ready = process", PLAIN).await;
    let pid = panel.start(rival, Status::Started).await.pid.unwrap();
    let job = panel.engine.instances.start_after(id, rival).await.unwrap();
    assert_eq!((job.state, job.instance), (JobState::Running, Some(id)));
    panel.until_status(id, Status::Started).await;
    assert!(!is_alive(pid));
    assert!(matches!(
        panel.engine.instances.start_after(id, rival).await,
        Err(Error::WrongStatus { .. })
    ));
    panel.stop(id).await;
    // Whoever has ended already is not waited for.
    panel.engine.instances.start_after(id, rival).await.unwrap();
    panel.until_status(id, Status::Started).await;
    panel.stop(id).await;
}

#[tokio::test]
async fn who_cancels_the_wait_gets_no_start() {
    let panel = Panel::new().await;
    let rival = panel
        .create("ready = process\n# aikore.stop_grace = 3", STUBBORN)
        .await;
    let id = panel.create("ready = process", PLAIN).await;
    panel.start(rival, Status::Started).await;
    let job = panel.engine.instances.start_after(id, rival).await.unwrap();
    panel.engine.jobs.cancel(job.id).unwrap();
    panel.until_status(rival, Status::Stopped).await;
    assert_eq!(panel.engine.jobs.get(job.id).unwrap().state, JobState::Cancelled);
    assert_eq!(
        panel.engine.instances.get(id).await.unwrap().status,
        Status::Stopped
    );
}
