//! One who looks at a terminal and types into it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use types::terminals::{TerminalEnd, TerminalSize};

use super::stage::{News, Stage, Told};

/// A look at a terminal; dropping it ends the look, not the terminal.
pub struct Viewer {
    begin: Begin,
    told: Told,
    changes: watch::Receiver<u64>,
    hands: Hands,
}

/// What a viewer does. Apart from what it sees, so that nobody who types waits for what is being shown.
#[derive(Clone)]
pub struct Hands {
    stage: Arc<Stage>,
    number: u64,
}

/// Where a viewer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The place of the first byte it is sent.
    pub from: u64,
    /// Bytes printed so far: what comes before was printed without this viewer.
    pub end: u64,
    /// Bytes that its hand has typed: what comes after them did not arrive.
    pub taken: u64,
}

/// What a viewer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// What the terminal printed.
    Bytes {
        /// The place of the first byte since the terminal's beginning.
        offset: u64,
        /// At most 64 KiB.
        bytes: Vec<u8>,
    },
    /// So many bytes were printed that nobody kept.
    Lost(u64),
    /// The size the programs know, and whether it is this viewer's.
    Size(TerminalSize, bool),
    /// There will be no more.
    Ended(TerminalEnd),
}

impl Viewer {
    pub(super) fn new(stage: Arc<Stage>, seen: Option<u64>, hand: Option<u64>) -> Self {
        // Without a name it is a hand of this connection alone.
        let hand = hand.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().1);
        let entry = stage.enter(seen, hand);
        let told = Told {
            position: entry.from,
            ..Told::default()
        };
        Self {
            begin: Begin {
                from: entry.from,
                end: entry.end,
                taken: entry.taken,
            },
            told,
            changes: entry.changes,
            hands: Hands {
                stage,
                number: entry.number,
            },
        }
    }

    /// Where it begins.
    pub fn begin(&self) -> Begin {
        self.begin
    }

    /// What it does.
    pub fn hands(&self) -> &Hands {
        &self.hands
    }

    /// What comes next; waits for it. Nothing is lost when the waiting is given up.
    pub async fn next(&mut self) -> Output {
        loop {
            self.changes.borrow_and_update();
            if let Some(news) = self.hands.stage.news(self.hands.number, &self.told) {
                return self.tell(news);
            }
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn tell(&mut self, news: News) -> Output {
        match news {
            News::Size(size, own) => {
                self.told.size = Some((size, own));
                Output::Size(size, own)
            }
            News::Lost(bytes, next) => {
                self.told.position = next;
                Output::Lost(bytes)
            }
            News::Bytes(stretch) => {
                self.told.position = stretch.offset + stretch.bytes.len() as u64;
                Output::Bytes {
                    offset: stretch.offset,
                    bytes: stretch.bytes,
                }
            }
            News::Ended(end) => {
                self.told.end = true;
                Output::Ended(end)
            }
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.hands.stage.leave(self.hands.number);
    }
}

impl Hands {
    /// A person was shown everything before this place: more may be sent.
    pub fn shown(&self, place: u64) {
        self.stage.shown(self.number, place);
    }

    /// Whether it holds programs back, and has shown nothing for so long.
    pub fn is_stuck(&self, long: Duration) -> bool {
        self.stage.is_stuck(self.number, long)
    }

    /// Whether programs are held back when this viewer is slow.
    pub fn wait_for_me(&self, wait: bool) {
        self.stage.wait_for(self.number, wait);
    }

    /// Types bytes of which the first has this place among all that this hand types; those that came before are left
    /// out. False when the program has not read what was typed before, and there is no more room.
    pub fn type_in(&self, place: u64, bytes: &[u8]) -> bool {
        self.stage.type_in(self.number, place, bytes)
    }

    /// Makes the terminal as large as this viewer's screen.
    pub fn resize(&self, size: TerminalSize) {
        self.stage.resize(self.number, size.within_reason());
    }
}
