//! An engine with scripts of its own, and a look at their processes.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::instances::LogPosition;
use engine::{Engine, EngineConfig};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use types::instances::{Instance, InstanceId, NewInstance, Status};

use crate::waiting::LIMIT;

/// Answers every request with `$CODE`, on `$WEBUI_PORT`.
pub(crate) const SERVER: &str = r#"exec python3 -c '
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("CODE", "200")))
        self.end_headers()
        self.wfile.write(b"hi")
    def log_message(self, *what):
        print("asked", flush=True)
port = int(os.environ["WEBUI_PORT"]) + int(os.environ.get("BESIDE", "0"))
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
'"#;

pub(crate) fn config(data: &Path) -> EngineConfig {
    EngineConfig::new(data.to_owned(), env!("CARGO_BIN_EXE_aikore-shim").into())
}

pub(crate) async fn open(data: &Path) -> Engine {
    Engine::open(config(data)).await.unwrap()
}

pub(crate) struct Panel {
    pub(crate) data: TempDir,
    pub(crate) engine: Engine,
}

impl Panel {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(set: impl FnOnce(&mut EngineConfig)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = config(data.path());
        set(&mut config);
        let engine = Engine::open(config).await.unwrap();
        Self { data, engine }
    }

    /// An instance whose script is `metadata` (`ready = process; …`) and `body`.
    pub(crate) async fn create(&self, metadata: &str, body: &str) -> InstanceId {
        self.create_with(metadata, body, NewInstance::default()).await
    }

    pub(crate) async fn create_with(&self, metadata: &str, body: &str, new: NewInstance) -> InstanceId {
        create(&self.engine, self.data.path(), metadata, body, new).await
    }

    pub(crate) async fn until(&self, id: InstanceId, wanted: impl Fn(&Instance) -> bool) -> Instance {
        until(&self.engine, id, wanted).await
    }

    pub(crate) async fn until_status(&self, id: InstanceId, status: Status) -> Instance {
        self.until(id, |row| row.status == status).await
    }

    pub(crate) async fn start(&self, id: InstanceId, status: Status) -> Instance {
        self.engine.instances.start(id).await.unwrap();
        self.until_status(id, status).await
    }

    pub(crate) async fn stop(&self, id: InstanceId) -> Instance {
        self.engine.instances.stop(id).await.unwrap();
        self.until_status(id, Status::Stopped).await
    }

    pub(crate) async fn log(&self, id: InstanceId) -> String {
        self.engine
            .instances
            .log(id, None, LogPosition::Offset(0))
            .await
            .unwrap()
            .content
    }

    pub(crate) async fn until_log(&self, id: InstanceId, text: &str) -> String {
        let mut log = self.engine.instances.follow_log(id, None, 0).await.unwrap();
        let mut all = String::new();
        while !all.contains(text) {
            let piece = tokio::time::timeout(LIMIT, log.next()).await;
            all.push_str(
                &piece
                    .unwrap_or_else(|_| panic!("no `{text}` in {all}"))
                    .unwrap()
                    .content,
            );
        }
        all
    }

    pub(crate) fn run_dir(&self, row: &Instance) -> PathBuf {
        self.data
            .path()
            .join("instances")
            .join(&row.dir)
            .join("logs")
            .join(row.run.to_string())
    }
}

pub(crate) async fn create(
    engine: &Engine,
    data: &Path,
    metadata: &str,
    body: &str,
    new: NewInstance,
) -> InstanceId {
    let name = format!("script-{}", uuid::Uuid::new_v4());
    let mut script = String::from("#!/bin/bash\n### AIKORE-METADATA-START ###\n");
    for line in metadata.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        writeln!(script, "# aikore.{line}").unwrap();
    }
    writeln!(script, "### AIKORE-METADATA-END ###\n{body}").unwrap();
    std::fs::write(data.join("blueprints").join(format!("{name}.sh")), script).unwrap();
    let new = NewInstance {
        name: name.clone(),
        base_blueprint: name,
        ..new
    };
    engine.instances.create(new).await.unwrap().id
}

pub(crate) async fn until(engine: &Engine, id: InstanceId, wanted: impl Fn(&Instance) -> bool) -> Instance {
    let mut events = engine.events.subscribe();
    let wait = async {
        loop {
            let row = engine.instances.get(id).await.unwrap();
            if wanted(&row) {
                return row;
            }
            let _ = events.recv().await;
        }
    };
    if let Ok(row) = tokio::time::timeout(LIMIT, wait).await {
        return row;
    }
    panic!(
        "it did not come to that: {:?}",
        engine.instances.get(id).await.unwrap()
    );
}

pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}

pub(crate) fn kill(pid: u32) {
    signal(pid, Signal::SIGKILL);
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, signal).unwrap();
}

pub(crate) fn number_after(log: &str, word: &str) -> u32 {
    let rest = log.lines().find_map(|line| line.strip_prefix(word)).unwrap();
    rest.trim().parse().unwrap()
}

pub(crate) fn shim_pid(run_dir: &Path) -> u32 {
    let text = std::fs::read(run_dir.join("shim.json")).unwrap();
    let shim: serde_json::Value = serde_json::from_slice(&text).unwrap();
    u32::try_from(shim["shim"]["pid"].as_u64().unwrap()).unwrap()
}

/// Opens an engine on a thread of its own, lets `work` use it, and then takes it away in the middle of
/// everything, as a kill -9 of the panel would.
pub(crate) async fn killed_panel<T, F>(data: &Path, work: impl FnOnce(Engine) -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let data = data.to_owned();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let result = runtime.block_on(async { work(open(&data).await).await });
        runtime.shutdown_timeout(Duration::from_secs(5));
        result
    });
    tokio::task::spawn_blocking(|| thread.join().unwrap())
        .await
        .unwrap()
}
