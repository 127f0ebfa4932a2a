//! Satellites run with the files of their parent.

use types::copies::NewSatellite;

use super::*;
use crate::panel::Panel;

/// Is ready at once, and stays.
const BODY: &str = "echo said; exec sleep 600";

#[tokio::test]
async fn a_satellite_reads_the_files_of_its_parent_and_has_arguments_of_its_own() {
    let bench = Bench::new().await;
    let (parent, path) = instance(&bench).await;
    let satellite = bench
        .engine
        .instances
        .instantiate(parent.id, NewSatellite::default())
        .await
        .unwrap();
    let scripts = &bench.engine.scripts;
    let of_parent = scripts.open(parent.id, SCRIPT).await.unwrap();
    let read = scripts.open(satellite.id, SCRIPT).await.unwrap();
    assert_eq!(
        (&read.content, &read.version),
        (&of_parent.content, &of_parent.version)
    );
    let reason = read.read_only.unwrap();
    assert!(
        reason.contains("“app”") && reason.contains("edit them there"),
        "{reason}"
    );
    for file in [SCRIPT, ScriptFile::Requirements] {
        let begun = scripts.open(satellite.id, file).await.unwrap();
        let refused = scripts
            .save(satellite.id, file, edit("echo mine\n", &begun.version))
            .await;
        assert!(matches!(refused, Err(Error::SharedScript { .. })), "{refused:?}");
    }
    assert!(matches!(
        scripts.reset(satellite.id, SCRIPT, None).await,
        Err(Error::SharedScript { .. })
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), of_parent.content);

    let file = ScriptFile::LaunchArgs;
    let begun = scripts.open(satellite.id, file).await.unwrap();
    assert!(begun.read_only.is_none());
    saved(
        scripts
            .save(satellite.id, file, edit("--its-own", &begun.version))
            .await
            .unwrap(),
    );
    let rows = &bench.engine.instances;
    assert_eq!(rows.get(satellite.id).await.unwrap().launch_args, "--its-own");
    assert_eq!(rows.get(parent.id).await.unwrap().launch_args, parent.launch_args);
    assert!(scripts.versions(parent.id, file).await.unwrap().is_empty());
    assert_eq!(scripts.versions(satellite.id, file).await.unwrap()[0].bytes, 9);
}

#[tokio::test]
async fn nobody_edits_what_a_satellite_runs_with() {
    let panel = Panel::new().await;
    let parent = panel
        .create_with("ready = log:said", BODY, types::instances::NewInstance::default())
        .await;
    let rows = &panel.engine.instances;
    let satellite = rows.instantiate(parent, NewSatellite::default()).await.unwrap();
    panel.start(satellite.id, types::instances::Status::Started).await;
    let scripts = &panel.engine.scripts;
    let begun = scripts.open(parent, SCRIPT).await.unwrap();
    assert!(begun.read_only.unwrap().contains(&satellite.name));
    let refused = scripts.save(parent, SCRIPT, edit("echo\n", &begun.version)).await;
    assert!(matches!(refused, Err(Error::SatellitesRun { .. })), "{refused:?}");
    panel.stop(satellite.id).await;
    saved(
        scripts
            .save(parent, SCRIPT, edit("echo\n", &begun.version))
            .await
            .unwrap(),
    );
    panel.engine.shutdown(false).await;
}
