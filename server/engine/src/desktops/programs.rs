//! The programs that a desktop is made of: where they are, and what to do when they are not.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use types::desktops::Availability;

/// What streams a desktop, and everything that it needs, each file by its checksum.
pub(super) const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Its version.
const SELKIES: &str = "2.1.0";
/// Written last: an environment without it was not finished.
const STAMP: &str = "complete";

/// The X server.
pub(super) const SCREEN: &str = "Xvfb";
/// The window manager.
pub(super) const WINDOWS: &str = "openbox";
/// Sound.
pub(super) const SOUND: &str = "pulseaudio";
/// Browsers that can fill a screen, the lightest first.
const BROWSERS: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "firefox-esr",
    "firefox",
];
/// The system's Python, whatever else comes first in PATH: it is there for every user, and so is what is made with it.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];

/// The streaming software of this version, wherever it is installed.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    dir: PathBuf,
}

impl Tools {
    /// Below a directory that may hold other versions, which sessions still run with.
    pub(super) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.join(format!("selkies-{SELKIES}")),
        }
    }

    /// The environment's directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The program.
    pub(super) fn selkies(&self) -> PathBuf {
        self.dir.join("bin/selkies")
    }

    /// Its pages. It copies them into a scratch directory unless it is told where they are.
    pub(super) fn web_root(&self) -> Option<PathBuf> {
        let versions = fs::read_dir(self.dir.join("lib")).ok()?.flatten();
        versions
            .map(|version| version.path().join("site-packages/selkies/selkies_web"))
            .find(|pages| pages.is_dir())
    }

    /// Whether all of it is installed, as it is asked for now.
    pub(super) fn is_complete(&self) -> bool {
        fs::read_to_string(self.dir.join(STAMP)).is_ok_and(|stamp| stamp == stamp_text())
            && is_program(&self.selkies())
            && self.web_root().is_some()
    }

    /// Writes down that all of it is installed.
    pub(super) fn complete(&self) -> std::io::Result<()> {
        fs::write(self.dir.join(STAMP), stamp_text())
    }
}

/// Names what is installed by its content.
fn stamp_text() -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(REQUIREMENTS);
    digest
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Looks for a program where the shell would.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths)
        .map(|dir| dir.join(name))
        .find(|path| is_program(path))
}

/// The browser for pages.
pub(super) fn browser() -> Option<PathBuf> {
    BROWSERS.into_iter().find_map(find)
}

/// The Python to make the environment with.
pub(super) fn python() -> Option<PathBuf> {
    PYTHONS.into_iter().find_map(|python| match Path::new(python) {
        path if path.is_absolute() => is_program(path).then(|| path.to_owned()),
        _ => find(python),
    })
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What any instance may need.
    Everything,
    /// What an app with a window of its own needs.
    Window,
    /// What an app with pages needs.
    Page,
}

/// Whether it is all there; otherwise what is missing, and the commands that mend it.
pub(super) fn availability(tools: &Tools, data: &Path, wanted: Wanted) -> Availability {
    missing(tools, data, wanted, &|name| find(name).is_some())
}

fn missing(tools: &Tools, data: &Path, wanted: Wanted, has: &dyn Fn(&str) -> bool) -> Availability {
    let (mut names, mut packages) = (Vec::new(), HashSet::new());
    for (program, package) in [(SCREEN, "xvfb"), (WINDOWS, "openbox")] {
        if !has(program) {
            names.push(program);
            packages.insert(package);
        }
    }
    if wanted != Wanted::Window && !BROWSERS.iter().any(|browser| has(browser)) {
        names.push("a browser");
        packages.insert("chromium");
    }
    let mut commands = Vec::new();
    if !tools.is_complete() {
        names.push("Selkies");
        // Debian's Python comes without what makes environments.
        if !has("python3") || !has_venv() {
            packages.insert("python3-venv");
        }
        commands.push(format!("aikore desktop install --data-dir {}", shown(data)));
    }
    if !packages.is_empty() {
        let mut packages: Vec<&str> = packages.into_iter().collect();
        packages.sort_unstable();
        let packages = packages.join(" ");
        commands.insert(
            0,
            format!("apt-get install -y --no-install-recommends {packages}"),
        );
    }
    let reason = match names.as_slice() {
        [] => String::new(),
        [name] => format!("This machine cannot show desktops: {name} is missing."),
        names => format!(
            "This machine cannot show desktops: {} are missing.",
            listed(names)
        ),
    };
    Availability {
        available: names.is_empty(),
        reason,
        commands,
    }
}

/// Whether the system's Python can make environments with an installer in them.
fn has_venv() -> bool {
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    libraries
        .map(|library| library.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("python3."))
        })
        .any(|path| path.join("ensurepip").is_dir())
}

/// A path as a shell takes it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_commands_that_mend_it() {
        let dir = tempfile::tempdir().unwrap();
        let found = missing(&Tools::at(dir.path()), Path::new("/a b"), Wanted::Page, &|name| {
            name == WINDOWS
        });
        assert!(!found.available);
        assert_eq!(
            found.reason,
            "This machine cannot show desktops: Xvfb, a browser and Selkies are missing."
        );
        assert!(
            found.commands[0].starts_with("apt-get install"),
            "{:?}",
            found.commands
        );
        assert!(found.commands[0].contains("chromium") && found.commands[0].ends_with("xvfb"));
        assert_eq!(found.commands[1], "aikore desktop install --data-dir '/a b'");
    }

    #[test]
    fn an_app_with_a_window_needs_no_browser() {
        let dir = tempfile::tempdir().unwrap();
        let tools = Tools::at(dir.path());
        fs::create_dir_all(tools.dir().join("bin")).unwrap();
        fs::create_dir_all(tools.dir().join("lib/python3/site-packages/selkies/selkies_web")).unwrap();
        fs::write(tools.selkies(), "").unwrap();
        fs::set_permissions(tools.selkies(), fs::Permissions::from_mode(0o755)).unwrap();
        let has = |name: &str| !BROWSERS.contains(&name);
        assert!(
            !missing(&tools, dir.path(), Wanted::Window, &has).available,
            "not finished"
        );
        tools.complete().unwrap();
        assert_eq!(missing(&tools, dir.path(), Wanted::Window, &has).reason, "");
        assert!(!missing(&tools, dir.path(), Wanted::Page, &has).available);
        fs::write(tools.dir().join(STAMP), "of another version").unwrap();
        assert!(!missing(&tools, dir.path(), Wanted::Window, &has).available);
    }
}
