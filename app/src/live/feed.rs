//! The followed log: which byte comes next, so that none is lost or shown twice over reconnections.

use leptos::prelude::Callback;
use types::events::ClientMessage;
use types::instances::{Instance, InstanceId};

/// A piece of the followed log, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPiece {
    /// Which run.
    pub run: u32,
    /// Offset of its first byte.
    pub offset: u64,
    /// Offset after its last byte.
    pub next_offset: u64,
    /// A new run began with this piece: what is shown belongs to the one before.
    pub fresh: bool,
    /// Bytes before it are gone: the file was rotated away meanwhile.
    pub gap: bool,
    /// Whole UTF-8 characters.
    pub text: String,
}

/// What is followed and how far it got.
pub(super) struct Followed {
    instance: InstanceId,
    wanted: Option<u32>,
    run: u32,
    next: u64,
    pub(super) sink: Callback<LogPiece>,
}

/// What to do with a piece from the server.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Show(LogPiece),
    AskAgain(ClientMessage),
    Ignore,
}

impl Followed {
    pub(super) fn new(
        instance: InstanceId,
        wanted: Option<u32>,
        run: u32,
        next: u64,
        sink: Callback<LogPiece>,
    ) -> Self {
        Self {
            instance,
            wanted,
            run,
            next,
            sink,
        }
    }

    /// The message that makes the server go on where this stands.
    pub(super) fn request(&self) -> ClientMessage {
        ClientMessage::FollowLog {
            instance: self.instance,
            run: self.wanted,
            offset: self.next,
        }
    }

    /// After a reconnection: an offset of an older run means nothing in a newer one.
    pub(super) fn meet(&mut self, instances: &[Instance]) {
        let newer = |row: &&Instance| row.id == self.instance && row.run > self.run;
        if self.wanted.is_none() && instances.iter().find(newer).is_some() {
            self.next = 0;
        }
    }

    /// Sorts in a piece.
    pub(super) fn take(
        &mut self,
        instance: InstanceId,
        run: u32,
        offset: u64,
        next_offset: u64,
        mut text: String,
    ) -> Step {
        if instance != self.instance || run < self.run || self.wanted.is_some_and(|wanted| wanted != run) {
            return Step::Ignore; // said before the server heard that something else is wanted
        }
        let fresh = run > self.run;
        if fresh && offset > 0 && self.next > 0 {
            // The offset asked for belonged to the run before.
            self.next = 0;
            return Step::AskAgain(self.request());
        }
        let expected = if fresh { 0 } else { self.next };
        if next_offset <= expected {
            return Step::Ignore;
        }
        if offset < expected {
            let known = usize::try_from(expected - offset).unwrap_or(usize::MAX);
            match text.get(known..) {
                Some(rest) => text = rest.to_owned(),
                None => return Step::AskAgain(self.request()),
            }
        }
        self.run = run;
        self.next = next_offset;
        Step::Show(LogPiece {
            run,
            offset: offset.max(expected),
            next_offset,
            fresh,
            gap: offset > expected,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leptos::prelude::Owner;

    const ID: InstanceId = InstanceId(7);

    fn followed(run: u32, next: u64) -> (Owner, Followed) {
        let owner = Owner::new();
        let sink = owner.with(|| Callback::new(|_| ()));
        (owner, Followed::new(ID, None, run, next, sink))
    }

    fn shown(step: Step) -> LogPiece {
        match step {
            Step::Show(piece) => piece,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pieces_in_order_are_shown_as_they_are() {
        let (_owner, mut log) = followed(3, 10);
        let piece = shown(log.take(ID, 3, 10, 14, "abcd".into()));
        assert_eq!(
            (piece.text.as_str(), piece.fresh, piece.gap),
            ("abcd", false, false)
        );
        assert_eq!(
            log.request(),
            ClientMessage::FollowLog {
                instance: ID,
                run: None,
                offset: 14
            }
        );
    }

    #[test]
    fn no_byte_is_shown_twice() {
        let (_owner, mut log) = followed(3, 10);
        assert_eq!(log.take(ID, 3, 6, 10, "abcd".into()), Step::Ignore);
        assert_eq!(shown(log.take(ID, 3, 8, 12, "abcd".into())).text, "cd");
    }

    #[test]
    fn a_new_run_starts_afresh_and_an_old_one_does_not_come_back() {
        let (_owner, mut log) = followed(3, 10);
        assert!(shown(log.take(ID, 4, 0, 4, "abcd".into())).fresh);
        assert_eq!(log.take(ID, 3, 10, 14, "abcd".into()), Step::Ignore);
    }

    #[test]
    fn an_offset_of_the_run_before_is_not_taken_for_one_of_the_new_run() {
        let (_owner, mut log) = followed(3, 10);
        let step = log.take(ID, 4, 10, 14, "abcd".into());
        assert_eq!(
            step,
            Step::AskAgain(ClientMessage::FollowLog {
                instance: ID,
                run: None,
                offset: 0
            })
        );
        assert!(shown(log.take(ID, 4, 0, 14, "0123456789abcd".into())).fresh);
    }

    #[test]
    fn rotated_away_bytes_are_told() {
        let (_owner, mut log) = followed(3, 10);
        assert!(shown(log.take(ID, 3, 500, 504, "abcd".into())).gap);
    }

    #[test]
    fn pieces_of_other_logs_are_ignored() {
        let (_owner, mut log) = followed(3, 10);
        assert_eq!(log.take(InstanceId(8), 3, 10, 14, "abcd".into()), Step::Ignore);
    }
}
