//! Shells with real processes: what they print, what is typed, and what is left of them.

mod ends;
mod environments;
mod flow;

use std::cell::Cell;
use std::path::PathBuf;

use engine::terminals::{Output, Person, Terminals, Viewer};
use tokio::time::timeout;
use types::instances::{InstanceId, NewInstance};
use types::terminals::{Terminal, TerminalEnd, TerminalId, TerminalPlace, TerminalSize};

use crate::panel::Panel;
use crate::waiting::LIMIT;

const PLAIN: &str = "ready = process";

fn person() -> Person {
    Person {
        who: "a test".to_owned(),
        from: "127.0.0.1".to_owned(),
    }
}

/// A home with nothing in it: what the person who runs the tests has in `.bashrc` may take its time. (That of pyenv
/// waits a minute for a lock which a killed shell has left behind.)
fn quiet_home(data: &std::path::Path) -> NewInstance {
    NewInstance {
        env_vars: format!("HOME={}", data.display()),
        ..NewInstance::default()
    }
}

/// An instance to open shells of.
async fn plain(panel: &Panel) -> InstanceId {
    panel.create_with(PLAIN, "", quiet_home(panel.data.path())).await
}

async fn shell(terminals: &Terminals, instance: InstanceId) -> Terminal {
    let place = TerminalPlace::Instance(instance);
    terminals
        .create(place, TerminalSize::default(), &person())
        .await
        .unwrap()
}

/// A viewer that shows everything at once, and checks that no byte is missing or comes twice.
struct Screen {
    viewer: Viewer,
    hand: u64,
    /// Bytes typed so far.
    typed: Cell<u64>,
    next: u64,
    text: Vec<u8>,
    end: Option<TerminalEnd>,
}

impl Screen {
    fn of(terminals: &Terminals, id: &TerminalId) -> Self {
        let hand = uuid::Uuid::new_v4().as_u64_pair().1;
        let viewer = terminals.look(id, None, Some(hand), &person()).unwrap();
        Self {
            hand,
            typed: Cell::new(0),
            next: viewer.begin().from,
            viewer,
            text: Vec::new(),
            end: None,
        }
    }

    /// Loses the connection and comes back.
    fn come_back(&mut self, terminals: &Terminals, id: &TerminalId) {
        self.viewer = terminals
            .look(id, Some(self.next), Some(self.hand), &person())
            .unwrap();
        assert_eq!(self.viewer.begin().from, self.next);
    }

    async fn take(&mut self) {
        match timeout(LIMIT, self.viewer.next()).await.unwrap() {
            Output::Bytes { offset, bytes } => {
                assert_eq!(offset, self.next, "bytes are missing or came twice");
                self.next += bytes.len() as u64;
                self.text.extend(bytes);
                self.viewer.hands().shown(self.next);
            }
            Output::Lost(bytes) => panic!("{bytes} bytes are lost"),
            Output::Size(..) => {}
            Output::Ended(end) => self.end = Some(end),
        }
    }

    fn type_in(&self, text: &str) {
        let place = self.typed.get();
        assert!(self.viewer.hands().type_in(place, text.as_bytes()));
        self.typed.set(place + text.len() as u64);
    }

    fn find(&self, wanted: &str) -> Option<usize> {
        let wanted = wanted.as_bytes();
        self.text
            .windows(wanted.len())
            .position(|stretch| stretch == wanted)
    }

    async fn until(&mut self, wanted: &str) {
        while self.find(wanted).is_none() {
            assert_eq!(self.end, None, "{}", String::from_utf8_lossy(&self.text));
            self.take().await;
        }
    }

    /// What a command prints behind `word=`, up to the end of the line.
    async fn ask(&mut self, command: &str, word: &str) -> String {
        self.text.clear();
        // So that the echo of what is typed does not hold the word itself.
        self.type_in(&format!("echo {word}''={command}\r"));
        let word = format!("{word}=");
        self.until(&word).await;
        let from = self.find(&word).unwrap() + word.len();
        while !self.text[from..].contains(&b'\r') {
            self.take().await;
        }
        let line = self.text[from..].split(|byte| *byte == b'\r').next().unwrap();
        String::from_utf8(line.to_vec()).unwrap()
    }

    async fn until_end(&mut self) -> TerminalEnd {
        loop {
            if let Some(end) = self.end {
                return end;
            }
            self.take().await;
        }
    }
}

impl Panel {
    async fn dir(&self, id: InstanceId) -> PathBuf {
        let row = self.engine.instances.get(id).await.unwrap();
        let dir = self.data.path().join("instances").join(row.dir);
        dir.canonicalize().unwrap()
    }
}

async fn screen_of(panel: &Panel, id: InstanceId) -> Screen {
    let terminal = shell(&panel.engine.terminals, id).await;
    Screen::of(&panel.engine.terminals, &terminal.id)
}

/// An instance, a shell of it, and who looks at that.
async fn opened(panel: &Panel) -> (InstanceId, Terminal, Screen) {
    let id = plain(panel).await;
    let terminal = shell(&panel.engine.terminals, id).await;
    let screen = Screen::of(&panel.engine.terminals, &terminal.id);
    (id, terminal, screen)
}
