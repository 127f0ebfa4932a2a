//! Editing the files of an instance: nothing is lost, and nothing outside of its directory is touched.

mod contained;
mod history;
mod shared;

use engine::scripts::Edit;
use engine::{Engine, Error};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use types::instances::{Instance, InstanceChange};
use types::scripts::{Against, DiffKind, Saving, Script, ScriptFile, Severity, VersionOrigin};

use crate::bench::{Bench, new};

const SCRIPT: ScriptFile = ScriptFile::Script;

/// An instance and where its script lies.
async fn instance(bench: &Bench) -> (Instance, PathBuf) {
    let made = bench.engine.instances.create(new("app")).await.unwrap();
    let path = bench.path("instances").join(&made.dir).join("launch.sh");
    (made, path)
}

fn edit(content: &str, version: &str) -> Edit {
    Edit {
        content: content.to_owned(),
        version: Some(version.to_owned()),
    }
}

#[track_caller]
fn saved(saving: Saving) -> Script {
    match saving {
        Saving::Saved(script) => script,
        Saving::Stale(script) => panic!("somebody else saved {script:?}"),
    }
}

#[track_caller]
fn stale(saving: Saving) -> Script {
    match saving {
        Saving::Stale(script) => script,
        Saving::Saved(script) => panic!("saved over somebody else: {script:?}"),
    }
}

async fn texts(engine: &Engine, made: &Instance, file: ScriptFile) -> Vec<(VersionOrigin, String)> {
    let mut texts = Vec::new();
    for version in engine.scripts.versions(made.id, file).await.unwrap() {
        let text = engine.scripts.version(made.id, file, version.number);
        texts.push((version.origin, text.await.unwrap()));
    }
    texts
}

#[tokio::test]
async fn a_saved_text_is_there_byte_for_byte_and_the_file_keeps_its_mode() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
    let scripts = &bench.engine.scripts;
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    assert!(begun.exists && begun.read_only.is_none());
    assert_eq!(begun.blueprint.as_deref(), Some("test-logs.sh"));
    assert_eq!(begun.content, std::fs::read_to_string(&path).unwrap());

    let text = "#!/bin/bash\r\necho 'grüße \u{1f600}'\r\nno end";
    let after = saved(
        scripts
            .save(made.id, SCRIPT, edit(text, &begun.version))
            .await
            .unwrap(),
    );
    assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o750
    );
    assert_eq!(after, scripts.open(made.id, SCRIPT).await.unwrap());
    assert_ne!(after.version, begun.version);
    let left = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !names.iter().any(|name| name.to_string_lossy().ends_with(".new")),
        "{names:?}"
    );
}

#[tokio::test]
async fn who_began_with_an_older_text_is_shown_what_is_there() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    let (one, two) = tokio::join!(
        scripts.save(made.id, SCRIPT, edit("echo one\n", &begun.version)),
        scripts.save(made.id, SCRIPT, edit("echo two\n", &begun.version))
    );
    let (first, second) = (one.unwrap(), two.unwrap());
    let (won, lost) = if matches!(first, Saving::Saved(_)) {
        (saved(first), stale(second))
    } else {
        (saved(second), stale(first))
    };
    assert_eq!(won, lost);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), won.content);

    // An editor outside of the panel counts, too.
    std::fs::write(&path, "echo by hand\n").unwrap();
    let there = stale(
        scripts
            .save(made.id, SCRIPT, edit("echo mine\n", &won.version))
            .await
            .unwrap(),
    );
    assert_eq!(there.content, "echo by hand\n");
    let mine = scripts
        .diff(made.id, SCRIPT, Against::Present, Some("echo mine\n".to_owned()))
        .await
        .unwrap();
    let lines = &mine.hunks[0].lines;
    assert_eq!(
        (lines[0].kind, lines[0].text.as_str()),
        (DiffKind::Removed, "echo by hand")
    );
    assert_eq!(
        (lines[1].kind, lines[1].text.as_str()),
        (DiffKind::Added, "echo mine")
    );
    saved(
        scripts
            .save(made.id, SCRIPT, edit("echo mine\n", &there.version))
            .await
            .unwrap(),
    );
    // Everybody's text is still to be had.
    let kept: Vec<String> = texts(&bench.engine, &made, SCRIPT)
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    for text in [
        "echo by hand\n",
        "echo mine\n",
        won.content.as_str(),
        begun.content.as_str(),
    ] {
        assert!(kept.iter().any(|kept| kept == text), "{text}: {kept:?}");
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_a_file_is_refused_with_a_sentence() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    let large = "x".repeat(1024 * 1024 + 1);
    for (text, word) in [("a\0b", "zero"), (large.as_str(), "1 MiB")] {
        let error = scripts.save(made.id, SCRIPT, edit(text, &begun.version)).await;
        assert!(error.unwrap_err().to_string().contains(word));
    }
    std::fs::write(&path, b"caf\xe9").unwrap();
    let error = scripts.open(made.id, SCRIPT).await.unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
    // The blueprint's text replaces it, and the bytes stay in the history.
    saved(scripts.reset(made.id, SCRIPT, None).await.unwrap());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), begun.content);
    assert_eq!(scripts.versions(made.id, SCRIPT).await.unwrap()[1].bytes, 4);
}

#[tokio::test]
async fn requirements_begin_empty_and_a_missing_script_with_the_blueprint() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let file = ScriptFile::Requirements;
    let begun = scripts.open(made.id, file).await.unwrap();
    assert_eq!((begun.content.as_str(), begun.exists), ("", false));
    assert!(begun.blueprint.is_none());
    saved(
        scripts
            .save(made.id, file, edit("numpy\n", &begun.version))
            .await
            .unwrap(),
    );
    let requirements = path.with_file_name("requirements.txt");
    assert_eq!(std::fs::read_to_string(&requirements).unwrap(), "numpy\n");
    assert_eq!(
        std::fs::metadata(&requirements).unwrap().permissions().mode() & 0o777,
        0o644
    );
    assert_eq!(
        stale(
            scripts
                .save(made.id, file, edit("torch\n", &begun.version))
                .await
                .unwrap()
        )
        .content,
        "numpy\n",
        "it was made meanwhile"
    );
    assert!(matches!(
        scripts.reset(made.id, file, None).await,
        Err(Error::InvalidField { field: "file", .. })
    ));

    let before = scripts.open(made.id, SCRIPT).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let missing = scripts.open(made.id, SCRIPT).await.unwrap();
    assert_eq!((missing.content, missing.exists), (before.content, false));
}

#[tokio::test]
async fn launch_arguments_are_the_instances_field() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let (scripts, file) = (&bench.engine.scripts, ScriptFile::LaunchArgs);
    let begun = scripts.open(made.id, file).await.unwrap();
    let after = saved(
        scripts
            .save(made.id, file, edit("--port 1\r\n--listen\n", &begun.version))
            .await
            .unwrap(),
    );
    assert_eq!(after.content, "--port 1\n--listen", "as the form writes it");
    let row = bench.engine.instances.get(made.id).await.unwrap();
    assert_eq!(
        (row.launch_args.as_str(), row.row_version),
        ("--port 1\n--listen", 2)
    );
    assert!(
        !path.with_file_name("launch_args.txt").exists(),
        "a start writes it"
    );

    // The form of the drawer saved since.
    let change = InstanceChange {
        launch_args: Some("--form".to_owned()),
        ..InstanceChange::default()
    };
    bench
        .engine
        .instances
        .update(made.id, change, false)
        .await
        .unwrap();
    let there = stale(
        scripts
            .save(made.id, file, edit("--mine", &after.version))
            .await
            .unwrap(),
    );
    assert_eq!(there.content, "--form");
    // Another field did: that is no conflict.
    let change = InstanceChange {
        autostart: Some(true),
        ..InstanceChange::default()
    };
    bench
        .engine
        .instances
        .update(made.id, change, false)
        .await
        .unwrap();
    saved(
        scripts
            .save(made.id, file, edit("--mine", &there.version))
            .await
            .unwrap(),
    );
    let error = scripts
        .save(
            made.id,
            file,
            Edit {
                content: "--a \"open".to_owned(),
                version: None,
            },
        )
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::InvalidField {
                field: "launch_args",
                ..
            }
        ),
        "{error}"
    );
    let kept = texts(&bench.engine, &made, file).await;
    let kept: Vec<&str> = kept.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(kept, ["--mine", "--form", "--port 1\n--listen", ""]);
    let check = scripts.check(made.id, file, "ok\n'".to_owned()).await.unwrap();
    assert_eq!(
        (check.findings[0].line, check.findings[0].severity),
        (2, Severity::Error)
    );
}

#[tokio::test]
async fn bash_and_shellcheck_say_where() {
    let bench = Bench::new().await;
    let (made, _) = instance(&bench).await;
    let marker = bench.path("ran");
    let text = format!(
        "#!/bin/bash\ntouch {}\nname='ä ö'\n\techo 'ü' $name\nif true; then\n",
        marker.display()
    );
    let check = bench.engine.scripts.check(made.id, SCRIPT, text).await.unwrap();
    let by = |source: &str| {
        let found = check.findings.iter().filter(|finding| finding.source == source);
        found.collect::<Vec<_>>()
    };
    let bash = by("bash");
    assert!(
        bash[0].message.contains("syntax error") && bash[0].severity == Severity::Error,
        "{check:?}"
    );
    assert!(!marker.exists(), "nothing of it is run");
    if check.notes.is_empty() {
        assert!(!by("shellcheck").is_empty(), "{check:?}");
        let text = "#!/bin/bash\nname='ä ö'\n\techo 'ü' $name\n".to_owned();
        let check = bench.engine.scripts.check(made.id, SCRIPT, text).await.unwrap();
        let quote = check
            .findings
            .iter()
            .find(|finding| finding.code == "SC2086")
            .unwrap();
        assert_eq!((quote.line, quote.column, quote.end_column), (3, 11, 16));
    } else {
        eprintln!("skipped: {:?}", check.notes);
    }
}
