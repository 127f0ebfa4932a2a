//! The programs that look into environments and change them.

use std::path::{Path, PathBuf};

use types::instances::Instance;

use super::Environments;
use crate::data_dir::DataDir;
use crate::instances::Instances;
use crate::process::command::Command;
use crate::{Error, Result};

/// What installs packages.
#[derive(Clone, Debug)]
pub(crate) enum Installer {
    /// uv, by its path.
    Uv(PathBuf),
    /// The environment's own pip.
    Pip,
}

/// The interpreter of an environment.
pub(crate) fn python(env: &Path) -> PathBuf {
    env.join("bin/python")
}

/// The uv on the PATH, or the newest that scripts have installed for all instances.
pub(crate) fn find_uv(dir: &DataDir) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("uv"));
    let mut own: Vec<PathBuf> = std::fs::read_dir(dir.cache().join("tools"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("uv-"))
        .map(|entry| entry.path().join("bin/uv"))
        .collect();
    own.sort();
    on_path.chain(own.into_iter().rev()).find(|uv| is_program(uv))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Variables that make uv behave as it does in scripts (`_uv_settings` of `functions.sh`): one cache for all
/// instances, hard links instead of copies, pip's settings.
pub(crate) fn settings(dir: &DataDir, env: &[(String, String)]) -> Vec<(String, String)> {
    let value = |name: &str| {
        let found = env
            .iter()
            .rev()
            .find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let defaults = [
        ("TMPDIR", Some(text(dir.tmp()))),
        ("XDG_CACHE_HOME", Some(text(dir.cache()))),
        ("UV_CACHE_DIR", Some(text(dir.cache().join("uv")))),
        ("UV_PYTHON_INSTALL_DIR", Some(text(dir.cache().join("python")))),
        ("UV_LINK_MODE", Some("hardlink".to_owned())),
        ("UV_NO_PROGRESS", Some("1".to_owned())),
        ("UV_SYSTEM_CERTS", Some("1".to_owned())),
        (
            "UV_HTTP_TIMEOUT",
            Some(value("PIP_DEFAULT_TIMEOUT").unwrap_or_else(|| "120".to_owned())),
        ),
        ("UV_DEFAULT_INDEX", value("PIP_INDEX_URL")),
        ("UV_INDEX", value("PIP_EXTRA_INDEX_URL")),
        ("UV_FIND_LINKS", value("PIP_FIND_LINKS")),
        ("UV_NO_INDEX", value("PIP_NO_INDEX")),
        ("SSL_CERT_FILE", value("PIP_CERT")),
        ("PIP_DISABLE_PIP_VERSION_CHECK", Some("1".to_owned())),
        ("PIP_NO_INPUT", Some("1".to_owned())),
        ("PYTHONUNBUFFERED", Some("1".to_owned())),
        ("GIT_TERMINAL_PROMPT", Some("0".to_owned())),
    ];
    let missing = defaults.into_iter().filter(|(name, _)| value(name).is_none());
    missing
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

impl Environments {
    /// A command in the instance's directory, with what its script would get.
    pub(super) fn command(&self, row: &Instance, dir: &Path, argv: Vec<String>) -> Result<Command> {
        let env = Instances::tool_environment(row)?;
        let more = settings(self.instances.data_dir(), &env);
        Ok(Command::new(argv, dir).envs(env).envs(more))
    }

    /// What installs into this environment.
    pub(super) fn installer(&self, env: &Path) -> Result<Installer> {
        if let Some(uv) = find_uv(self.instances.data_dir()) {
            return Ok(Installer::Uv(uv));
        }
        let has_pip = is_program(&env.join("bin/pip")) || is_program(&env.join("bin/pip3"));
        has_pip.then_some(Installer::Pip).ok_or(Error::NoInstaller)
    }
}

impl Installer {
    /// The words of `… pip <verb> <options> <rest>` for an environment.
    pub(crate) fn words(&self, env: &Path, verb: &str, rest: &[&str]) -> Vec<String> {
        let python = python(env).to_string_lossy().into_owned();
        let begin = match self {
            Self::Uv(uv) => {
                let uv = uv.to_string_lossy().into_owned();
                vec![
                    uv,
                    "pip".to_owned(),
                    verb.to_owned(),
                    "--python".to_owned(),
                    python,
                ]
            }
            Self::Pip => [&python, "-m", "pip", verb].map(str::to_owned).to_vec(),
        };
        begin
            .into_iter()
            .chain(rest.iter().map(|word| (*word).to_owned()))
            .collect()
    }
}
