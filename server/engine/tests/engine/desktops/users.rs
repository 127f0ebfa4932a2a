//! Desktops of users of their own.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use types::desktops::{DesktopSettings, Files};
use types::instances::{DeleteMode, InstanceChange, Status};

use super::*;
use crate::panel::{SERVER, config};

/// What a session itself, and what it starts for the app, is known by.
const OWN: [&str; 4] = [XVFB, OPENBOX, SELKIES, BROWSER];

/// So many panels were made. They know nothing of each other, so that each has a range of its own.
static PANELS: AtomicU32 = AtomicU32::new(0);

/// A panel that gives each desktop a user, and the directory of desktops; none where that cannot be tried.
async fn panel_with_users() -> Option<(Panel, TempDir)> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root gives desktops users of their own");
        return None;
    }
    let (tools, dir) = (tools().await, tempfile::tempdir().unwrap());
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    for entry in std::fs::read_dir(&tools).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("selkies-") {
            if !as_user(61_184, &["ls", &entry.path().to_string_lossy()])
                .status
                .success()
            {
                eprintln!("skipped: other users cannot get to {}", entry.path().display());
                return None;
            }
            symlink(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    let data = tempfile::tempdir().unwrap();
    let mut config = config(data.path());
    config.desktop_dir = Some(dir.path().to_owned());
    let first = 61_184 + 10 * PANELS.fetch_add(1, Ordering::Relaxed);
    config.desktop_uids = Some(format!("{first}-{}", first + 9).parse().unwrap());
    let engine = Engine::open(config).await.unwrap();
    Some((Panel { data, engine }, dir))
}

fn as_user(uid: u32, words: &[&str]) -> Output {
    let id = uid.to_string();
    #[expect(clippy::disallowed_methods, reason = "a test may start programs")]
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]);
    command.args(words).output().unwrap()
}

/// What `/proc/<pid>/status` says.
fn said(pid: u32, field: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let words = line.unwrap_or_default().split_whitespace();
    words.map(ToOwned::to_owned).collect()
}

/// The one user of a session's own programs; everything else of it is root's.
fn user_of(session: &Session) -> u32 {
    let mut users = std::collections::HashSet::new();
    for (pid, words) in processes(&session.place) {
        let (uids, gids) = (said(pid, "Uid"), said(pid, "Gid"));
        if uids.is_empty() {
            continue; // it has just ended
        }
        if OWN
            .iter()
            .any(|own| words.iter().take(3).any(|word| word.contains(own)))
        {
            assert!(uids.iter().all(|uid| *uid == uids[0]), "{words:?}: {uids:?}");
            assert_eq!(gids, uids, "{words:?}");
            assert_eq!(said(pid, "Groups"), Vec::<String>::new(), "{words:?}");
            assert_eq!(said(pid, "NoNewPrivs"), ["1"], "{words:?}");
            users.insert(uids[0].parse::<u32>().unwrap());
        } else {
            assert_eq!((&*uids[0], &*gids[0]), ("0", "0"), "{words:?}");
        }
    }
    assert_eq!(users.len(), 1, "{users:?}");
    users.into_iter().next().unwrap()
}

fn processes_of(uid: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| crate::panel::is_alive(*pid) && said(*pid, "Uid").first() == Some(&uid.to_string()))
        .collect()
}

#[tokio::test]
async fn each_desktop_is_of_a_user_of_its_own_who_sees_nothing_of_others() {
    let Some((panel, desktops)) = panel_with_users().await else {
        return;
    };
    let one = tk_demo(&panel).await;
    let two = panel.create_with("ready = http", SERVER, shown()).await;
    ready(&panel, one).await;
    ready(&panel, two).await;
    let of = async |id| Session::of(&panel.engine, panel.data.path(), id).await;
    let (window, page) = (of(one).await, of(two).await);
    panel.until_log(one, "the window is open").await;
    wait_until("the browser to ask the app", async || {
        panel.log(two).await.matches("asked").count() > 2 && !page.pids_of_place(BROWSER).is_empty()
    })
    .await;

    let (own, other) = (user_of(&window), user_of(&page));
    assert_ne!(own, other);
    let namespaces = ["unshare", "--map-root-user", "--pid", "--net", "--fork", "true"];
    let has_sandbox = as_user(other, &namespaces).status.success();
    let words: Vec<String> = processes(&page.place)
        .into_iter()
        .flat_map(|(_, words)| words)
        .collect();
    assert_eq!(words.iter().any(|word| word == "--no-sandbox"), !has_sandbox);
    // The desktop is shown and takes keys, although the app is root's.
    assert!(is_picture(&panel.engine.desktops.screenshot(one).await.unwrap()));
    assert!(is_picture(&panel.engine.desktops.screenshot(two).await.unwrap()));
    window.types("hello");
    panel.until_log(one, "text: hello").await;

    let home = |uid: u32| desktops.path().join("users").join(uid.to_string()).join("home");
    let reads = |path: &Path| {
        let path = path.to_string_lossy().into_owned();
        let read = as_user(own, &["sh", "-c", "cat \"$0\" || ls \"$0\"", &path]);
        read.status.success()
    };
    assert!(reads(&window.place.join("Xauthority")) && reads(&home(own)));
    for secret in [
        page.place.join("Xauthority"),
        page.place.join("run"),
        page.place.join("run/s"),
        home(other),
        home(other).join("chromium"),
        home(other).parent().unwrap().to_owned(),
        desktops.path().join("users"),
        panel.data.path().join("aikore.db"),
        panel.data.path().to_owned(),
        page.data.clone(),
    ] {
        assert!(secret.exists() && !reads(&secret), "{}", secret.display());
    }
    let connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])";
    let connects = |session: &Session| {
        let socket = session.place.join("run/s").to_string_lossy().into_owned();
        as_user(own, &["/usr/bin/python3", "-c", connect, &socket])
            .status
            .success()
    };
    assert!(connects(&window) && !connects(&page));

    panel.stop(one).await;
    panel.stop(two).await;
    for (session, uid) in [(&window, own), (&page, other)] {
        session.assert_nothing_left();
        assert_eq!(processes_of(uid), Vec::<u32>::new());
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_user_is_kept_until_its_instance_is_gone_and_its_files_are_found_with_the_instances() {
    let Some((panel, desktops)) = panel_with_users().await else {
        return;
    };
    let id = tk_demo(&panel).await;
    let change = InstanceChange {
        desktop: Some(DesktopSettings {
            files: Files::Both,
            ..DesktopSettings::default()
        }),
        ..InstanceChange::default()
    };
    panel.engine.instances.update(id, change, false).await.unwrap();
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    let uid = user_of(&session);
    let home = desktops.path().join("users").join(uid.to_string());

    let mut stream = panel.engine.desktops.connect(id).await.unwrap();
    let request = "POST /api/upload HTTP/1.0\r\nHost: localhost\r\nX-Upload-Path: note.txt\r\nContent-Length: 5\r\n\r\nhello";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("success"), "{answer}");
    let outputs = panel.data.path().join("outputs");
    let row = panel.engine.instances.get(id).await.unwrap();
    let link = format!("desktop-{}", row.dir);
    let arrived = outputs.join(&row.dir).join(link).join("note.txt");
    assert_eq!(std::fs::read_to_string(&arrived).unwrap(), "hello");

    // Whoever finds another's number taken takes the next one, and each finds its own again.
    std::fs::write(home.join("home/kept"), "").unwrap();
    panel.stop(id).await;
    let other = tk_demo(&panel).await;
    ready(&panel, other).await;
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    assert_eq!(user_of(&session), uid);
    let neighbour = Session::of(&panel.engine, panel.data.path(), other).await;
    assert_ne!(user_of(&neighbour), uid);
    assert!(home.join("home/kept").exists());
    panel.stop(id).await;
    panel.stop(other).await;

    let name = panel.engine.instances.get(id).await.unwrap().name;
    panel
        .engine
        .instances
        .delete(id, DeleteMode::Trash, None)
        .await
        .unwrap();
    let entry = wait_for("the instance in the trash", async || {
        let trashed = panel.engine.trash.list().await.unwrap();
        trashed.entries.into_iter().find(|entry| entry.name == name)
    })
    .await;
    assert!(home.exists(), "it may come back");
    panel.engine.trash.delete(&entry.entry, Some(name)).await.unwrap();
    wait_until("the user to be gone", async || !home.exists()).await;
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn a_desktop_without_a_number_left_is_said_and_the_page_runs_all_the_same() {
    let Some((panel, desktops)) = panel_with_users().await else {
        return;
    };
    std::fs::write(desktops.path().join("users"), "in the way").unwrap();
    let id = panel.create_with("ready = http", SERVER, shown()).await;
    panel.start(id, Status::Started).await;
    let status = until_state(&panel.engine, id, DesktopState::Failed).await;
    assert!(status.reason.contains("a user of its own"), "{}", status.reason);
    panel.stop(id).await;
    panel.engine.shutdown(false).await;
}
