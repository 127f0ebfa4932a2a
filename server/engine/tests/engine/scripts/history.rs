//! What a file was before.

use super::*;

#[tokio::test]
async fn every_text_stays_to_be_had_and_a_restore_is_a_save() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    assert!(scripts.versions(made.id, SCRIPT).await.unwrap().is_empty());
    let one = saved(
        scripts
            .save(made.id, SCRIPT, edit("echo one\n", &begun.version))
            .await
            .unwrap(),
    );
    std::fs::write(&path, "echo by hand\n").unwrap();
    let there = scripts.open(made.id, SCRIPT).await.unwrap();
    saved(
        scripts
            .save(made.id, SCRIPT, edit("echo two\n", &there.version))
            .await
            .unwrap(),
    );
    let expected = [
        (VersionOrigin::Saved, "echo two\n"),
        (VersionOrigin::Found, "echo by hand\n"),
        (VersionOrigin::Saved, "echo one\n"),
        (VersionOrigin::Found, begun.content.as_str()),
    ];
    let kept = texts(&bench.engine, &made, SCRIPT).await;
    let kept: Vec<(VersionOrigin, &str)> = kept
        .iter()
        .map(|(origin, text)| (*origin, text.as_str()))
        .collect();
    assert_eq!(kept, expected);
    let list = scripts.versions(made.id, SCRIPT).await.unwrap();
    let present: Vec<bool> = list.iter().map(|version| version.present).collect();
    assert_eq!(present, [true, false, false, false]);

    // Saving what is there already is nothing new.
    saved(
        scripts
            .save(
                made.id,
                SCRIPT,
                Edit {
                    content: "echo two\n".to_owned(),
                    version: None,
                },
            )
            .await
            .unwrap(),
    );
    assert_eq!(scripts.versions(made.id, SCRIPT).await.unwrap().len(), 4);

    let diff = scripts
        .diff(made.id, SCRIPT, Against::Version(list[2].number), None)
        .await
        .unwrap();
    assert_eq!((diff.added, diff.removed), (1, 1));
    let outdated = scripts
        .restore(made.id, SCRIPT, list[2].number, Some(one.version.clone()))
        .await;
    assert_eq!(stale(outdated.unwrap()).content, "echo two\n");
    let back = saved(
        scripts
            .restore(made.id, SCRIPT, list[2].number, None)
            .await
            .unwrap(),
    );
    assert_eq!((back.content.as_str(), back.version), ("echo one\n", one.version));
    assert_eq!(
        scripts.versions(made.id, SCRIPT).await.unwrap()[0].origin,
        VersionOrigin::Restored
    );
    assert!(matches!(
        scripts.restore(made.id, SCRIPT, 99, None).await,
        Err(Error::UnknownVersion(99))
    ));
    let bench = bench.reopened().await;
    assert_eq!(texts(&bench.engine, &made, SCRIPT).await.len(), 5);
}

#[tokio::test]
async fn a_reset_brings_the_blueprint_back_as_it_is_now() {
    let bench = Bench::new().await;
    bench.blueprint("mine.sh", "echo first\r\n");
    let new = types::instances::NewInstance {
        base_blueprint: "mine".to_owned(),
        ..new("app")
    };
    let made = bench.engine.instances.create(new).await.unwrap();
    let scripts = &bench.engine.scripts;
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    assert_eq!(begun.content, "echo first\n");
    let edited = saved(
        scripts
            .save(made.id, SCRIPT, edit("echo edited\n", &begun.version))
            .await
            .unwrap(),
    );
    bench.blueprint("mine.sh", "echo second\n");
    let diff = scripts
        .diff(made.id, SCRIPT, Against::Blueprint, None)
        .await
        .unwrap();
    assert_eq!((diff.added, diff.removed), (1, 1));
    assert!(matches!(
        scripts.reset(made.id, SCRIPT, Some(begun.version)).await.unwrap(),
        Saving::Stale(_)
    ));
    let reset = saved(
        scripts
            .reset(made.id, SCRIPT, Some(edited.version))
            .await
            .unwrap(),
    );
    assert_eq!(reset.content, "echo second\n");
    assert_eq!(texts(&bench.engine, &made, SCRIPT).await[1].1, "echo edited\n");
}

#[tokio::test]
async fn a_text_that_is_put_aside_is_kept_but_not_saved() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let before = std::fs::read_to_string(&path).unwrap();
    scripts
        .put_aside(made.id, SCRIPT, "echo typed\n".to_owned())
        .await
        .unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    assert_eq!(
        texts(&bench.engine, &made, SCRIPT).await,
        [(VersionOrigin::Aside, "echo typed\n".to_owned())]
    );
}
