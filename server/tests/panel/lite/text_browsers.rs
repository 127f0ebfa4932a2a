//! What the text browsers of Debian make of the plain pages, over a real port.

use std::process::Output;

use axum::http::header;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;
use types::instances::Status;

use crate::support::{DEADLINE, Fixture, PASSWORD, fixture, until};

const BROWSERS: [&str; 2] = ["w3m", "lynx"];

/// A home of the browsers' own: neither reads a person's settings nor keeps anything there.
struct Home(TempDir);

impl Home {
    /// With the cookie of a session in lynx's jar. It accepts cookies, and never asks.
    fn new(host: &str, session: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let name = host.split(':').next().unwrap();
        let jar = format!("{name}\tFALSE\t/\tFALSE\t4102444800\taikore_session\t{session}\n");
        std::fs::write(home.path().join("jar"), jar).unwrap();
        std::fs::write(
            home.path().join("lynx.cfg"),
            "PERSISTENT_COOKIES:TRUE\nACCEPT_ALL_COOKIES:TRUE\nCHARACTER_SET:utf-8\n",
        )
        .unwrap();
        Self(home)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A command that finds nothing of the person who runs the tests.
    fn command(&self, program: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "a text browser is what is tested with")]
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("LANG", "C.UTF-8")
            .env("TERM", "vt100")
            .envs([("LINES", "60"), ("COLUMNS", "120")])
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// The page as a browser prints it.
    async fn dump(&self, browser: &str, cookie: &str, url: &str) -> String {
        let mut command = self.command(browser);
        match browser {
            "w3m" => command.args([
                "-dump",
                "-cols",
                "120",
                "-header",
                &format!("Cookie: {cookie}"),
                url,
            ]),
            _ => command
                .args(["-dump", "-nolist", "-width=120"])
                .arg(format!("-cfg={}", self.path("lynx.cfg")))
                .arg(format!("-cookie_file={}", self.path("jar")))
                .arg(url),
        };
        said(command).await
    }
}

async fn said(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = timeout(DEADLINE, command.output())
        .await
        .unwrap()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/tools installs it"));
    let text = String::from_utf8_lossy(&stdout).into_owned();
    assert!(
        status.success(),
        "{command:?}: {}{text}",
        String::from_utf8_lossy(&stderr)
    );
    text
}

/// A panel on a port of its own with somebody logged in: its address and the cookie.
async fn served(fixture: &Fixture) -> (String, String) {
    let cookie = fixture.set_up().await;
    (fixture.serve().await.to_string(), cookie)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_readable_in_w3m_and_lynx() {
    let fixture = fixture().await;
    let (host, cookie) = served(&fixture).await;
    let home = Home::new(&host, cookie.split_once('=').unwrap().1);
    let id = fixture.create("Lamp", "test-logs").await.id;
    for browser in BROWSERS {
        for (path, pieces) in [
            (
                "/lite".to_owned(),
                &[
                    "Instances",
                    "Lamp",
                    "□ Stopped",
                    "Never started",
                    "Start",
                    "CPU",
                    "[",
                    "New instance",
                ][..],
            ),
            (
                "/lite/new".to_owned(),
                &["Name", "Blueprint", "Launch arguments", "next free"],
            ),
            (
                format!("/lite/instances/{id}"),
                &["□ Stopped", "launch.sh", "Delete…"],
            ),
            (
                format!("/lite/instances/{id}/edit"),
                &["Edit Lamp", "Lamp", "Save changes", "Host name"],
            ),
            (
                format!("/lite/instances/{id}/delete"),
                &["bytes)", "type its name: Lamp", "Delete"],
            ),
            (
                format!("/lite/instances/{id}/files/launch.sh"),
                &["#!", "SD_INSTALL_DIR", "Save and restart"],
            ),
            (
                format!("/lite/instances/{id}/logs"),
                &["Log of Lamp", "never started"],
            ),
            ("/lite/logs".to_owned(), &["Lamp"]),
            ("/lite/machine".to_owned(), &["CPU", "RAM", "free"]),
            ("/lite/jobs".to_owned(), &["no long work"]),
            ("/lite/trash".to_owned(), &["The trash is empty"]),
        ] {
            let text = home.dump(browser, &cookie, &format!("http://{host}{path}")).await;
            for piece in pieces {
                assert!(
                    text.contains(piece),
                    "{browser} shows no {piece} on {path}:\n{text}"
                );
            }
            assert!(
                !text.contains('{') || path.contains("files"),
                "{browser} shows the style sheet of {path}:\n{text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_with_w3m_logs_in_and_makes_an_instance() {
    let fixture = fixture().await;
    let (host, _) = served(&fixture).await;
    let home = Home::new(&host, "none");
    // It keeps the cookie it is given from one call to the next.
    let w3m = async |options: &[&str], path: &str| {
        let mut command = home.command("w3m");
        command.args(options).arg(format!("http://{host}{path}"));
        said(command).await
    };
    let post = async |path: &str, fields: &str| {
        let form = home.path("form");
        std::fs::write(&form, fields).unwrap();
        w3m(&["-dump", "-post", &form], path).await
    };
    let fields = format!("password={}&next=/lite", PASSWORD.replace(' ', "+"));
    let text = post("/login", &fields).await;
    assert!(text.contains("There is no instance yet"), "{text}");
    let html = w3m(&["-o", "accept_encoding=identity", "-dump_source"], "/lite").await;
    let (_, rest) = html.split_once("name=\"token\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap();
    for (token, expected) in [("", "own pages"), (token, "It is created.")] {
        let fields = format!("token={token}&name=Lamp&base_blueprint=test-logs.sh");
        let text = post("/lite/new", &fields).await;
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(fixture.engine.instances.list().await.unwrap().len(), 1);
}

/// What is pressed in lynx, one after the other.
#[derive(Default)]
struct Keys(String);

impl Keys {
    fn press(mut self, key: &str, times: usize) -> Self {
        for _ in 0..times {
            self.0.extend(["key ", key, "\n"]);
        }
        self
    }

    fn write(self, text: &str) -> Self {
        text.chars().fold(self, |keys, character| match character {
            ' ' => keys.press("<space>", 1),
            other => keys.press(&other.to_string(), 1),
        })
    }

    /// Goes to what begins with `target` on a page that has just come, where the first link is chosen.
    fn go_to(self, html: &str, target: &str) -> Self {
        self.press("Down Arrow", links(before(html, target)))
    }

    /// Logs in on the page of the login.
    fn log_in(self, login: &str) -> Self {
        let (field, rest) = login.split_once("name=\"password\"").unwrap();
        let keys = self.press("Down Arrow", links(field) - 1).write(PASSWORD);
        // The button's own tag begins before its class.
        let steps = links(before(rest, "button--filled"));
        keys.press("Down Arrow", steps).press("^J", 1)
    }
}

fn before<'a>(html: &'a str, target: &str) -> &'a str {
    html.split_once(target)
        .unwrap_or_else(|| panic!("{target} is missing in {html}"))
        .0
}

/// How many links and fields there are, as lynx walks through them.
fn links(html: &str) -> usize {
    let visible = html
        .split("<input")
        .skip(1)
        .filter(|rest| !rest.split('>').next().unwrap().contains("\"hidden\""));
    visible.count()
        + ["<a ", "<select", "<textarea", "<button"]
            .map(|tag| html.matches(tag).count())
            .iter()
            .sum::<usize>()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_with_lynx_logs_in_makes_an_instance_and_starts_one() {
    let fixture = fixture().await;
    let (host, cookie) = served(&fixture).await;
    let home = Home::new(&host, "none");
    let page = async |path: &str, cookie: &str| {
        let page = crate::support::request("GET", path).header(header::COOKIE, cookie);
        crate::support::text(fixture.send(crate::support::empty(page)).await).await
    };
    let lynx = async |path: &str, keys: Keys| {
        let script = home.path("keys");
        std::fs::write(&script, keys.press("q", 1).press("y", 1).0).unwrap();
        let command = format!(
            "lynx -cfg={} -cookie_file=/dev/null -cmd_script={script} http://{host}{path}",
            home.path("lynx.cfg")
        );
        // It wants a terminal.
        let mut terminal = home.command("script");
        terminal.args(["-qec", &command, "/dev/null"]);
        said(terminal).await
    };
    let login = page("/login?next=/lite", "").await;
    let list = page("/lite", &cookie).await;
    let form = Keys::default()
        .log_in(&login)
        .go_to(&list, "<input name=\"name\"")
        .write("Lamp");
    let (_, rest) = list.split_once("<input name=\"name\"").unwrap();
    let steps = links(before(rest, "value=\"Create\""));
    let seen = lynx("/lite", form.press("Down Arrow", steps).press("^J", 1)).await;
    let made = fixture.engine.instances.list().await.unwrap();
    assert_eq!(
        made.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["Lamp"],
        "{seen}"
    );

    let id = fixture.create("Torch", "test-logs").await.id;
    let path = format!("/lite/instances/{id}");
    let start = Keys::default().log_in(&login).go_to(
        &page(&path, &cookie).await,
        "<input type=\"submit\" value=\"Start\"",
    );
    let seen = lynx(&path, start.press("^J", 1)).await;
    assert!(
        fixture.engine.instances.get(id).await.unwrap().status != Status::Stopped,
        "{seen}"
    );
    until(&fixture, id, Status::Started).await;
    fixture.engine.instances.stop(id).await.unwrap();
    until(&fixture, id, Status::Stopped).await;
}
