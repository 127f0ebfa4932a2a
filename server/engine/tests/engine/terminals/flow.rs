//! Bytes in both directions, sizes and floods.

use engine::terminals::Output;
use tokio::time::timeout;
use types::terminals::TerminalSize;

use super::{Screen, opened, person, plain, shell};
use crate::panel::Panel;
use crate::waiting::{LIMIT, wait_until};

#[tokio::test]
async fn no_byte_is_lost_or_doubled_however_often_the_connection_is() {
    let panel = Panel::new().await;
    let (_, terminal, mut screen) = opened(&panel).await;
    let terminals = &panel.engine.terminals;
    screen.type_in("stty -opost; seq 1 700000; echo e''nd\r");
    let mut cuts = 0;
    while screen.find("end\n").is_none() {
        let before = screen.text.len();
        while screen.text.len() == before {
            screen.take().await;
        }
        screen.come_back(terminals, &terminal.id);
        cuts += 1;
        if cuts % 7 == 0 {
            // What was received and not shown before the cut comes from the connection after it.
            screen.come_back(terminals, &terminal.id);
        }
    }
    assert!(cuts > 30, "{cuts}");
    let mut expected: Vec<u8> = Vec::new();
    for number in 1..=700_000 {
        expected.extend(format!("{number}\n").as_bytes());
    }
    let from = screen.find("1\n2\n3\n").unwrap();
    assert!(
        screen.text[from..].starts_with(&expected),
        "what was printed came otherwise"
    );
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn no_key_is_lost_or_doubled_however_often_the_connection_is() {
    let panel = Panel::new().await;
    let (id, terminal, mut screen) = opened(&panel).await;
    let terminals = &panel.engine.terminals;
    let text: Vec<u8> = (0..5000)
        .flat_map(|line| format!("line {line}\n").into_bytes())
        .collect();
    screen.ask("ready", "first").await;
    screen.type_in(&format!(
        "stty -echo; echo be''gins; head -c {} >typed; echo e''nd\r",
        text.len()
    ));
    screen.until("begins").await;
    let begin = screen.typed.get();
    let mut sent = 0;
    for turn in 0.. {
        // What was sent last may have arrived or not: that is known by what the next connection begins with.
        screen.come_back(terminals, &terminal.id);
        let arrived = usize::try_from(screen.viewer.begin().taken - begin).unwrap();
        assert!(arrived <= sent, "{arrived} of {sent} arrived");
        if arrived == text.len() {
            break;
        }
        let from = arrived.saturating_sub(turn % 50);
        sent = text.len().min(arrived + 7 + turn % 90);
        let place = begin + from as u64;
        assert!(screen.viewer.hands().type_in(place, &text[from..sent]));
    }
    screen.until("end\r\n").await;
    let typed = std::fs::read(panel.dir(id).await.join("typed")).unwrap();
    assert!(typed == text, "{}", String::from_utf8_lossy(&typed));
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn bytes_that_are_no_text_come_as_they_are() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let terminal = shell(&panel.engine.terminals, id).await;
    let mut screen = Screen::of(&panel.engine.terminals, &terminal.id);
    screen.type_in(
        "stty -opost; printf be''gin:; head -c 3000000 /dev/urandom | tee garbage; printf :e''nd:\r",
    );
    screen.until("begin:").await;
    let from = screen.find("begin:").unwrap() + 6;
    while screen.text.len() < from + 3_000_005 {
        screen.take().await;
    }
    let garbage = std::fs::read(panel.dir(id).await.join("garbage")).unwrap();
    assert!(screen.text[from..].starts_with(&garbage));
    assert!(screen.text[from + garbage.len()..].starts_with(b":end:"));
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn the_last_of_ten_thousand_sizes_counts() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let terminal = shell(&panel.engine.terminals, id).await;
    let mut screen = Screen::of(&panel.engine.terminals, &terminal.id);
    screen.ask("ready", "first").await;
    for turn in 0..10_000_u16 {
        let size = TerminalSize {
            cols: turn,
            rows: u16::MAX - turn,
        };
        screen.viewer.hands().resize(size);
        if turn % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    screen.viewer.hands().resize(TerminalSize { cols: 132, rows: 43 });
    assert_eq!(screen.ask("$(stty size)", "size").await, "43 132");
    panel.engine.shutdown(true).await;
}

/// What may be between a person's screen and the end of a flood: a window, what is read in one go, and what the kernel
/// keeps. At the 5 MB/s of a slow browser that is a twentieth of a second.
const IN_FLIGHT: u64 = 256 << 10;

async fn is_ended_by_ctrl_c(flood: &str) {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let zeros = std::fs::File::create(panel.dir(id).await.join("zeros")).unwrap();
    zeros.set_len(1 << 30).unwrap();
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
    screen.type_in(&format!("{flood}\r"));
    while screen.next < 8 << 20 {
        screen.take().await;
        screen.text.clear();
    }
    // From now on the screen shows nothing, until all that may be on its way is.
    let before = screen.next;
    let printed = || terminals.get(&terminal.id).unwrap().printed;
    wait_until("the program is held back", async || {
        printed() - before >= 128 << 10
    })
    .await;
    screen.type_in("\x03");
    assert_eq!(screen.ask("here", "still").await, "here");
    let came = screen.next - before;
    assert!(came < IN_FLIGHT, "{came} bytes came after it");
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn ctrl_c_ends_a_flood_with_little_still_to_come() {
    is_ended_by_ctrl_c("yes").await;
}

#[tokio::test]
async fn ctrl_c_ends_a_flood_of_a_gigabyte_file_with_little_still_to_come() {
    is_ended_by_ctrl_c("while cat zeros; do :; done").await;
}

#[tokio::test]
async fn a_viewer_that_shows_nothing_holds_the_program_back_and_one_that_leaves_does_not() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let (flooded, other) = (shell(terminals, id).await, shell(terminals, id).await);
    let viewer = terminals.look(&flooded.id, None, None, &person()).unwrap();
    viewer.hands().type_in(0, b"yes\r");
    let printed = || terminals.get(&flooded.id).unwrap().printed;
    wait_until("the window is full", async || printed() >= 128 << 10).await;
    let mut screen = Screen::of(terminals, &other.id);
    screen.ask("$(seq 100)", "meanwhile").await;
    assert!(printed() <= 192 << 10, "{}", printed());
    // Nobody looks, although somebody is there.
    viewer.hands().wait_for_me(false);
    wait_until("more is kept than a viewer may be behind", async || {
        printed() > 4 << 20
    })
    .await;
    viewer.hands().wait_for_me(true);
    let mut late = viewer;
    let mut lost = 0;
    while lost == 0 {
        if let Output::Lost(bytes) = timeout(LIMIT, late.next()).await.unwrap() {
            lost = bytes;
        }
    }
    drop(late);
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn a_newcomer_gets_what_was_printed_before() {
    let panel = Panel::new().await;
    let (_, terminal, mut screen) = opened(&panel).await;
    let terminals = &panel.engine.terminals;
    assert_eq!(screen.ask("earlier", "said").await, "earlier");
    drop(screen);
    let mut second = Screen::of(terminals, &terminal.id);
    second.until("said=earlier").await;
    assert_eq!(terminals.get(&terminal.id).unwrap().viewers, 1);
    panel.engine.shutdown(true).await;
}
