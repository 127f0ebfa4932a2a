//! Programs that not every machine has: tried where they are installed.

use std::os::unix::fs::symlink;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use types::desktops::DesktopSettings;
use types::instances::InstanceChange;

use super::*;
use crate::panel::SERVER;

const FIREFOX: &str = "firefox-esr";

/// Where a program is; says so when it is nowhere.
fn find(name: &str, package: &str) -> Option<PathBuf> {
    let found = path_dirs().map(|dir| dir.join(name)).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {name} is missing (apt-get install --no-install-recommends {package})");
    }
    found
}

fn path_dirs() -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .collect::<Vec<_>>()
        .into_iter()
}

/// Every program of this machine except those that the name fits.
fn programs_without(unwanted: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in path_dirs()
        .filter_map(|dir| dir.read_dir().ok())
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        if !unwanted
            .iter()
            .any(|unwanted| name.to_string_lossy().contains(unwanted))
        {
            // The first one counts.
            let _ = symlink(entry.path(), dir.path().join(&name));
        }
    }
    dir
}

#[tokio::test]
async fn firefox_shows_the_page_where_there_is_no_chromium() {
    if find(FIREFOX, FIREFOX).is_none() {
        return;
    }
    let (panel, programs) = (panel().await, programs_without(&["chrom"]));
    let new = NewInstance {
        env_vars: format!("PATH={}", programs.path().display()),
        ..shown()
    };
    let id = panel.create_with("ready = http", SERVER, new).await;
    for _ in 0..2 {
        ready(&panel, id).await;
        let session = Session::of(&panel.engine, panel.data.path(), id).await;
        wait_until("Firefox to ask the app", async || {
            panel.log(id).await.matches("asked").count() > 2 && !session.pids(FIREFOX).is_empty()
        })
        .await;
        assert!(session.pids(BROWSER).is_empty());
        let profile = session.data.join("desktop/firefox");
        let settings = std::fs::read_to_string(profile.join("user.js")).unwrap();
        assert!(settings.contains("browser.aboutwelcome.enabled"), "{settings}");
        // Ended by force, it leaves a lock; the next one begins nevertheless.
        let firefox = session.pid(FIREFOX);
        crate::panel::kill(firefox);
        session.until_another(FIREFOX, firefox).await;
        panel.stop(id).await;
        session.assert_nothing_left();
        assert!(!profile.join("lock").is_symlink());
    }
    panel.engine.shutdown(false).await;
}

#[tokio::test]
async fn what_an_app_plays_is_heard_by_the_viewer() {
    let (Some(_), Some(_)) = (
        find("pulseaudio", "pulseaudio"),
        find("pacat", "pulseaudio-utils"),
    ) else {
        return;
    };
    let panel = panel().await;
    // Noise, as soon as it is asked for.
    let body = "until [ -e play ]; do sleep 0.1; done; exec pacat --playback --raw /dev/urandom";
    let id = panel
        .create_with("ready = process; desktop = required", body, shown())
        .await;
    let change = InstanceChange {
        desktop: Some(DesktopSettings {
            audio: true,
            ..DesktopSettings::default()
        }),
        ..InstanceChange::default()
    };
    panel.engine.instances.update(id, change, false).await.unwrap();
    ready(&panel, id).await;
    let session = Session::of(&panel.engine, panel.data.path(), id).await;
    wait_until("the sound server", async || {
        session.place.join("run/pulse/native").exists()
    })
    .await;
    let mut viewer = Viewer::open(&panel.engine, id).await;
    viewer.says("START_AUDIO").await;
    viewer.until(|frame| frame.starts_with(b"AUDIO_STARTED")).await;
    std::fs::write(session.data.join("play"), "").unwrap();
    for _ in 0..20 {
        viewer.until(|frame| frame.first() == Some(&SOUND)).await;
    }
    panel.stop(id).await;
    session.assert_nothing_left();
    panel.engine.shutdown(false).await;
}

/// Begins a message of the stream that holds sound.
const SOUND: u8 = 1;

/// The least that can look at a desktop: RFC 6455 with short messages of its own.
struct Viewer(Box<dyn engine::instances::Duplex>);

impl Viewer {
    async fn open(engine: &Engine, id: InstanceId) -> Self {
        let mut stream = engine.desktops.connect(id).await.unwrap();
        let request = "GET /api/websockets HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nUpgrade: websocket\r\n\
                       Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&head)
        );
        let mut viewer = Self(stream);
        viewer
            .says(r#"SETTINGS,{"displayId":"primary","initial_width":1280,"initial_height":720}"#)
            .await;
        viewer
    }

    async fn says(&mut self, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        // A mask of zeros leaves the text as it is.
        self.0
            .write_all(&[0x81, 0x80 | length, 0, 0, 0, 0])
            .await
            .unwrap();
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn until(&mut self, wanted: impl Fn(&[u8]) -> bool) {
        let found = async { while !wanted(&self.next().await) {} };
        tokio::time::timeout(crate::waiting::LIMIT, found)
            .await
            .expect("such a message");
    }

    async fn next(&mut self) -> Vec<u8> {
        let _kind = self.0.read_u8().await.unwrap();
        let length = match self.0.read_u8().await.unwrap() & 0x7f {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            length => u64::from(length),
        };
        let mut message = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut message).await.unwrap();
        message
    }
}
