//! The program itself as a process of its own, asked over its real port.
#![expect(clippy::disallowed_methods, reason = "the program under test is started here")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::DEADLINE;

/// Between two looks at what another process does.
const PACE: Duration = Duration::from_millis(20);

pub(crate) fn aikore(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aikore"));
    command.args(arguments).env_remove("RUST_LOG");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AIKORE_")) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn output(arguments: &[&str]) -> Output {
    aikore(arguments).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn sentence(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A Python program; what it does is the test's business.
pub(crate) fn python(program: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", program]).stdin(Stdio::null());
    command
}

/// Waits for what no event tells.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(PACE).await;
    }
}

pub(crate) fn is_alive(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}

/// Memory that is no file's, kB.
pub(crate) fn anonymous(panel: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", panel.child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A running panel; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) link: String,
}

impl Running {
    pub(crate) fn start(data_dir: &str) -> Self {
        Self::with(data_dir, &[], Stdio::null())
    }

    /// A panel that asks for no login.
    pub(crate) fn open(data_dir: &Path) -> Self {
        Self::with(data_dir.to_str().unwrap(), &["--auth", "off"], Stdio::null())
    }

    /// One that asks for no login, with these variables around it.
    pub(crate) fn among(data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = aikore(&["--auth", "off"]);
        command.envs(variables.iter().copied());
        Self::of(command, data_dir.to_str().unwrap(), Stdio::null())
    }

    pub(crate) fn with(data_dir: &str, more: &[&str], errors: Stdio) -> Self {
        Self::of(aikore(more), data_dir, errors)
    }

    fn of(mut command: Command, data_dir: &str, errors: Stdio) -> Self {
        let mut child = command
            .args(["--addr", "127.0.0.1:0", "--data-dir", data_dir])
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut link = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut link)
            .unwrap();
        Self { child, link }
    }

    pub(crate) fn address(&self) -> &str {
        self.link.split("://").nth(1).unwrap().split('/').next().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub(crate) fn end(mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.child.wait().unwrap().code()
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }

    /// Status line and body of a request.
    pub(crate) fn request(&self, method: &str, path: &str, head: &str, body: &str) -> (String, String) {
        let mut stream = std::net::TcpStream::connect(self.address()).unwrap();
        let kind = if head.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{kind}Content-Length: {}\r\n{head}\
             Connection: close\r\n\r\n{body}",
            self.address(),
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (
            head.lines().next().unwrap_or_default().to_owned(),
            body.to_owned(),
        )
    }

    fn ask_open(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, body) = self.request(method, path, "", body);
        assert!(
            status.starts_with("HTTP/1.1 2"),
            "{method} {path}: {status} {body}"
        );
        serde_json::from_str(&body).unwrap()
    }

    /// A new instance of a custom blueprint, already told to start; its number.
    pub(crate) fn launch(&self, blueprint: &str) -> u64 {
        let new = json!({"name": blueprint, "base_blueprint": blueprint}).to_string();
        let id = self.ask_open("POST", "/api/instances/", &new)["id"]
            .as_u64()
            .unwrap();
        self.verb(id, "start");
        id
    }

    pub(crate) fn verb(&self, id: u64, verb: &str) -> Value {
        self.ask_open("POST", &format!("/api/instances/{id}/{verb}"), "")
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask_open("GET", path, "")
    }

    /// Waits for a status; gives the row.
    pub(crate) async fn until(&self, id: u64, status: &str) -> Value {
        let look = || {
            let row = self.get(&format!("/api/instances/{id}"));
            (row["status"] == status).then_some(row)
        };
        until(&format!("instance {id} is {status}"), look).await
    }

    /// Waits for a status and a process; gives the row and the pid.
    pub(crate) async fn until_process(&self, id: u64, status: &str) -> (Value, u64) {
        let look = || {
            let row = self.get(&format!("/api/instances/{id}"));
            let pid = row["pid"].as_u64()?;
            (row["status"] == status).then_some((row, pid))
        };
        until(&format!("instance {id} is {status} and has a process"), look).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
