//! Programs of a desktop: one that runs once, and one that is begun again whenever it ends.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::instances::backoff::{self, Crashes};
use crate::process::command::{self, Command, End};
use crate::signal_name;

/// So many of the last lines of a program are told when it ends.
const LAST_LINES: usize = 5;

/// What a program said last. Programs of a desktop talk a lot, and nobody wants to read it while all is well.
#[derive(Clone, Default)]
struct Last(Arc<Mutex<VecDeque<String>>>);

impl Last {
    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(line.trim_end().to_owned());
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| !line.is_empty()).cloned().collect()
    }
}

/// How a program ended, as the rest of a sentence, and what it said last.
pub(super) struct Ended {
    pub(super) how: String,
    pub(super) said: Vec<String>,
}

impl Ended {
    fn new(end: io::Result<End>, last: &Last) -> Self {
        let how = match end {
            Ok(End::Code(code)) => format!("ended with exit code {code}"),
            Ok(End::Signal(number)) => format!("was ended by {}", signal_name(number)),
            Ok(End::Cancelled) => "was ended".to_owned(),
            Err(error) => format!("could not be run ({error})"),
        };
        Self {
            how,
            said: last.lines(),
        }
    }

    /// In one line.
    pub(super) fn in_words(&self) -> String {
        match self.said.last() {
            Some(line) => format!("{}: {line}", self.how),
            None => self.how.clone(),
        }
    }
}

/// A program that runs.
pub(super) struct Program {
    task: JoinHandle<io::Result<End>>,
    stop: CancellationToken,
    last: Last,
}

impl Program {
    pub(super) fn start(command: Command) -> Self {
        let (stop, last) = (CancellationToken::new(), Last::default());
        let (cancel, said) = (stop.clone(), last.clone());
        let task =
            tokio::spawn(async move { command::run(command, &cancel, |_, line| said.push(line)).await });
        Self { task, stop, last }
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Ended {
        let end = (&mut self.task).await.map_err(io::Error::other).flatten();
        Ended::new(end, &self.last)
    }

    /// Ends it.
    pub(super) async fn stop(&mut self) {
        self.stop.cancel();
        if !self.task.is_finished() {
            let _ = (&mut self.task).await;
        }
    }
}

impl Session {
    /// Begins a program again and again, until `stop`. `watch` looks at it while it runs, and comes back only with
    /// what is wrong with it. One that ends too often is left alone; then the answer is false.
    pub(super) async fn keep(
        &self,
        name: &str,
        make: impl AsyncFn() -> Command,
        watch: impl AsyncFn() -> String,
        stop: &CancellationToken,
    ) -> bool {
        let mut crashes = Crashes::default();
        while !stop.is_cancelled() {
            let ended = run_once(make().await, &watch, stop).await;
            if stop.is_cancelled() {
                break;
            }
            for line in &ended.said {
                self.journal.say(&format!("  {name}: {line}"));
            }
            let Some(wait) = crashes.count(Instant::now()) else {
                self.journal.say(&format!(
                    "{name} {} for the {}th time within {} minutes, and is left alone until the next start.",
                    ended.how,
                    backoff::LIMIT,
                    backoff::WINDOW.as_secs() / 60
                ));
                return false;
            };
            self.journal.say(&format!(
                "{name} {}. It is begun again in {} s.",
                ended.how,
                wait.as_secs()
            ));
            tokio::select! {
                () = sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
        true
    }
}

async fn run_once(command: Command, watch: &impl AsyncFn() -> String, stop: &CancellationToken) -> Ended {
    let (own, last) = (stop.child_token(), Last::default());
    let mut run = pin!(command::run(command, &own, |_, line| last.push(line)));
    let problem = tokio::select! {
        end = &mut run => return Ended::new(end, &last),
        problem = watch() => problem,
    };
    own.cancel();
    let _ = run.await;
    Ended {
        how: problem,
        said: last.lines(),
    }
}
