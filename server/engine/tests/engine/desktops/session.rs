//! From the start of a session to its end.

use types::desktops::{DesktopSettings, DesktopState, Encoder, Input, Key};
use types::instances::{InstanceChange, Status};

use super::*;
use crate::panel::{SERVER, killed_panel, until};

#[tokio::test]
async fn a_window_is_seen_and_typed_into_and_nothing_of_it_is_left_behind() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    assert!(panel.engine.instances.get(id).await.unwrap().persistent_mode);
    ready(&panel, id).await;
    panel.until_log(id, "the window is open").await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    assert!(is_picture(&panel.engine.desktops.screenshot(id).await.unwrap()));
    panel
        .until(id, |row| row.desktop_display == Some(session.display))
        .await;
    session.types("hello there");
    panel.until_log(id, "text: hello there").await;

    // The same without a keyboard: click into the field, type, remove the last character.
    let field = Input::Click {
        x: 360,
        y: 120,
        button: 1,
        times: 1,
    };
    let text = Input::Text {
        text: " Äß€ (Q)!".to_owned(),
    };
    let key = Input::Key { key: Key::Backspace };
    for input in [field, Input::Key { key: Key::End }, text, key] {
        panel.engine.desktops.input(id, input).await.unwrap();
    }
    panel.until_log(id, "text: hello there Äß€ (Q)\n").await;
    assert!(session.pids(BROWSER).is_empty(), "it has a window of its own");

    panel.stop(id).await;
    let log = panel.log(id).await;
    assert!(
        log.contains("ended with the text: hello there Äß€ (Q)"),
        "it was asked first: {log}"
    );
    session.assert_nothing_left();
    assert!(panel.engine.desktops.status(id).await.unwrap().is_none());
    let error = panel.engine.desktops.screenshot(id).await.unwrap_err();
    assert!(error.to_string().contains("does not run"), "{error}");
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_page_is_shown_in_a_browser_once_the_app_is_ready() {
    let panel = panel().await;
    let id = panel.create_with("ready = http", SERVER, shown()).await;
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    wait_until("the browser to ask the app", async || {
        panel.log(id).await.matches("asked").count() > 2 && !session.pids(BROWSER).is_empty()
    })
    .await;
    panel.stop(id).await;
    session.assert_nothing_left();
    let profile = session.data.join("desktop/chromium");
    assert!(profile.is_dir() && !profile.join("SingletonLock").is_symlink());
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_session_outlives_the_panel_and_is_found_again() {
    let data = data().await;
    let path = data.path().to_owned();
    let (row, before) = killed_panel(data.path(), async move |engine| {
        let id = create(&engine, &path, "ready = http", SERVER, shown()).await;
        engine.instances.start(id).await.unwrap();
        let row = until(&engine, id, |row| row.status == Status::Started).await;
        until_state(&engine, id, DesktopState::Ready).await;
        let session = Session::of(&engine, &path, id).await;
        (row, (session.pid(XVFB), session.pid(SELKIES)))
    })
    .await;
    let engine = open(data.path()).await;
    until(&engine, row.id, |row| {
        row.status == Status::Started && row.pid.is_some()
    })
    .await;
    until_state(&engine, row.id, DesktopState::Ready).await;
    let session = Session::of(&engine, data.path(), row.id).await;
    assert_eq!((session.pid(XVFB), session.pid(SELKIES)), before);
    assert!(is_picture(&engine.desktops.screenshot(row.id).await.unwrap()));
    engine.instances.stop(row.id).await.unwrap();
    until(&engine, row.id, |row| row.status == Status::Stopped).await;
    session.assert_nothing_left();
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_session_ends_as_its_script_ends() {
    let panel = panel().await;
    for (body, told) in [
        ("exit 7", "exit code 7"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("kill -TERM $$", "SIGTERM"),
        ("kill -KILL $$", "SIGKILL"),
    ] {
        let id = panel
            .create_with("ready = process; desktop = required", body, shown())
            .await;
        panel.engine.instances.start(id).await.unwrap();
        let row = panel.until_status(id, Status::Error).await;
        assert!(row.status_reason.contains(told), "{body}: {}", row.status_reason);
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn what_is_chosen_for_a_desktop_takes_effect_at_the_next_start() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    ready(&panel, id).await;
    let chosen = InstanceChange {
        desktop: Some(DesktopSettings {
            encoder: Encoder::Jpeg,
            resolution: Some("800x600".to_owned()),
            ..DesktopSettings::default()
        }),
        ..InstanceChange::default()
    };
    let instances = &panel.engine.instances;
    let preview = instances.preview(vec![(id, chosen.clone())]).await.unwrap();
    assert!(
        preview[0].restarts && preview[0].changed == ["desktop"],
        "{preview:?}"
    );
    let mut wrong = chosen.clone();
    wrong.desktop.as_mut().unwrap().frame_rate = 0;
    let preview = instances.preview(vec![(id, wrong)]).await.unwrap();
    assert!(
        preview[0].problem.as_ref().unwrap().contains("frame rate"),
        "{preview:?}"
    );

    instances.update(id, chosen, true).await.unwrap();
    panel
        .until(id, |row| row.run == 2 && row.status == Status::Started)
        .await;
    until_state(&panel.engine, id, DesktopState::Ready).await;
    let picture = panel.engine.desktops.screenshot(id).await.unwrap();
    assert_eq!(picture[16..24], [0, 0, 3, 32, 0, 0, 2, 88], "800 by 600");
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    let words = processes(&session.data).into_iter().flat_map(|(_, words)| words);
    assert!(words.into_iter().any(|word| word == "--encoder=jpeg"));
    panel.stop(id).await;
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn what_is_missing_is_said_with_the_command_and_a_page_runs_all_the_same() {
    let panel = Panel::new().await;
    let found = panel.engine.desktops.availability().await.unwrap();
    assert!(
        !found.available && found.reason.contains("Selkies is missing"),
        "{found:?}"
    );
    assert!(found.commands[0].contains("aikore desktop install"), "{found:?}");

    let window = tk_demo(&panel).await;
    panel.engine.instances.start(window).await.unwrap();
    let row = panel.until_status(window, Status::Error).await;
    assert!(
        row.status_reason.contains("Selkies is missing"),
        "{}",
        row.status_reason
    );
    let log = panel.log(window).await;
    assert!(
        log.contains("[desktop] ") && log.contains("aikore desktop install"),
        "{log}"
    );

    let page = panel.create_with("ready = http", SERVER, shown()).await;
    panel.start(page, Status::Started).await;
    let status = until_state(&panel.engine, page, DesktopState::Failed).await;
    assert!(status.reason.contains("runs all the same"), "{}", status.reason);
    let error = panel.engine.desktops.screenshot(page).await.unwrap_err();
    assert!(error.to_string().contains("Selkies is missing"), "{error}");
    panel.stop(page).await;
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn the_screen_has_opengl_for_apps_that_ask_for_it_only() {
    let panel = panel().await;
    for (more, has_gl) in [("; desktop_gl = yes", true), ("", false)] {
        let metadata = format!("ready = process; desktop = required{more}");
        let id = panel.create_with(&metadata, "exec sleep 600", shown()).await;
        ready(&panel, id).await;
        let session = Session::of(&panel.engine, panel.data.path(), id).await;
        let mut screen = processes(&session.data)
            .into_iter()
            .filter(|(_, words)| words[0] == XVFB);
        let (_, words) = screen.next().unwrap();
        assert_eq!(!words.iter().any(|word| word == "GLX"), has_gl, "{words:?}");
        panel.stop(id).await;
    }
    panel.engine.shutdown(false).await;
}
