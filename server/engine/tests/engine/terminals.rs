//! Shells with real processes: what they print, what is typed, and what is left of them.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use engine::terminals::{MAX, Output, Person, Terminals, Viewer};
use tokio::time::timeout;
use types::instances::{DeleteMode, InstanceId, NewInstance};
use types::terminals::{Terminal, TerminalEnd, TerminalId, TerminalPlace, TerminalSize};

use crate::panel::{Panel, is_alive, killed_panel, open};
use crate::waiting::{LIMIT, wait_until};

const PLAIN: &str = "ready = process";

/// Starts what leaves the shell's session and minds neither hanging up nor TERM; prints its pid.
const STRAY: &str = "$(trap '' HUP TERM; setsid sleep 1000 >/dev/null & echo $!)";

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

#[tokio::test]
async fn a_shell_has_the_directory_the_environment_and_the_gpus_of_its_instance() {
    let panel = Panel::new().await;
    let new = NewInstance {
        gpu_ids: Some("1".to_owned()),
        env_vars: format!("GREETING=hello there\nHOME={}", panel.data.path().display()),
        ..NewInstance::default()
    };
    let id = panel
        .create_with("venv_type = uv; venv_path = ./env", "", new)
        .await;
    let dir = panel.dir(id).await;
    std::fs::create_dir_all(dir.join("env/bin")).unwrap();
    std::fs::write(
        dir.join("env/bin/activate"),
        format!("export VIRTUAL_ENV={}/env\n", dir.display()),
    )
    .unwrap();
    let terminal = shell(&panel.engine.terminals, id).await;
    let mut screen = Screen::of(&panel.engine.terminals, &terminal.id);
    assert_eq!(screen.ask("$(pwd -P)", "dir").await, dir.to_str().unwrap());
    let env = format!("{}/env", dir.display());
    assert_eq!(screen.ask("$VIRTUAL_ENV", "env").await, env);
    assert_eq!(
        screen.ask("$CUDA_VISIBLE_DEVICES,$GREETING", "own").await,
        "1,hello there"
    );
    assert_eq!(screen.ask("$(stty size)", "size").await, "24 80");
    assert_eq!(screen.ask("${WEBUI_PORT-none}", "port").await, "none");
    panel.engine.shutdown(true).await;
}

/// Stands in for conda: a hook that defines a shell function, whose `activate` does what conda's does.
const CONDA: &str = r#"#!/bin/bash
[ "$*" = "shell.bash hook" ] || exit 3
cat <<'HOOK'
conda() {
    [ "$1" = activate ] || return 3
    export CONDA_PREFIX=$2 CONDA_DEFAULT_ENV=$2 CONDA_SHLVL=1 PATH=$2/bin:$PATH
    PS1="($2) $PS1"
}
HOOK
"#;

fn write_program(path: &std::path::Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A shell of an instance with a conda environment, whose person has this home and this path.
async fn conda_shell(panel: &Panel, home: &std::path::Path, path: &str) -> (Screen, PathBuf) {
    let new = NewInstance {
        env_vars: format!("HOME={}\nPATH={path}", home.display()),
        ..NewInstance::default()
    };
    let metadata = "venv_type = conda; venv_path = ./env";
    let id = panel.create_with(metadata, "", new).await;
    let env = panel.dir(id).await.join("env");
    std::fs::create_dir_all(env.join("conda-meta")).unwrap();
    write_program(&env.join("bin/apps-own"), "#!/bin/sh\necho apps own\n");
    let terminal = shell(&panel.engine.terminals, id).await;
    (Screen::of(&panel.engine.terminals, &terminal.id), env)
}

#[tokio::test]
async fn a_conda_environment_is_activated_by_conda_wherever_it_is() {
    let panel = Panel::new().await;
    let home = tempfile::tempdir().unwrap();
    for (place, path) in [
        (
            "tools/conda",
            format!("{}/tools:/usr/bin:/bin", home.path().display()),
        ),
        ("miniconda3/bin/conda", "/usr/bin:/bin".to_owned()),
    ] {
        let conda = home.path().join(place);
        write_program(&conda, CONDA);
        let (mut screen, env) = conda_shell(&panel, home.path(), &path).await;
        // Only conda itself says the first of these.
        let said = screen
            .ask("$CONDA_DEFAULT_ENV,$CONDA_PREFIX,$CONDA_SHLVL", "env")
            .await;
        let env = env.to_str().unwrap();
        assert_eq!(said, format!("{env},{env},1"), "{place}");
        assert_eq!(screen.ask("$(apps-own)", "program").await, "apps own");
        std::fs::remove_file(conda).unwrap();
    }
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn without_conda_the_programs_of_its_environment_are_found() {
    let panel = Panel::new().await;
    let home = tempfile::tempdir().unwrap();
    let (mut screen, env) = conda_shell(&panel, home.path(), "/usr/bin:/bin").await;
    assert_eq!(screen.ask("$(apps-own)", "program").await, "apps own");
    let prefix = screen.ask("$CONDA_PREFIX", "env").await;
    assert_eq!(prefix, env.to_str().unwrap());
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn an_environment_of_pythons_own_is_activated() {
    let panel = Panel::new().await;
    let home = quiet_home(panel.data.path());
    let id = panel
        .create_with("venv_type = python; venv_path = ./env", "", home)
        .await;
    let dir = panel.dir(id).await;
    let made = screen_of(&panel, id)
        .await
        .ask("$(python3 -m venv --without-pip env && echo made)", "venv")
        .await;
    assert_eq!(made, "made");
    let mut screen = screen_of(&panel, id).await;
    let python = screen.ask("$(command -v python)", "python").await;
    assert_eq!(python, dir.join("env/bin/python").to_str().unwrap());
    let prefix = screen
        .ask("$(python -c 'import sys; print(sys.prefix)')", "prefix")
        .await;
    assert_eq!(prefix, dir.join("env").to_str().unwrap());
    panel.engine.shutdown(true).await;
}

async fn screen_of(panel: &Panel, id: InstanceId) -> Screen {
    let terminal = shell(&panel.engine.terminals, id).await;
    Screen::of(&panel.engine.terminals, &terminal.id)
}

#[tokio::test]
async fn no_byte_is_lost_or_doubled_however_often_the_connection_is() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
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
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
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
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
    assert_eq!(screen.ask("earlier", "said").await, "earlier");
    drop(screen);
    let mut second = Screen::of(terminals, &terminal.id);
    second.until("said=earlier").await;
    assert_eq!(terminals.get(&terminal.id).unwrap().viewers, 1);
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn the_end_of_a_terminal_reaches_what_left_its_session() {
    let panel = Panel::new().await;
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
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
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
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
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
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
    let id = plain(&panel).await;
    let terminals = &panel.engine.terminals;
    let terminal = shell(terminals, id).await;
    let mut screen = Screen::of(terminals, &terminal.id);
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
