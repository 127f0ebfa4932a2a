//! What a shim does for the panel's connections.

use std::path::Path;
use std::time::{Duration, Instant};

use super::connections::{Connection, Request};
use super::protocol::{Answer, Command, Hello, Open, Push, State};
use super::{HERE, Shim, record};

/// Connections at the same time: the panel's one, and one for each reader of the log.
const CONNECTIONS_MAX: usize = 500;

impl Shim {
    pub(super) fn is_full(&self) -> bool {
        self.connections.len() >= CONNECTIONS_MAX
    }

    pub(super) fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            // One too many is closed at once: its owner tries again, and the shim keeps files for its own use.
            if !self.is_full()
                && let Ok(connection) = Connection::new(stream)
            {
                self.connections.push(connection);
            }
        }
    }

    pub(super) fn serve(&mut self, ready: &[bool]) {
        let mut connections = std::mem::take(&mut self.connections);
        for (index, connection) in connections.iter_mut().enumerate() {
            // One that was accepted just now may have spoken already.
            if ready.get(index).copied().unwrap_or(true) {
                connection.receive();
                while let Some(request) = connection.next_request() {
                    self.handle(connection, request);
                }
            }
            connection.pump(self.log.end());
        }
        connections.retain(|connection| !connection.is_gone());
        self.connections.append(&mut connections);
    }

    fn handle(&mut self, connection: &mut Connection, request: Request) {
        match request {
            Request::Open(open) => {
                let answer = self.admit(&open);
                connection.answer(&answer, &open.stream, Path::new(HERE));
                connection.push(&Push::State(self.state.clone()));
            }
            Request::Command(Command::Ping) => connection.push(&Push::Pong),
            Request::Command(Command::Seen) => self.kept |= self.over.is_some(),
            Request::Command(Command::Stop { grace_ms }) => {
                self.stop(Duration::from_millis(grace_ms));
            }
        }
    }

    fn admit(&mut self, open: &Open) -> Answer {
        if self.is_outdated() {
            Answer::Refused("a newer generation of this run exists".to_owned())
        } else if open.token != self.spec.token
            || open.uuid != self.spec.uuid
            || open.generation != self.spec.generation
        {
            Answer::Refused("this is another run".to_owned())
        } else {
            Answer::Hello(Hello {
                uuid: self.spec.uuid.clone(),
                generation: self.spec.generation,
                node: self.spec.node.clone(),
                boot_id: self.identity.boot_id.clone(),
                start_time: self.identity.start_time,
            })
        }
    }

    pub(super) fn is_outdated(&mut self) -> bool {
        self.looked = Instant::now();
        record::generation(Path::new(HERE)) > self.spec.generation
    }

    pub(super) fn set_state(&mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.state);
        self.news = true;
    }

    /// Tells every control connection what is new.
    pub(super) fn tell(&mut self) {
        if !std::mem::take(&mut self.news) {
            return;
        }
        let push = Push::State(self.state.clone());
        for connection in &mut self.connections {
            connection.push(&push);
        }
    }
}
