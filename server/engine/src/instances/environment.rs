//! What a launch script is given: its environment and the files beside it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use types::instances::Instance;

use super::fields;
use crate::data_dir::DataDir;
use crate::{Error, Result};

/// Variables of the panel's own environment that a script gets too. Everything else stays here: it may hold
/// the panel's secrets, or settings of whoever started it.
const PASSED: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];
/// The same by beginning: settings of package tools, model hubs, drivers.
const PASSED_FAMILIES: [&str; 12] = [
    "PIP_",
    "UV_",
    "CARGO_",
    "CONDA_",
    "npm_config_",
    "NPM_CONFIG_",
    "HF_",
    "NVIDIA_",
    "CUDA_",
    "PYTORCH_",
    "TORCH_",
    "NODE_",
];
/// Not passed although a family takes them in: the row alone says which versions a script installs, and an
/// image or a shell of the machine may set these for itself.
const VERSIONS: [&str; 3] = ["PYTHON_VERSION", "CUDA_VERSION", "TORCH_VERSION"];

/// The variables of an instance, for scripts.
const VARIABLES: &str = "aikore_vars.env";
/// Its extra arguments, for scripts.
const ARGUMENTS: &str = "launch_args.txt";

/// Everything an environment is made of.
pub(super) struct Surroundings<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) support: &'a Path,
    pub(super) row: &'a Instance,
    /// Directory of the script and its environment: the parent's for a satellite.
    pub(super) conf_dir: &'a Path,
    /// Directory of [`write_files`]: a satellite's own.
    pub(super) own_dir: &'a Path,
    pub(super) output_dir: &'a Path,
    pub(super) port: u16,
    /// The panel's own prefix.
    pub(super) base_path: &'a str,
}

/// The whole environment of a script.
pub(super) fn environment(around: &Surroundings<'_>) -> Result<Vec<(String, String)>> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut env = passed();
    let row = around.row;
    let own = [
        // Output reaches the log when it is written, not when a buffer is full.
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("TERM", "xterm-256color".to_owned()),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    env.extend(wanted(row)?);
    let fixed = [
        ("WEBUI_PORT", around.port.to_string()),
        ("WEBUI_HOST", "127.0.0.1".to_owned()),
        ("INSTANCE_NAME", row.name.clone()),
        ("INSTANCE_CONF_DIR", text(around.conf_dir)),
        ("INSTANCE_OUTPUT_DIR", text(around.output_dir)),
        (
            "BLUEPRINT_ID",
            row.base_blueprint.trim_end_matches(".sh").to_owned(),
        ),
        ("SUBFOLDER", format!("{}{}", around.base_path, row.proxy_path())),
        ("BASE_DIR", text(around.dir.root())),
        ("SD_INSTALL_DIR", text(around.support)),
    ];
    env.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
    if around.own_dir != around.conf_dir {
        // Beside the script lie those of the parent.
        let own = |file| text(&around.own_dir.join(file));
        env.push(("AIKORE_VARS_FILE".to_owned(), own(VARIABLES)));
        env.push(("LAUNCH_ARGS_FILE".to_owned(), own(ARGUMENTS)));
    }
    for (name, path) in [
        ("TMPDIR", around.dir.tmp()),
        ("XDG_CACHE_HOME", around.dir.cache()),
    ] {
        // A person may want another place for these.
        if !env_has(&env, name) {
            env.push((name.to_owned(), text(&path)));
        }
    }
    Ok(env)
}

/// What everything that is run for an instance gets of the panel's own environment.
pub(crate) fn passed() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| is_passed(name))
        .collect()
}

fn env_has(env: &[(String, String)], wanted: &str) -> bool {
    env.iter().any(|(name, _)| name == wanted)
}

fn is_passed(name: &str) -> bool {
    let family = || PASSED_FAMILIES.iter().any(|family| name.starts_with(family));
    PASSED.contains(&name) || (!VERSIONS.contains(&name) && family())
}

/// What the person chose: versions, then variables.
pub(super) fn wanted(row: &Instance) -> Result<Vec<(String, String)>> {
    let versions = [
        ("PYTHON_VERSION", &row.python_version),
        ("CUDA_VERSION", &row.cuda_version),
        ("TORCH_VERSION", &row.torch_version),
    ];
    let mut wanted: Vec<(String, String)> = versions
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect();
    wanted.extend(fields::env_vars(&row.env_vars)?);
    Ok(wanted)
}

/// Writes `aikore_vars.env` and `launch_args.txt`, which scripts read, into the instance's own directory.
pub(super) fn write_files(own_dir: &Path, row: &Instance) -> Result<()> {
    let mut variables = String::from("# Written by AiKore at each start; change it in the panel.\n");
    for (name, value) in wanted(row)? {
        // Writing to a text cannot fail.
        let _ = writeln!(variables, "export {name}={}", quoted(&value));
    }
    write(own_dir.join(VARIABLES), &variables)?;
    write(own_dir.join(ARGUMENTS), &format!("{}\n", row.launch_args))
}

fn write(path: PathBuf, text: &str) -> Result<()> {
    let fresh = path.with_extension("new");
    let written = std::fs::File::create(&fresh)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&fresh, &path));
    written.map_err(Error::file(&path))
}

/// A word that a shell takes as it is.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_a_quoted_value_as_it_is() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(
            quoted("it's $(rm -rf ~) `x` \"y\""),
            r#"'it'\''s $(rm -rf ~) `x` "y"'"#
        );
    }

    #[test]
    fn the_panels_own_settings_stay_with_the_panel() {
        assert!(!is_passed("AIKORE_ADDR") && !is_passed("AWS_SECRET_ACCESS_KEY"));
        assert!(VERSIONS.iter().all(|name| !is_passed(name)));
        assert!(is_passed("CUDA_HOME") && is_passed("TORCH_HOME"));
        assert!(is_passed("PATH") && is_passed("UV_INDEX_URL") && is_passed("https_proxy"));
    }
}
