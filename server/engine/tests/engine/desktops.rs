//! Desktops with the real programs: screen, window manager, stream, browser.
//!
//! The streaming software is installed once, below `target/`.

mod faults;
mod many;
mod optional;
mod session;
mod users;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::Engine;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use types::desktops::{DesktopState, DesktopStatus};
use types::instances::{Instance, InstanceId, NewInstance, Status};

use crate::panel::{Panel, create, open};
use crate::waiting::{wait_for, wait_until};

/// What streams, as `argv` of `/proc` names it.
const SELKIES: &str = "selkies";
const XVFB: &str = "Xvfb";
const OPENBOX: &str = "openbox";
const BROWSER: &str = "chromium";

/// Where the streaming software is, for all tests.
async fn tools() -> PathBuf {
    static TOOLS: OnceCell<PathBuf> = OnceCell::const_new();
    let install = async || {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("desktop");
        let said = engine::desktops::install(&dir, &dir, &CancellationToken::new(), |_| ()).await;
        said.unwrap();
        let found = engine::desktops::availability(&dir, &dir);
        assert!(found.available, "{} {:?}", found.reason, found.commands);
        dir
    };
    TOOLS.get_or_init(install).await.clone()
}

/// A data directory that finds it.
async fn data() -> TempDir {
    let data = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(tools().await, data.path().join("desktop")).unwrap();
    data
}

async fn panel() -> Panel {
    let data = data().await;
    let engine = open(data.path()).await;
    Panel { data, engine }
}

fn shown() -> NewInstance {
    NewInstance {
        persistent_mode: true,
        ..NewInstance::default()
    }
}

/// The program with a text field.
async fn tk_demo(panel: &Panel) -> InstanceId {
    let new = NewInstance {
        name: format!("tk {}", uuid::Uuid::new_v4()),
        base_blueprint: "TkDemo".to_owned(),
        ..NewInstance::default()
    };
    panel.engine.instances.create(new).await.unwrap().id
}

async fn until_state(engine: &Engine, id: InstanceId, state: DesktopState) -> DesktopStatus {
    wait_for(&format!("a desktop that is {state:?}"), async || {
        let status = engine.desktops.status(id).await.unwrap()?;
        let failed = status.state == DesktopState::Failed && state != DesktopState::Failed;
        assert!(!failed, "{}", status.reason);
        (status.state == state).then_some(status)
    })
    .await
}

/// A started instance whose desktop can be seen.
async fn ready(panel: &Panel, id: InstanceId) -> Instance {
    let row = panel.start(id, Status::Started).await;
    until_state(&panel.engine, id, DesktopState::Ready).await;
    row
}

/// The session of a running instance, from outside.
struct Session {
    data: PathBuf,
    /// Where its sockets are.
    place: PathBuf,
    display: u32,
}

impl Session {
    async fn of(engine: &Engine, data: &Path, id: InstanceId) -> Self {
        let row = engine.instances.get(id).await.unwrap();
        let run_dir = data
            .join("instances")
            .join(&row.dir)
            .join("logs")
            .join(row.run.to_string());
        let text = std::fs::read(run_dir.join("desktop.json")).unwrap();
        let state: serde_json::Value = serde_json::from_slice(&text).unwrap();
        Self {
            data: data.join("instances").join(&row.dir),
            place: state["place"].as_str().unwrap().into(),
            display: u32::try_from(state["status"]["display"].as_u64().unwrap()).unwrap(),
        }
    }

    /// Its processes whose first words hold this, oldest first.
    fn pids(&self, word: &str) -> Vec<u32> {
        Self::named(word, processes(&self.data))
    }

    /// The same by the directory of the session, which the instance's is not named to where it has a user of its own.
    fn pids_of_place(&self, word: &str) -> Vec<u32> {
        Self::named(word, processes(&self.place))
    }

    fn named(word: &str, processes: Vec<(u32, Vec<String>)>) -> Vec<u32> {
        let mut found: Vec<u32> = processes
            .into_iter()
            .filter(|(_, words)| words.iter().take(3).any(|found| found.contains(word)))
            .map(|(pid, _)| pid)
            .collect();
        found.sort_unstable();
        found
    }

    fn pid(&self, word: &str) -> u32 {
        *self.pids(word).first().unwrap_or_else(|| panic!("no {word}"))
    }

    /// Waits for another process than this.
    async fn until_another(&self, word: &str, than: u32) -> u32 {
        wait_for(&format!("another {word}"), async || {
            self.pids(word).into_iter().find(|pid| *pid != than)
        })
        .await
    }

    /// Types on the screen as a keyboard would.
    fn types(&self, text: &str) {
        assert!(self.xdotool(&["type", "--delay", "20", text], &self.place.join("Xauthority")));
    }

    fn xdotool(&self, words: &[&str], cookie: &Path) -> bool {
        #[expect(clippy::disallowed_methods, reason = "a test may start programs")]
        let mut command = std::process::Command::new("xdotool");
        let display = format!(":{}", self.display);
        command
            .args(words)
            .env("DISPLAY", display)
            .env("XAUTHORITY", cookie);
        command.output().unwrap().status.success()
    }

    /// Whether nothing of it is left: no process, directory, lock or socket.
    fn assert_nothing_left(&self) {
        assert_eq!(processes(&self.data), []);
        assert_eq!(processes(&self.place), []);
        assert!(!self.place.exists(), "{}", self.place.display());
        let (lock, socket) = (
            format!("/tmp/.X{}-lock", self.display),
            format!("/tmp/.X11-unix/X{}", self.display),
        );
        match std::fs::read_to_string(&lock) {
            // Another session has the number by now.
            Ok(pid) => assert!(crate::panel::is_alive(pid.trim().parse().unwrap()), "{lock}"),
            Err(_) => assert!(
                !Path::new(&socket).exists() || Path::new(&lock).exists(),
                "{socket}"
            ),
        }
    }
}

/// Living processes that an instance's directory is named to in their environment: pid and words.
fn processes(dir: &Path) -> Vec<(u32, Vec<String>)> {
    let dir = dir.to_string_lossy().into_owned();
    let read = |path: String| Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned());
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| crate::panel::is_alive(*pid))
        .filter(|pid| read(format!("/proc/{pid}/environ")).is_some_and(|found| found.contains(&dir)))
        .filter_map(|pid| {
            let words = read(format!("/proc/{pid}/cmdline"))?;
            Some((pid, words.split('\0').map(ToOwned::to_owned).collect()))
        })
        .collect()
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 1000
}
