//! What ends by force, and what stands in the way.

use types::instances::Status;

use super::*;
use crate::panel::{SERVER, kill, shim_pid};

/// What the app that serves pages is known by.
const SERVER_WORD: &str = "http.server";

#[tokio::test]
async fn what_streams_is_begun_again_alone_and_so_is_the_window_manager() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    panel.until_log(id, "the window is open").await;
    let stays = (session.pid(XVFB), session.pid("tk_demo"));

    let openbox = session.pid(OPENBOX);
    kill(openbox);
    session.until_another(OPENBOX, openbox).await;
    let selkies = session.pid(SELKIES);
    kill(selkies);
    session.until_another(SELKIES, selkies).await;
    panel.until_log(id, "Selkies was ended by SIGKILL").await;
    wait_until("a picture", async || {
        panel.engine.desktops.screenshot(id).await.is_ok()
    })
    .await;

    assert_eq!((session.pid(XVFB), session.pid("tk_demo")), stays);
    // Until the new window manager has the windows in hand, keys go nowhere.
    wait_until("a key to arrive", async || {
        session.types("x");
        panel.log(id).await.contains("text: x")
    })
    .await;
    session.types("still here");
    panel.until_log(id, "still here").await;
    panel.stop(id).await;
    session.assert_nothing_left();
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_window_begins_again_with_its_screen() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    let row = ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    let (xvfb, app, selkies) = (session.pid(XVFB), session.pid("tk_demo"), session.pid(SELKIES));
    kill(xvfb);
    session.until_another("tk_demo", app).await;
    session.until_another(SELKIES, selkies).await;
    panel.until_log(id, "The screen was ended by SIGKILL").await;
    until_state(&panel.engine, id, DesktopState::Ready).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    wait_until("the new window to be open", async || {
        panel.log(id).await.matches("the window is open").count() == 2
    })
    .await;
    session.types("anew");
    panel.until_log(id, "text: anew").await;
    let now = panel.engine.instances.get(id).await.unwrap();
    assert_eq!(
        (now.status, now.run),
        (Status::Started, row.run),
        "the run went on"
    );
    panel.stop(id).await;
    session.assert_nothing_left();
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_page_goes_on_when_the_browser_or_the_screen_is_gone() {
    let panel = panel().await;
    let id = panel.create_with("ready = http", SERVER, shown()).await;
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    wait_until("the browser", async || !session.pids(BROWSER).is_empty()).await;
    let (app, xvfb, browser) = (session.pid(SERVER_WORD), session.pid(XVFB), session.pid(BROWSER));
    kill(browser);
    let browser = session.until_another(BROWSER, browser).await;
    assert_eq!((session.pid(SERVER_WORD), session.pid(XVFB)), (app, xvfb));

    kill(xvfb);
    session.until_another(XVFB, xvfb).await;
    wait_until("another browser", async || {
        let pids = session.pids(BROWSER);
        !pids.is_empty() && !pids.contains(&browser)
    })
    .await;
    until_state(&panel.engine, id, DesktopState::Ready).await;
    assert!(is_picture(&panel.engine.desktops.screenshot(id).await.unwrap()));
    assert_eq!(session.pid(SERVER_WORD), app);
    panel.stop(id).await;
    session.assert_nothing_left();
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn nothing_is_left_of_a_session_that_was_killed_or_lost_its_shim() {
    let panel = panel().await;
    for shim in [false, true] {
        let id = tk_demo(&panel).await;
        let row = ready(&panel, id).await;
        let session = Session::of(&panel.engine, panel.data.path(), id).await;
        let row = panel
            .until(id, |now| now.pid.is_some() && now.run == row.run)
            .await;
        kill(if shim {
            shim_pid(&panel.run_dir(&row))
        } else {
            row.pid.unwrap()
        });
        panel.until_status(id, Status::Error).await;
        session.assert_nothing_left();
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_display_whose_lock_names_a_living_stranger_is_left_alone() {
    let panel = panel().await;
    let id = tk_demo(&panel).await;
    let taken: Vec<u32> = (100..130)
        .filter(|number| {
            let file = std::fs::File::create_new(lock_of(*number));
            file.and_then(|mut file| {
                std::io::Write::write_all(&mut file, format!("{:>10}\n", std::process::id()).as_bytes())
            })
            .is_ok()
        })
        .collect();
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    panel.stop(id).await;
    let kept = taken.iter().all(|number| Path::new(&lock_of(*number)).exists());
    for number in &taken {
        std::fs::remove_file(lock_of(*number)).unwrap();
    }
    assert!(kept && !taken.contains(&session.display), "{}", session.display);
    panel.engine.shutdown(false).await;
}

fn lock_of(number: u32) -> String {
    format!("/tmp/.X{number}-lock")
}

#[tokio::test]
async fn a_display_takes_nobody_with_another_cookie() {
    let panel = panel().await;
    let (one, two) = (tk_demo(&panel).await, tk_demo(&panel).await);
    ready(&panel, one).await;
    ready(&panel, two).await;
    let one_session = Session::of(&panel.engine, panel.data.path(), one).await;
    let two_session = Session::of(&panel.engine, panel.data.path(), two).await;
    assert_ne!(one_session.display, two_session.display);
    let look = ["getmouselocation"];
    assert!(one_session.xdotool(&look, &one_session.place.join("Xauthority")));
    assert!(!one_session.xdotool(&look, Path::new("/dev/null")));
    assert!(!one_session.xdotool(&look, &two_session.place.join("Xauthority")));
    panel.until_log(one, "the window is open").await;
    panel.until_log(two, "the window is open").await;
    one_session.types("one");
    two_session.types("two");
    panel.until_log(one, "text: one").await;
    let log = panel.until_log(two, "text: two").await;
    assert!(!log.contains("text: one"));
    panel.stop(one).await;
    panel.stop(two).await;
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_place_that_cannot_be_made_is_said_and_a_page_runs_all_the_same() {
    let panel = panel().await;
    std::fs::write(panel.data.path().join("run/d"), "in the way").unwrap();
    let id = panel.create_with("ready = http", SERVER, shown()).await;
    panel.start(id, Status::Started).await;
    let status = until_state(&panel.engine, id, DesktopState::Failed).await;
    assert!(
        status.reason.contains("sockets cannot be made"),
        "{}",
        status.reason
    );
    panel.stop(id).await;
    panel.engine.shutdown(false).await;
}
