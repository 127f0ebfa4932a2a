//! Asks an app whether it is ready, and later whether it is alive.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use types::blueprints::{Blueprint, Readiness};

use crate::runner::{Handle, Runner, Stream, log_frame};

/// While nobody listens: cheap, and a port that opens is noticed within it.
const CONNECT_PACE: Duration = Duration::from_millis(50);
/// While it answers but is not ready: begins here, doubles to [`ANSWER_PACE_MAX`].
const ANSWER_PACE: Duration = Duration::from_millis(250);
const ANSWER_PACE_MAX: Duration = Duration::from_secs(2);
/// An answer has to begin within this.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// The longest log line that readiness looks at, bytes.
const LINE_LIMIT: usize = 16 * 1024;

/// What a probe found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is ready.
    Ready,
    /// It is not ready in time, for this reason.
    Late(String),
    /// Whether it answers.
    Alive(bool),
}

/// One app to be asked.
pub(super) struct Probe {
    pub(super) runner: Arc<dyn Runner>,
    pub(super) handle: Handle,
    pub(super) blueprint: Blueprint,
    pub(super) port: u16,
    /// When a start that is not ready counts as stalled; none for an app that was ready before.
    pub(super) deadline: Option<Instant>,
    /// Between two looks at a started app.
    pub(super) interval: Duration,
    /// So many failures in a row make an app unhealthy.
    pub(super) failures: u32,
}

/// Why an attempt did not succeed.
enum Failure {
    /// Nobody listens.
    Closed,
    /// Somebody listens, but the answer will not do.
    Answer(String),
}

impl Probe {
    /// Asks until nobody wants to know any more.
    pub(super) async fn run(self, findings: mpsc::Sender<Finding>) {
        if let Some(deadline) = self.deadline {
            let mut problem = String::new();
            let ready = {
                let mut wait = std::pin::pin!(self.until_ready(&mut problem));
                timeout(deadline.saturating_duration_since(Instant::now()), &mut wait)
                    .await
                    .is_ok()
            };
            if !ready {
                if findings
                    .send(Finding::Late(self.late(&problem).await))
                    .await
                    .is_err()
                {
                    return;
                }
                self.until_ready(&mut problem).await;
            }
            if findings.send(Finding::Ready).await.is_err()
                || findings.send(Finding::Alive(true)).await.is_err()
            {
                return;
            }
            sleep(self.interval).await;
        }
        self.watch(findings).await;
    }

    async fn watch(&self, findings: mpsc::Sender<Finding>) {
        let mut failures: u32 = 0;
        loop {
            failures = if self.is_alive().await {
                0
            } else {
                failures.saturating_add(1)
            };
            let clear = failures == 0 || failures >= self.failures;
            if clear && findings.send(Finding::Alive(failures == 0)).await.is_err() {
                return;
            }
            sleep(self.interval).await;
        }
    }

    /// Waits until it is ready; cancelled and called again without harm.
    async fn until_ready(&self, problem: &mut String) {
        match &self.blueprint.ready {
            Readiness::Process => {}
            Readiness::Log(pattern) => match Regex::new(pattern) {
                Ok(pattern) => self.until_log(&pattern).await,
                Err(_) => self.until_answer(false, problem).await,
            },
            Readiness::Tcp => self.until_answer(false, problem).await,
            Readiness::Http => self.until_answer(true, problem).await,
        }
    }

    async fn until_answer(&self, http: bool, problem: &mut String) {
        let mut pace = ANSWER_PACE;
        loop {
            match self.ask(http).await {
                Ok(()) => return,
                Err(Failure::Closed) => {
                    problem.clear();
                    sleep(CONNECT_PACE).await;
                }
                Err(Failure::Answer(answer)) => {
                    *problem = answer;
                    sleep(pace).await;
                    pace = (pace * 2).min(ANSWER_PACE_MAX);
                }
            }
        }
    }

    async fn until_log(&self, pattern: &Regex) {
        while self.read_log(pattern).await.is_err() {
            sleep(ANSWER_PACE).await;
        }
    }

    /// Reads the log from its beginning until a line matches.
    async fn read_log(&self, pattern: &Regex) -> io::Result<()> {
        let mut stream = self.runner.open(&self.handle, Stream::Log(0)).await?;
        let mut line = Vec::new();
        loop {
            let (_, bytes) = log_frame(&mut stream).await?;
            for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
                line.extend_from_slice(&piece[..piece.len().min(LINE_LIMIT.saturating_sub(line.len()))]);
                if pattern.is_match(&String::from_utf8_lossy(&line)) {
                    return Ok(());
                }
                if piece.ends_with(b"\n") || piece.ends_with(b"\r") {
                    line.clear();
                }
            }
        }
    }

    async fn is_alive(&self) -> bool {
        match self.blueprint.ready {
            // That the process lives is watched anyway.
            Readiness::Process | Readiness::Log(_) => true,
            Readiness::Tcp => self.ask(false).await.is_ok(),
            Readiness::Http => self.ask(true).await.is_ok(),
        }
    }

    async fn ask(&self, http: bool) -> Result<(), Failure> {
        let connect = self.runner.open(&self.handle, Stream::Tcp(self.port));
        let Ok(Ok(mut app)) = timeout(ANSWER_LIMIT, connect).await else {
            return Err(Failure::Closed);
        };
        if !http {
            return Ok(());
        }
        let answer = async {
            let path = &self.blueprint.health_path;
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: aikore\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                self.port
            );
            app.write_all(request.as_bytes()).await?;
            let mut head = Vec::new();
            while !head.contains(&b'\n') && head.len() < 1024 {
                if app.read_buf(&mut head).await? == 0 {
                    break;
                }
            }
            io::Result::Ok(head)
        };
        match timeout(ANSWER_LIMIT, answer).await {
            Ok(Ok(head)) => match status(&head) {
                Some(status) if status < 500 => Ok(()),
                Some(status) => Err(Failure::Answer(format!("it answers with HTTP status {status}"))),
                None => Err(Failure::Answer("it does not answer in HTTP".to_owned())),
            },
            Ok(Err(error)) => Err(Failure::Answer(format!("its answer broke off ({error})"))),
            Err(_) => Err(Failure::Answer(
                "it accepts connections but does not answer".to_owned(),
            )),
        }
    }

    /// Why it is late, in words.
    async fn late(&self, problem: &str) -> String {
        let seconds = self.blueprint.start_timeout_s;
        let port = self.port;
        let others = self.runner.ports(&self.handle).await.unwrap_or_default();
        let detail = if !problem.is_empty() {
            format!("{problem}.")
        } else if matches!(self.blueprint.ready, Readiness::Log(_)) {
            "the line that says so has not come.".to_owned()
        } else if others.is_empty() || others.contains(&port) {
            format!("nothing listens on port {port} yet.")
        } else {
            let others: Vec<String> = others.iter().map(u16::to_string).collect();
            format!(
                "it listens on port {}, but should on {port} ($WEBUI_PORT).",
                others.join(", ")
            )
        };
        format!("Not ready after {seconds} s: {detail} It may still become ready.")
    }
}

/// The status of `HTTP/1.1 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\n').next()?).ok()?;
    let (version, rest) = line.split_once(' ')?;
    if !version.starts_with("HTTP/") {
        return None;
    }
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\nA: b"), Some(200));
        assert_eq!(status(b"HTTP/1.0 503\r\n"), Some(503));
        assert_eq!(status(b"SSH-2.0-OpenSSH\r\n"), None);
        assert_eq!(status(b""), None);
    }
}
