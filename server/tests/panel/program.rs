//! The program itself: its arguments, its exit codes, its end.

use std::io::{BufRead as _, Read as _, Write as _};
use std::process::Stdio;

use crate::running::{Running, aikore, anonymous, output, sentence};

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let wrong = output(&["--nonsense"]);
    assert_eq!(wrong.status.code(), Some(2));
    let open = output(&["--auth", "off", "--addr", "0.0.0.0:0"]);
    assert_eq!(open.status.code(), Some(78));
    assert!(
        sentence(&open).contains("--i-know-this-is-open"),
        "{}",
        sentence(&open)
    );
    let nobody = output(&["healthcheck", "--addr", "127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(sentence(&nobody).trim().lines().count(), 1);
    assert_eq!(output(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_panel_prints_its_link_is_well_and_ends_on_a_signal() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path().to_str().unwrap());
    assert!(
        running.link.contains("/setup?token=") && running.link.contains("to choose a password"),
        "{}",
        running.link
    );
    assert_eq!(
        output(&["healthcheck", "--addr", running.address()])
            .status
            .code(),
        Some(0)
    );
    assert_eq!(running.end(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once_and_says_so() {
    let data = tempfile::tempdir().unwrap();
    let mut running = Running::with(data.path().to_str().unwrap(), &[], Stdio::piped());
    // A request that never ends keeps the orderly end from happening.
    let mut stream = std::net::TcpStream::connect(running.address()).unwrap();
    write!(
        stream,
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    )
    .unwrap();
    let mut log = std::io::BufReader::new(running.child.stderr.take().unwrap());
    let mut said = String::new();
    running.signal(nix::sys::signal::Signal::SIGTERM);
    while !said.contains("a second signal ends at once") {
        assert!(log.read_line(&mut said).unwrap() > 0, "{said}");
    }
    running.signal(nix::sys::signal::Signal::SIGTERM);
    log.read_to_string(&mut said).unwrap();
    assert_eq!(running.child.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("A second signal ended the panel"), "{said}");
}

#[test]
fn a_second_panel_on_one_directory_refuses_and_names_the_first() {
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().to_str().unwrap();
    let first = Running::start(data_dir);
    let second = output(&["--addr", "127.0.0.1:0", "--data-dir", data_dir]);
    assert_eq!(second.status.code(), Some(1));
    let said = sentence(&second);
    assert!(
        said.contains(&first.child.id().to_string()) && said.contains(first.address()),
        "{said}"
    );
}

#[test]
fn an_address_in_use_is_said_in_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let refused = output(&["--addr", &address, "--data-dir", data.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(sentence(&refused).contains(&address), "{}", sentence(&refused));
}

#[test]
fn tokens_and_passwords_are_made_beside_a_running_panel() {
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().to_str().unwrap();
    let running = Running::start(data_dir);
    let made = output(&["token", "new", "ci", "--data-dir", data_dir]);
    assert_eq!(made.status.code(), Some(0), "{}", sentence(&made));
    let secret = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let head = format!("Authorization: Bearer {secret}\r\n");
    let (status, _) = running.request("GET", "/api/instances/", &head, "");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let listed = output(&["token", "list", "--data-dir", data_dir]);
    assert!(String::from_utf8(listed.stdout).unwrap().contains("ci"));
    let unknown = output(&["token", "revoke", "77", "--data-dir", data_dir]);
    assert_eq!(unknown.status.code(), Some(1));
    let mut change = aikore(&["password", "--data-dir", data_dir])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    change
        .stdin
        .take()
        .unwrap()
        .write_all(b"another password\n")
        .unwrap();
    assert_eq!(change.wait().unwrap().code(), Some(0));
    let nowhere = output(&["token", "list", "--data-dir", "/nonexistent"]);
    assert_eq!(nowhere.status.code(), Some(1));
}

#[test]
fn the_memory_of_a_login_is_given_back() {
    let data = tempfile::tempdir().unwrap();
    let running = Running::start(data.path().to_str().unwrap());
    let head = format!(
        "Origin: http://{}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        running.address()
    );
    let token = running.link.split("token=").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    let password = "correct+horse+battery";
    let chosen = format!("token={token}&password={password}&again={password}");
    let before = anonymous(&running);
    let mut answers = vec![running.request("POST", "/setup", &head, &chosen).0];
    for _ in 0..4 {
        let login = format!("password={password}");
        answers.push(running.request("POST", "/login", &head, &login).0);
    }
    assert!(
        answers.iter().all(|line| line.starts_with("HTTP/1.1 303")),
        "{answers:?}"
    );
    let after = anonymous(&running);
    assert!(after < before + 6_000, "{before} kB, then {after} kB");
}
