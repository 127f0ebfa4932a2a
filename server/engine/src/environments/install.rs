//! Installing what a person typed.

use std::path::Path;

use types::instances::InstanceId;
use types::jobs::Job;
use types::requirements::Requirement;
use types::scripts::ScriptFile;

use super::Environments;
use super::tools::Installer;
use crate::instances::Workshop;
use crate::jobs::{NewJob, Progress};
use crate::scripts::files;
use crate::{Error, Result, blocking};

/// The packages that a script chose a build of; nothing else may replace them.
const TORCH: [&str; 3] = ["torch", "torchvision", "torchaudio"];

impl Environments {
    /// Installs requirements, one per line, into an instance's environment. `keep` adds them to its
    /// `requirements.txt`, so that they survive a rebuild; a running app is disturbed only when `confirmed`.
    pub async fn install(&self, id: InstanceId, text: &str, keep: bool, confirmed: bool) -> Result<Job> {
        let wanted = Requirement::list(text)?;
        let workshop = self.place_of_work(id).await?;
        let is_running = workshop.row.status.is_active();
        if is_running && !confirmed {
            return Err(Error::Runs(workshop.row.name));
        }
        let hold = if is_running {
            None
        } else {
            Some(
                self.instances
                    .hold(&workshop, "packages are being installed")
                    .await?,
            )
        };
        let names: Vec<&str> = wanted.iter().map(Requirement::as_str).collect();
        let new = NewJob {
            kind: "install",
            title: format!("Installing {} for {}", names.join(", "), workshop.row.name),
            instance: Some(id),
        };
        let environments = self.clone();
        let work = move |progress: Progress| async move {
            let _hold = hold;
            progress.report(None, "Installing");
            environments.install_now(&workshop, &wanted, &progress).await?;
            if keep {
                add_requirements(&workshop.dir, &wanted).await?;
            }
            Ok("Installed.".to_owned())
        };
        self.jobs.begin(new, work).await
    }

    pub(super) async fn install_now(
        &self,
        workshop: &Workshop,
        wanted: &[Requirement],
        progress: &Progress,
    ) -> Result<()> {
        let env = workshop.environment();
        let installer = self.installer(&env)?;
        let names: Vec<String> = wanted.iter().filter_map(Requirement::name).collect();
        let mut rest = pins(&env, &names);
        for name in &names {
            match installer {
                Installer::Uv(_) => rest.extend(["--upgrade-package".to_owned(), name.clone()]),
                Installer::Pip if rest.iter().any(|word| word == "--upgrade") => {}
                Installer::Pip => rest.push("--upgrade".to_owned()),
            }
        }
        rest.push("--".to_owned());
        rest.extend(wanted.iter().map(|one| one.as_str().to_owned()));
        self.install_words(workshop, &installer, &rest, progress).await
    }

    /// Brings what `requirements.txt` names to the newest releases it allows.
    pub(super) async fn install_file(&self, workshop: &Workshop, progress: &Progress) -> Result<()> {
        let (env, file) = (workshop.environment(), workshop.dir.join("requirements.txt"));
        if !std::fs::metadata(&file).is_ok_and(|file| file.len() > 0) {
            return Err(Error::InvalidField {
                field: "requirements.txt",
                problem: "There is nothing in it to update; type what you want instead.".to_owned(),
            });
        }
        let mut rest = pins(&env, &[]);
        rest.extend(["--upgrade", "-r"].map(str::to_owned));
        rest.push(file.to_string_lossy().into_owned());
        let installer = self.installer(&env)?;
        self.install_words(workshop, &installer, &rest, progress).await
    }

    async fn install_words(
        &self,
        workshop: &Workshop,
        installer: &Installer,
        rest: &[String],
        progress: &Progress,
    ) -> Result<()> {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let words = installer.words(&workshop.environment(), "install", &rest);
        let command = self.command(&workshop.row, &workshop.dir, words)?;
        progress.run("Installing", command).await
    }
}

/// Keeps the build of torch that the script chose, unless torch itself is wanted.
fn pins(env: &Path, names: &[String]) -> Vec<String> {
    let file = env.join(".aikore-torch.txt");
    let wants_torch = names.iter().any(|name| TORCH.contains(&name.as_str()));
    if wants_torch || !file.is_file() {
        return Vec::new();
    }
    vec!["-c".to_owned(), file.to_string_lossy().into_owned()]
}

/// Adds lines to `requirements.txt` that are not in it.
async fn add_requirements(dir: &Path, wanted: &[Requirement]) -> Result<()> {
    let (dir, wanted) = (dir.to_owned(), wanted.to_vec());
    blocking(move || {
        let lines: Vec<&str> = wanted.iter().map(Requirement::as_str).collect();
        files::add_lines(&dir, ScriptFile::Requirements, &lines)
    })
    .await
}
