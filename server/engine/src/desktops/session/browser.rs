//! The browser of a session, which shows one page and nothing else.
//!
//! What is done in its profile is done by commands of the browser's own user: where that is not ours, it could put a
//! link to somebody else's file in the way.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::parts::{Parts, words};
use crate::process::command::{self, Command, End};

/// In the home of a session: what a browser that was killed leaves, and what would keep the next one from starting.
const LOCKS: [&str; 5] = [
    "chromium/SingletonLock",
    "chromium/SingletonSocket",
    "chromium/SingletonCookie",
    "firefox/lock",
    "firefox/.parentlock",
];
/// A container's shared memory is often too small for a browser, bytes.
const SHARED_MEMORY: u64 = 512 * 1024 * 1024;
/// Makes what Chromium's sandbox is made of, and nothing else.
const TRY_SANDBOX: [&str; 6] = ["unshare", "--map-root-user", "--pid", "--net", "--fork", "true"];

/// Settings without which Firefox greets, asks and reports.
const FIREFOX: &str = r#"user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.sessionstore.resume_from_crash", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"#;

/// Whether a browser can keep its pages from everything else by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sandbox {
    /// It can.
    Possible,
    /// This machine does not let it.
    Impossible,
    /// Chromium has none for root, and does not start without being told so.
    NotForRoot,
}

/// Finds out.
pub(super) async fn sandbox(parts: &Parts<'_>) -> Sandbox {
    let is_root = !parts.has_user() && nix::unistd::geteuid().is_root();
    if is_root {
        Sandbox::NotForRoot
    } else if !parts.has_user() || run(parts.command(words(&TRY_SANDBOX))).await {
        Sandbox::Possible
    } else {
        Sandbox::Impossible
    }
}

/// Makes the profile ready to be used.
pub(super) async fn prepare(parts: &Parts<'_>, browser: &Path) {
    unlock(parts).await;
    if is_firefox(browser) {
        let profile = parts.home().join("firefox");
        let settings = profile.join("user.js");
        run(parts.command(vec!["mkdir".into(), "-p".into(), profile.into()])).await;
        run(parts.command(vec!["tee".into(), settings.into()]).input(FIREFOX)).await;
    }
}

/// Removes the locks. Nobody else uses the profile.
pub(super) async fn unlock(parts: &Parts<'_>) {
    let mut argv = words(&["rm", "-f"]);
    argv.extend(LOCKS.map(|lock| parts.home().join(lock).into()));
    run(parts.command(argv)).await;
}

/// Whether a command did what it should.
async fn run(command: Command) -> bool {
    let said = command::output(command, &CancellationToken::new(), 0).await;
    said.is_ok_and(|said| said.end == End::Code(0))
}

/// The browser with a page.
pub(super) fn show(parts: &Parts<'_>, browser: &Path, address: &str, sandbox: Sandbox) -> Command {
    parts.command(if is_firefox(browser) {
        firefox(parts, browser, address)
    } else {
        chromium(parts, browser, address, sandbox)
    })
}

fn is_firefox(browser: &Path) -> bool {
    let name = browser.file_name().map(OsStr::to_string_lossy);
    name.is_some_and(|name| name.contains("firefox"))
}

fn chromium(parts: &Parts<'_>, browser: &Path, address: &str, sandbox: Sandbox) -> Vec<OsString> {
    let mut argv = vec![browser.as_os_str().to_owned()];
    argv.push(with_path("--user-data-dir=", &parts.home().join("chromium")));
    argv.push(with_path("--disk-cache-dir=", &parts.scratch().join("cache")));
    argv.extend(words(&[
        "--kiosk",
        "--no-first-run",
        "--no-default-browser-check",
        "--noerrdialogs",
        "--hide-crash-restore-bubble",
        "--disable-gpu",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-features=Translate",
        "--password-store=basic",
    ]));
    if sandbox != Sandbox::Possible {
        argv.push("--no-sandbox".into());
    }
    if shared_memory().is_some_and(|bytes| bytes < SHARED_MEMORY) {
        argv.push("--disable-dev-shm-usage".into());
    }
    argv.push(address.into());
    argv
}

fn firefox(parts: &Parts<'_>, browser: &Path, address: &str) -> Vec<OsString> {
    let mut argv = vec![browser.as_os_str().to_owned()];
    argv.extend(words(&["--no-remote", "--profile"]));
    argv.push(parts.home().join("firefox").into());
    argv.extend(words(&["--kiosk", address]));
    argv
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut text = OsString::from(option);
    text.push(AsRef::<OsStr>::as_ref(path));
    text
}

/// How much of it there is.
fn shared_memory() -> Option<u64> {
    let found = nix::sys::statvfs::statvfs("/dev/shm").ok()?;
    Some(found.blocks() * found.fragment_size())
}
