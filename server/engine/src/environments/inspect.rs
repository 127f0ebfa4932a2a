//! What an environment holds, and what does not fit together in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use types::environments::{Environment, Misfit, Package};
use types::instances::Instance;
use types::requirements::normal_name;

use super::Environments;
use super::tools::python;
use crate::process::command::{self, End};
use crate::{Error, Result};

const INSPECT: &str = include_str!("inspect.py");
const IMPORTS: &str = include_str!("imports.py");
/// The most that is read of what one of these programs says, bytes.
const LIMIT: usize = 16 * 1024 * 1024;
/// How long they may take: importing torch from a cold disk takes a while.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(3);

/// Libraries that decide what runs, in the order they are shown.
const KEY: [&str; 28] = [
    "torch",
    "torchvision",
    "torchaudio",
    "torchao",
    "xformers",
    "triton",
    "flash-attn",
    "sageattention",
    "bitsandbytes",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "numpy",
    "pillow",
    "transformers",
    "diffusers",
    "accelerate",
    "safetensors",
    "peft",
    "huggingface-hub",
    "gradio",
    "fastapi",
    "uvicorn",
    "jupyterlab",
    "datasette",
    "marimo",
    "comfyui-frontend-package",
    "pip",
];

/// What the program in the environment says.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Inspected {
    pub(super) python: String,
    pub(super) cuda: Option<String>,
    pub(super) packages: Vec<Package>,
    /// Names to import, by package.
    pub(super) modules: BTreeMap<String, Vec<String>>,
}

/// What works in an environment and what does not; compared before and after an update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) conflicts: BTreeSet<Misfit>,
    /// Reasons, by module.
    pub(super) broken: BTreeMap<String, String>,
}

impl Environments {
    /// Asks the environment's own interpreter.
    pub(super) async fn inspect(
        &self,
        row: &Instance,
        env: &Path,
        cancel: &CancellationToken,
    ) -> Result<Inspected> {
        let said = self.ask(row, env, &["-I", "-c", INSPECT], cancel).await?;
        serde_json::from_str(said.trim()).map_err(|_| Error::CommandFailed {
            what: "The environment's Python".to_owned(),
            how: "its answer cannot be read".to_owned(),
            last: String::new(),
        })
    }

    /// What does not fit together, by the installer's own check.
    pub(super) async fn conflicts(
        &self,
        row: &Instance,
        env: &Path,
        cancel: &CancellationToken,
    ) -> Result<Vec<Misfit>> {
        let words = self.installer(env)?.words(env, "check", &[]);
        let command = self.command(row, env, words)?;
        let said = within(command::output(command, cancel, LIMIT)).await?;
        let text = [said.output, said.errors].concat();
        let mut found: Vec<Misfit> = String::from_utf8_lossy(&text)
            .lines()
            .filter_map(misfit)
            .collect();
        found.sort();
        found.dedup();
        match said.end {
            End::Cancelled => Err(Error::Cancelled),
            End::Code(0) => Ok(found),
            _ if !found.is_empty() => Ok(found),
            end => Err(failed("The check of the packages", end, &text)),
        }
    }

    /// Tries to import; returns what failed and why.
    pub(super) async fn broken_imports(
        &self,
        row: &Instance,
        env: &Path,
        modules: &[String],
        cancel: &CancellationToken,
    ) -> Result<BTreeMap<String, String>> {
        if modules.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut words = vec!["-I", "-c", IMPORTS];
        words.extend(modules.iter().map(String::as_str));
        let said = self.ask(row, env, &words, cancel).await?;
        let last = said.trim_end().lines().last().unwrap_or_default();
        serde_json::from_str(last).map_err(|_| Error::CommandFailed {
            what: "Importing the packages".to_owned(),
            how: "Python ended in the middle".to_owned(),
            last: String::new(),
        })
    }

    async fn ask(
        &self,
        row: &Instance,
        env: &Path,
        words: &[&str],
        cancel: &CancellationToken,
    ) -> Result<String> {
        let mut argv = vec![python(env).to_string_lossy().into_owned()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        let command = self.command(row, env, argv)?;
        let said = within(command::output(command, cancel, LIMIT)).await?;
        match said.end {
            End::Code(0) => Ok(String::from_utf8_lossy(&said.output).into_owned()),
            End::Cancelled => Err(Error::Cancelled),
            end => Err(failed("The environment's Python", end, &said.errors)),
        }
    }
}

async fn within(running: impl Future<Output = std::io::Result<command::Said>>) -> Result<command::Said> {
    let not_run = |source| Error::CommandNotRun {
        what: "The environment's Python".to_owned(),
        source,
    };
    match tokio::time::timeout(PATIENCE, running).await {
        Ok(said) => said.map_err(not_run),
        Err(_) => Err(not_run(std::io::ErrorKind::TimedOut.into())),
    }
}

fn failed(what: &str, end: End, said: &[u8]) -> Error {
    let text = String::from_utf8_lossy(said);
    let mut last: Vec<&str> = text.trim_end().lines().rev().take(3).collect();
    last.reverse();
    Error::CommandFailed {
        what: what.to_owned(),
        how: match end {
            End::Signal(signal) => crate::process::signal_name(signal).to_owned(),
            End::Code(code) => format!("exit code {code}"),
            End::Cancelled => "cancelled".to_owned(),
        },
        last: last.join("\n"),
    }
}

/// The libraries that matter most, of those there are.
pub(super) fn key_packages(packages: &[Package]) -> Vec<Package> {
    let named = |name: &&str| {
        packages
            .iter()
            .find(|package| normal_name(&package.name) == **name)
    };
    KEY.iter().filter_map(|name| named(name).cloned()).collect()
}

/// What is imported to see whether an environment works: the key libraries and what was asked for.
pub(super) fn modules_to_try(inspected: &Inspected, asked: &[String]) -> Vec<String> {
    let keys = KEY
        .iter()
        .map(|name| (*name).to_owned())
        .filter(|name| name != "pip");
    let mut modules: Vec<String> = keys
        .chain(asked.iter().cloned())
        .filter_map(|name| inspected.modules.get(&name))
        .filter_map(|tops| tops.first())
        .cloned()
        .collect();
    modules.sort();
    modules.dedup();
    modules
}

/// Fills a report in.
pub(super) fn describe(environment: &mut Environment, inspected: Inspected) {
    let mut packages = inspected.packages.iter();
    let torch = packages.find(|package| normal_name(&package.name) == "torch");
    environment.torch = torch.map(|package| package.version.clone());
    environment.python = inspected.python;
    environment.cuda = inspected.cuda;
    environment.key = key_packages(&inspected.packages);
    environment.packages = inspected.packages;
}

/// One line of `pip check` or `uv pip check`.
fn misfit(line: &str) -> Option<Misfit> {
    let misfit = |package: &str, needs: &str, has: &str| {
        Some(Misfit {
            package: package.trim().to_owned(),
            needs: needs.trim().to_owned(),
            has: has.trim().to_owned(),
        })
    };
    let line = line.trim();
    // The package `a` requires `b>=2`, but `1.0` is installed
    // The package `a` requires `b`, but it's not installed
    if let Some(rest) = line.strip_prefix("The package ") {
        let words: Vec<&str> = rest.split('`').collect();
        return match words[..] {
            [
                "",
                package,
                " requires ",
                needs,
                ", but ",
                has,
                " is installed" | " is installed.",
            ] => misfit(package, needs, has),
            ["", package, " requires ", needs, rest] if rest.contains("not installed") => {
                misfit(package, needs, "")
            }
            _ => misfit(words.get(1)?, line, ""),
        };
    }
    // a 1.0 has requirement b>=2, but you have b 1.0.
    if let Some((package, rest)) = line.split_once(" has requirement ") {
        let (needs, has) = rest.split_once(", but you have ")?;
        return misfit(package, needs, has.trim_end_matches('.'));
    }
    // a 1.0 requires b, which is not installed.
    let (package, rest) = line.split_once(" requires ")?;
    misfit(package, rest.strip_suffix(", which is not installed.")?, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tools_complaints_are_read() {
        let told = |line: &str| misfit(line).map(|found| [found.package, found.needs, found.has].join(" | "));
        for (line, read) in [
            (
                "The package `datasette` requires `jinja2>=2.10.3`, but `2.9` is installed",
                Some("datasette | jinja2>=2.10.3 | 2.9"),
            ),
            (
                "The package `a` requires `b>=1 ; extra == 'x'`, but it's not installed",
                Some("a | b>=1 ; extra == 'x' | "),
            ),
            (
                "datasette 0.65 has requirement Jinja2>=2.10.3, but you have jinja2 2.9.",
                Some("datasette 0.65 | Jinja2>=2.10.3 | jinja2 2.9"),
            ),
            ("a 1.0 requires b, which is not installed.", Some("a 1.0 | b | ")),
            ("Checked 31 packages in 1ms", None),
            ("No broken requirements found.", None),
            ("Found 2 incompatibilities", None),
        ] {
            assert_eq!(told(line).as_deref(), read, "{line}");
        }
    }
}
