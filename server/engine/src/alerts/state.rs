//! Where a rule is with one thing it watches: a pure function of what was, what is, and when.

/// How long nothing has to be known of a thing that fired before that counts as its end, milliseconds.
const FORGOTTEN_MS: i64 = 60_000;

/// Where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It is not so.
    #[default]
    Quiet,
    /// It is so since then, not long enough yet.
    Pending { since: i64 },
    /// It is so, long enough.
    Firing,
    /// It was so, and is not (or nobody knows) since then; not long enough yet to count as over.
    Calming { since: i64, unknown: bool },
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Fire,
    Resolve,
}

/// One look. `is_so` is none where nothing is known; `for_ms` is how long it has to be so, and to be over.
pub(super) fn step(state: State, is_so: Option<bool>, now: i64, for_ms: i64) -> (State, Step) {
    match (state, is_so) {
        (State::Quiet, Some(true)) if for_ms <= 0 => (State::Firing, Step::Fire),
        (State::Quiet, Some(true)) => (State::Pending { since: now }, Step::Nothing),
        // A clock that was set back begins anew.
        (State::Pending { since }, Some(true)) if now < since => {
            (State::Pending { since: now }, Step::Nothing)
        }
        (State::Pending { since }, Some(true)) if now - since >= for_ms => (State::Firing, Step::Fire),
        (State::Pending { .. }, Some(true)) => (state, Step::Nothing),
        (State::Quiet | State::Pending { .. }, _) => (State::Quiet, Step::Nothing),
        (State::Firing | State::Calming { .. }, Some(true)) => (State::Firing, Step::Nothing),
        (State::Firing, Some(false)) if for_ms <= 0 => (State::Quiet, Step::Resolve),
        (State::Firing, known) => {
            let unknown = known.is_none();
            (State::Calming { since: now, unknown }, Step::Nothing)
        }
        (State::Calming { since, unknown }, known) => {
            if known.is_none() != unknown || now < since {
                return step(State::Firing, known, now, for_ms);
            }
            let enough = if unknown { FORGOTTEN_MS } else { for_ms };
            if now - since >= enough {
                (State::Quiet, Step::Resolve)
            } else {
                (state, Step::Nothing)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks one second apart; the steps by the second they happened.
    fn walk(for_s: i64, looks: &[Option<bool>]) -> Vec<(usize, Step)> {
        let mut state = State::default();
        let mut steps = Vec::new();
        for (second, is_so) in looks.iter().enumerate() {
            let now = 1_000_000 + i64::try_from(second).unwrap() * 1000;
            let (next, step) = step(state, *is_so, now, for_s * 1000);
            state = next;
            if step != Step::Nothing {
                steps.push((second, step));
            }
        }
        steps
    }

    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);

    #[test]
    fn it_fires_when_it_was_so_long_enough_and_ends_when_it_was_not_for_as_long() {
        let looks = [NO, YES, YES, NO, YES, YES, YES, YES, YES, NO, YES, NO, NO, NO, NO];
        assert_eq!(walk(3, &looks), [(7, Step::Fire), (14, Step::Resolve)]);
    }

    #[test]
    fn without_a_duration_it_is_told_at_once() {
        assert_eq!(
            walk(0, &[NO, YES, YES, NO, YES]),
            [(1, Step::Fire), (3, Step::Resolve), (4, Step::Fire)]
        );
    }

    #[test]
    fn what_is_not_known_fires_nothing_and_ends_something_only_after_a_minute() {
        assert_eq!(walk(2, &[YES, YES, None, YES, YES]), [], "a gap begins anew");
        let mut looks = vec![YES];
        looks.extend([None; 59]);
        assert_eq!(walk(0, &looks), [(0, Step::Fire)]);
        looks.extend([None; 2]);
        assert_eq!(walk(0, &looks), [(0, Step::Fire), (61, Step::Resolve)]);
        looks.truncate(30);
        looks.push(NO);
        assert_eq!(walk(0, &looks), [(0, Step::Fire), (30, Step::Resolve)]);
    }

    #[test]
    fn a_clock_that_is_set_back_fires_nothing_early() {
        let (pending, _) = step(State::Quiet, YES, 100_000, 10_000);
        let (pending, told) = step(pending, YES, 1000, 10_000);
        assert_eq!((pending, told), (State::Pending { since: 1000 }, Step::Nothing));
        assert_eq!(step(pending, YES, 11_000, 10_000).1, Step::Fire);
    }
}
