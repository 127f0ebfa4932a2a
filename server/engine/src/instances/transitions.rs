//! The state machine of an instance: which status follows from what happened.

use types::instances::Status;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It waits for its turn at the panel's start.
    Queue,
    /// Its turn came.
    Turn,
    /// A person starts it.
    Start,
    /// It is ready.
    Ready,
    /// It is not ready in time.
    Late,
    /// A person stops it, or it ended by itself and left processes that are being ended.
    Stop,
    /// Nothing of it is left, as a person wanted.
    Stopped,
    /// Nothing of it is left, or it never began, against the person's wish.
    Failed,
    /// Nothing of it is left, and it begins again.
    Again,
}

/// The status after a change; none when the change comes too late or does not apply, and nothing may happen.
pub(super) fn next(status: Status, change: Change) -> Option<Status> {
    use Status::{Error, Queued, Stalled, Started, Starting, Stopped, Stopping};
    match (change, status) {
        (Change::Queue, Stopped | Error) => Some(Queued),
        (Change::Start, Stopped | Error)
        | (Change::Turn, Queued)
        | (Change::Again, Starting | Started | Stalled | Stopping) => Some(Starting),
        (Change::Ready, Starting | Stalled) => Some(Started),
        (Change::Late, Starting) => Some(Stalled),
        (Change::Stop, Queued) | (Change::Stopped, Stopping) => Some(Stopped),
        (Change::Stop, Starting | Started | Stalled) => Some(Stopping),
        (Change::Failed, Queued | Starting | Started | Stalled | Stopping) => Some(Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_probe_changes_nothing_after_a_stop() {
        assert_eq!(next(Status::Stopping, Change::Ready), None);
        assert_eq!(next(Status::Stopped, Change::Ready), None);
        assert_eq!(next(Status::Stopped, Change::Late), None);
        assert_eq!(next(Status::Error, Change::Ready), None);
    }

    #[test]
    fn only_something_at_rest_can_be_started() {
        for status in [
            Status::Queued,
            Status::Starting,
            Status::Started,
            Status::Stalled,
            Status::Stopping,
        ] {
            assert_eq!(next(status, Change::Start), None, "{status:?}");
        }
        assert_eq!(next(Status::Installing, Change::Start), None);
        assert_eq!(next(Status::Error, Change::Start), Some(Status::Starting));
    }

    #[test]
    fn stopped_is_reached_by_proof_only() {
        for status in [Status::Starting, Status::Started, Status::Stalled, Status::Error] {
            assert_eq!(next(status, Change::Stopped), None, "{status:?}");
            assert_ne!(next(status, Change::Stop), Some(Status::Stopped), "{status:?}");
        }
        assert_eq!(
            next(Status::Queued, Change::Stop),
            Some(Status::Stopped),
            "nothing of it ran"
        );
    }

    #[test]
    fn a_stalled_start_may_still_become_ready() {
        assert_eq!(next(Status::Starting, Change::Late), Some(Status::Stalled));
        assert_eq!(next(Status::Stalled, Change::Ready), Some(Status::Started));
        assert_eq!(next(Status::Started, Change::Late), None);
    }

    #[test]
    fn the_verbs_agree_with_what_the_buttons_offer() {
        use Status::{Error, Installing, Queued, Stalled, Started, Starting, Stopped, Stopping};
        for status in [
            Error, Installing, Queued, Stalled, Started, Starting, Stopped, Stopping,
        ] {
            assert_eq!(
                next(status, Change::Start).is_some(),
                status.can_start(),
                "{status:?}"
            );
            assert_eq!(
                next(status, Change::Stop).is_some(),
                status.can_stop(),
                "{status:?}"
            );
        }
    }
}
