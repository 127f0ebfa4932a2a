//! Installing the streaming software: an environment of its own, from files whose checksums are known.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::programs::{self, REQUIREMENTS, Tools};
use super::users;
use crate::instances::environment;
use crate::process::command::{self, Command, End};
use crate::{Error, Result, blocking};

/// So many of a failed command's last lines are told with the failure.
const LAST_LINES: usize = 5;

/// Makes the environment in `tools`, unless it is there. `data` is the data directory; `each` is told every line that
/// the installer says.
pub async fn install(
    tools: &Path,
    data: &Path,
    cancel: &CancellationToken,
    mut each: impl FnMut(&str) + Send,
) -> Result<()> {
    let (dir, tools) = (tools.to_owned(), Tools::at(tools));
    let lock = dir.clone();
    // Two at once would write over each other.
    let _lock = blocking(move || {
        fs::create_dir_all(&lock).map_err(Error::file(&lock))?;
        let file = File::open(&lock).map_err(Error::file(&lock))?;
        file.lock().map_err(Error::file(&lock))?;
        Ok(file)
    })
    .await?;
    if tools.is_complete() {
        return share(&dir, &tools).await;
    }
    let python = find_python(&tools, data)?;
    let _ = fs::remove_dir_all(tools.dir());
    let list = dir.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).map_err(Error::file(&list))?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let make = [
        text(&python),
        "-m".to_owned(),
        "venv".to_owned(),
        text(tools.dir()),
    ];
    run("Making an environment", make.to_vec(), &dir, cancel, &mut each).await?;
    let mut words = vec![
        text(&tools.dir().join("bin/python")),
        "-m".to_owned(),
        "pip".to_owned(),
    ];
    let options =
        "install --no-input --disable-pip-version-check --no-deps --only-binary :all: --require-hashes";
    words.extend(options.split(' ').map(ToOwned::to_owned));
    words.extend(["--requirement".to_owned(), text(&list)]);
    run("Installing Selkies", words, &dir, cancel, &mut each).await?;
    tools.complete().map_err(Error::file(tools.dir()))?;
    share(&dir, &tools).await
}

/// Lets every user of this machine read it, whatever the mask of files is here: desktops may have users of their own,
/// and there is nothing secret in what everybody can fetch.
async fn share(dir: &Path, tools: &Tools) -> Result<()> {
    let (dir, tools) = (dir.to_owned(), tools.dir().to_owned());
    blocking(move || {
        users::open_dir(&dir).map_err(Error::file(&dir))?;
        open_to_all(&tools).map_err(Error::file(&tools))
    })
    .await
}

fn open_to_all(path: &Path) -> std::io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Ok(());
    }
    let mode = found.permissions().mode();
    // Who may run it, may read it; and the other way round only what its owner runs.
    let wanted = mode | 0o044 | if mode & 0o100 == 0 { 0 } else { 0o011 };
    if wanted != mode {
        fs::set_permissions(path, Permissions::from_mode(wanted))?;
    }
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            open_to_all(&entry?.path())?;
        }
    }
    Ok(())
}

fn find_python(tools: &Tools, data: &Path) -> Result<std::path::PathBuf> {
    let missing = programs::availability(tools, data, programs::Wanted::Window);
    let packages = missing
        .commands
        .first()
        .filter(|first| first.contains("python3-venv"));
    match (programs::python(), packages) {
        (Some(python), None) => Ok(python),
        _ => Err(Error::DesktopsUnavailable {
            reason: "Selkies needs Python with its venv module.".to_owned(),
            commands: missing.commands,
        }),
    }
}

async fn run(
    what: &str,
    words: Vec<String>,
    dir: &Path,
    cancel: &CancellationToken,
    each: &mut (impl FnMut(&str) + Send),
) -> Result<()> {
    let mut last = std::collections::VecDeque::new();
    let command = Command::new(words, dir).envs(environment::passed());
    let end = command::run(command, cancel, |_, line| {
        last.push_back(line.to_owned());
        if last.len() > LAST_LINES {
            last.pop_front();
        }
        each(line);
    });
    let how = match end.await {
        Ok(End::Code(0)) => return Ok(()),
        Ok(End::Cancelled) => return Err(Error::Cancelled),
        Ok(End::Code(code)) => format!("exit code {code}"),
        Ok(End::Signal(number)) => crate::signal_name(number).to_owned(),
        Err(source) => {
            return Err(Error::CommandNotRun {
                what: what.to_owned(),
                source,
            });
        }
    };
    Err(Error::CommandFailed {
        what: what.to_owned(),
        how,
        last: Vec::from(last).join("\n"),
    })
}
