//! Who is waited for, and who is sent what.

use super::standing::{RETURN, WINDOW};
use super::typing::INPUT_MAX;
use super::*;
use crate::terminals::ring;

const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

/// Lets somebody in, with a hand of the same number.
fn enter(stage: &Stage, seen: Option<u64>) -> looking::Entry {
    let number = stage.state().viewers_so_far + 1;
    stage.enter(seen, number)
}

/// Types what comes next.
fn press(stage: &Stage, viewer: u64, bytes: &[u8]) -> bool {
    let place = stage.state().input.taken(viewer);
    stage.type_in(viewer, place, bytes)
}

/// What the program reads.
fn typed(stage: &Stage) -> Vec<u8> {
    let read = std::cell::RefCell::new(Vec::new());
    stage.write_input(|bytes| {
        read.borrow_mut().extend_from_slice(bytes);
        bytes.len()
    });
    read.into_inner()
}

/// Sends a viewer all that may be on its way.
fn send_all(stage: &Stage, viewer: u64) -> Told {
    let mut told = Told {
        size: Some((SIZE, false)),
        ..Told::default()
    };
    while let Some(News::Bytes(stretch)) = stage.news(viewer, &told) {
        told.position += stretch.bytes.len() as u64;
    }
    told
}

#[test]
fn the_slowest_viewer_holds_the_program_back_until_it_looks_away() {
    let stage = Stage::new(SIZE);
    let (quick, slow) = (enter(&stage, None).number, enter(&stage, None).number);
    stage.printed(&vec![b'x'; usize::try_from(WINDOW).unwrap()]);
    assert!(!stage.errands().to_read);
    for viewer in [quick, slow] {
        send_all(&stage, viewer);
    }
    stage.shown(quick, WINDOW);
    assert!(!stage.errands().to_read, "the slow one has shown nothing");
    stage.shown(slow, 1);
    assert!(stage.errands().to_read);
    stage.printed(b"yz");
    stage.wait_for(slow, false);
    assert!(stage.errands().to_read, "nobody looks at the slow one");
    stage.wait_for(slow, true);
    stage.leave(slow);
    assert!(stage.errands().to_read, "who has left is not waited for");
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_connection_misses_nothing_for_a_while() {
    let stage = Stage::new(SIZE);
    let viewer = enter(&stage, None).number;
    stage.printed(b"seen");
    send_all(&stage, viewer);
    stage.shown(viewer, 4);
    stage.leave(viewer);
    while stage.errands().to_read {
        stage.printed(&vec![b'x'; 64 * 1024]);
    }
    let entry = enter(&stage, Some(4));
    let told = Told {
        position: entry.from,
        size: Some((SIZE, false)),
        ..Told::default()
    };
    let Some(News::Bytes(stretch)) = stage.news(entry.number, &told) else {
        panic!("what was not seen is gone");
    };
    assert_eq!(stretch.offset, 4);
    stage.leave(entry.number);
    tokio::time::advance(RETURN).await;
    assert!(
        stage.errands().to_read,
        "who does not come back is not waited for"
    );
}

#[test]
fn no_viewer_is_sent_more_than_the_window_ahead_of_what_it_has_shown() {
    let stage = Stage::new(SIZE);
    let viewer = enter(&stage, None).number;
    stage.printed(&vec![b'x'; 300_000]);
    stage.shown(viewer, 1_000_000);
    let told = send_all(&stage, viewer);
    assert_eq!(told.position, WINDOW);
    stage.shown(viewer, 10);
    let Some(News::Bytes(stretch)) = stage.news(viewer, &told) else {
        panic!("nothing more is sent");
    };
    assert_eq!((stretch.offset, stretch.bytes.len()), (WINDOW, 10));
}

#[test]
fn who_shows_nothing_is_sent_no_more_however_much_is_lost_meanwhile() {
    let stage = Stage::new(SIZE);
    let viewer = enter(&stage, None).number;
    stage.wait_for(viewer, false);
    stage.printed(&vec![b'x'; 300_000]);
    let mut told = send_all(&stage, viewer);
    assert_eq!(told.position, WINDOW);
    for _ in 0..5 {
        stage.printed(&vec![b'y'; ring::CAPACITY]);
        assert!(
            stage.news(viewer, &told).is_none(),
            "all of the window is on its way"
        );
    }
    stage.shown(viewer, WINDOW);
    let Some(News::Lost(bytes, next)) = stage.news(viewer, &told) else {
        panic!("what is lost is not told");
    };
    assert_eq!(told.position + bytes, next);
    told.position = next;
    while let Some(News::Bytes(stretch)) = stage.news(viewer, &told) {
        told.position += stretch.bytes.len() as u64;
    }
    assert_eq!(told.position, next + WINDOW, "a window of what is left");
}

#[test]
fn the_size_of_who_typed_last_counts() {
    let (stage, small, large) = (
        Stage::new(SIZE),
        TerminalSize { cols: 40, rows: 10 },
        TerminalSize { cols: 120, rows: 50 },
    );
    let (first, second) = (enter(&stage, None).number, enter(&stage, None).number);
    stage.resize(first, small);
    stage.resize(second, large);
    assert_eq!(stage.errands().resize, Some(large));
    assert!(stage.type_in(first, 0, b"a"));
    assert_eq!(stage.errands().resize, Some(small));
    stage.leave(first);
    assert_eq!(stage.errands().resize, Some(large), "who is left takes over");
}

#[test]
fn ctrl_c_does_not_wait_behind_what_nobody_reads() {
    let stage = Stage::new(SIZE);
    let viewer = enter(&stage, None).number;
    assert!(press(&stage, viewer, b"\x03"));
    assert!(!stage.errands().interrupt, "nothing waits, so it is typed");
    assert!(press(&stage, viewer, &vec![b'x'; INPUT_MAX - 1]));
    assert!(!press(&stage, viewer, b"y"), "there is no room");
    assert!(press(&stage, viewer, b"\x03"));
    let errands = stage.errands();
    assert!(errands.interrupt && !errands.to_write);
}

#[test]
fn what_is_typed_again_because_nobody_knows_whether_it_arrived_counts_once() {
    const HAND: u64 = 77;
    let stage = Stage::new(SIZE);
    let cut = stage.enter(None, HAND);
    assert_eq!(cut.taken, 0);
    assert!(stage.type_in(cut.number, 0, b"ab"));
    let back = stage.enter(None, HAND);
    assert_eq!(back.taken, 2);
    assert!(stage.type_in(back.number, 1, b"bcd"));
    // The old connection was not quite dead.
    assert!(stage.type_in(cut.number, 2, b"c"));
    assert!(stage.type_in(back.number, 4, b"e"));
    // Somebody else's begins at its own beginning.
    let other = stage.enter(None, HAND + 1);
    assert!(stage.type_in(other.number, 0, b"!"));
    assert_eq!(typed(&stage), b"abcde!");
}

#[test]
fn a_hand_that_was_forgotten_types_on() {
    let stage = Stage::new(SIZE);
    let first = enter(&stage, None).number;
    assert!(press(&stage, first, b"a"));
    for _ in 0..typing::HANDS_MAX {
        let other = enter(&stage, None).number;
        stage.leave(other);
    }
    assert!(stage.type_in(first, 1, b"b"));
    assert!(stage.type_in(first, u64::MAX, b"c"), "a place beyond all");
    assert_eq!(typed(&stage), b"abc");
}
