//! How terminals end, and how many there may be.

use std::time::Duration;

use engine::terminals::MAX;
use types::instances::DeleteMode;
use types::terminals::{TerminalEnd, TerminalPlace, TerminalSize};

use super::{PLAIN, Screen, opened, person, plain, quiet_home, shell};
use crate::panel::{Panel, is_alive, killed_panel, open};
use crate::waiting::wait_until;

/// Starts what leaves the shell's session and minds neither hanging up nor TERM; prints its pid.
const STRAY: &str = "$(trap '' HUP TERM; setsid sleep 1000 >/dev/null & echo $!)";

#[tokio::test]
async fn the_end_of_a_terminal_reaches_what_left_its_session() {
    let panel = Panel::new().await;
    let (id, terminal, mut screen) = opened(&panel).await;
    let terminals = &panel.engine.terminals;
    let stray = screen.ask(STRAY, "stray").await.parse().unwrap();
    let own = screen.ask("$$", "own").await.parse().unwrap();
    assert!(is_alive(stray) && is_alive(own));
    terminals.end(&terminal.id, &person()).await.unwrap();
    assert!(!is_alive(stray) && !is_alive(own));
    assert_eq!(screen.until_end().await, TerminalEnd::Closed);
    assert!(terminals.get(&terminal.id).is_err());
    let audit = std::fs::read_to_string(panel.data.path().join("terminals.log")).unwrap();
    let happened: Vec<serde_json::Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let words: Vec<&str> = happened
        .iter()
        .map(|line| line["happened"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["opened", "looked", "closed", "ended"]);
    assert!(
        happened
            .iter()
            .all(|line| line["terminal"] == *terminal.id.0 && line["instance"] == id.0)
    );
    assert_eq!(
        (&happened[0]["who"], &happened[0]["from"]),
        (&"a test".into(), &"127.0.0.1".into())
    );
    assert_eq!(happened[3]["how"], "closed");
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn a_shell_that_ends_says_with_which_code_and_can_be_read_a_while_longer() {
    let panel = Panel::new().await;
    let (_, terminal, mut screen) = opened(&panel).await;
    let terminals = &panel.engine.terminals;
    screen.type_in("echo last w''ords; exit 3\r");
    assert_eq!(screen.until_end().await, TerminalEnd::Exited(3));
    let mut late = Screen::of(terminals, &terminal.id);
    late.until("last words").await;
    assert_eq!(late.until_end().await, TerminalEnd::Exited(3));
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn a_terminal_without_viewers_or_signs_of_life_ends() {
    let panel = Panel::with(|config| config.terminal_idle = Duration::from_millis(300)).await;
    let (_, terminal, mut screen) = opened(&panel).await;
    let terminals = &panel.engine.terminals;
    let own = screen.ask("$$", "own").await.parse().unwrap();
    drop(screen);
    wait_until("it has ended", async || {
        terminals.get(&terminal.id).unwrap().ended == Some(TerminalEnd::Idle)
    })
    .await;
    assert!(!is_alive(own));
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn a_deleted_instance_takes_its_terminals_with_it() {
    let panel = Panel::new().await;
    let (id, _, mut screen) = opened(&panel).await;
    let own = screen.ask("$$", "own").await.parse().unwrap();
    panel
        .engine
        .instances
        .delete(id, DeleteMode::Trash, None)
        .await
        .unwrap();
    assert_eq!(screen.until_end().await, TerminalEnd::Deleted);
    assert!(!is_alive(own));
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn fifty_terminals_are_fine_and_none_outlives_the_panel() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let mut pids = Vec::new();
    for number in 1..=50 {
        let terminal = shell(terminals, id).await;
        assert_eq!(terminal.number, number);
        let mut screen = Screen::of(terminals, &terminal.id);
        pids.push(screen.ask("$$", "own").await.parse().unwrap());
    }
    assert_eq!(terminals.list(Some(TerminalPlace::Instance(id))).len(), 50);
    assert!(pids.iter().copied().all(is_alive));
    panel.engine.shutdown(true).await;
    assert!(!pids.into_iter().any(is_alive));
}

#[tokio::test]
async fn there_are_no_more_than_the_most_however_many_are_opened_at_once() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..MAX + 5 {
        let terminals = panel.engine.terminals.clone();
        opening.spawn(async move {
            let place = TerminalPlace::Instance(id);
            let person = person();
            terminals.create(place, TerminalSize::default(), &person).await
        });
    }
    let opened = opening.join_all().await;
    let refused = opened
        .iter()
        .filter(|opened| matches!(opened, Err(engine::Error::TooManyTerminals(MAX))));
    assert_eq!(refused.count(), 5);
    let one = opened.into_iter().find_map(Result::ok).unwrap();
    panel.engine.terminals.end(&one.id, &person()).await.unwrap();
    shell(&panel.engine.terminals, id).await;
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn a_killed_panels_shells_end_and_the_next_one_ends_what_they_left() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_owned();
    let (own, stray) = killed_panel(data.path(), move |engine| async move {
        let id = crate::panel::create(&engine, &path, PLAIN, "", quiet_home(&path)).await;
        let terminal = shell(&engine.terminals, id).await;
        let mut screen = Screen::of(&engine.terminals, &terminal.id);
        let stray: u32 = screen.ask(STRAY, "stray").await.parse().unwrap();
        let own: u32 = screen.ask("$$", "own").await.parse().unwrap();
        (own, stray)
    })
    .await;
    wait_until("the shell has ended", async || !is_alive(own)).await;
    assert!(is_alive(stray), "it minds no hanging up");
    let engine = open(data.path()).await;
    wait_until("what it left has ended", async || !is_alive(stray)).await;
    engine.shutdown(true).await;
    let left = std::fs::read_dir(data.path().join("run/terminals")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn the_machine_itself_has_terminals_only_where_that_is_wanted() {
    let panel = Panel::new().await;
    let refused = panel
        .engine
        .terminals
        .create(TerminalPlace::Host, TerminalSize::default(), &person())
        .await;
    assert!(matches!(refused, Err(engine::Error::NoHostTerminal)));
    panel.engine.shutdown(true).await;

    let panel = Panel::with(|config| config.host_terminal = true).await;
    let terminals = &panel.engine.terminals;
    let terminal = terminals
        .create(TerminalPlace::Host, TerminalSize::default(), &person())
        .await
        .unwrap();
    assert_eq!(terminal.instance, None);
    let mut screen = Screen::of(terminals, &terminal.id);
    assert_eq!(screen.ask("${INSTANCE_NAME-none}", "name").await, "none");
    panel.engine.shutdown(true).await;
}
