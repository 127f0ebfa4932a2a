//! Compiling a wheel in an environment of its own.

use std::path::{Path, PathBuf};

use types::jobs::Job;
use types::requirements::Requirement;
use types::wheels::{BuildRequest, Wheel};

use super::{Wheels, library};
use crate::environments::tools::{find_uv, python, settings};
use crate::instances::{environment, tree};
use crate::jobs::{NewJob, Progress};
use crate::process::command::Command;
use crate::{Error, Result, blocking};

/// Steps of a build.
const STEPS: u8 = 4;
/// What most modules take for granted when they are compiled against torch, which rules out the usual isolation.
const USUAL: [&str; 7] = [
    "setuptools",
    "wheel",
    "packaging",
    "ninja",
    "cmake",
    "numpy",
    "pybind11",
];
/// Where builds of torch for a CUDA release are, unless the machine says otherwise.
const TORCH_INDEX: &str = "https://download.pytorch.org/whl";

/// A request, checked.
struct Plan {
    source: Requirement,
    python: Option<String>,
    torch: Option<Requirement>,
    cuda: Option<String>,
    arch: Option<String>,
    needs: Vec<Requirement>,
}

/// One build under way; its folder goes with it.
struct Build {
    plan: Plan,
    dir: PathBuf,
    uv: Option<PathBuf>,
    env: Vec<(String, String)>,
    progress: Progress,
}

impl Wheels {
    /// Compiles a wheel from a requirement or a git repository and puts it into the library.
    pub async fn build(&self, request: BuildRequest) -> Result<Job> {
        let plan = Plan::of(&request)?;
        let new = NewJob {
            kind: "wheel-build",
            title: format!("Building {}", plan.source.as_str()),
            instance: None,
        };
        let (dir, library) = (
            self.builds().join(uuid::Uuid::new_v4().to_string()),
            self.folder(),
        );
        let (data, slots) = (self.instances.data_dir().clone(), self.slots.clone());
        let work = move |progress: Progress| async move {
            progress.report(None, "Waiting for other builds");
            let _slot = tokio::select! {
                slot = slots.acquire_owned() => slot.map_err(|_| Error::ShuttingDown)?,
                () = progress.cancelled().cancelled() => return Err(Error::Cancelled),
            };
            let mut env = environment::passed();
            env.extend(settings(&data, &env));
            let build = Build {
                uv: find_uv(&data),
                plan,
                dir: dir.clone(),
                env,
                progress,
            };
            let result = build.run(&library).await;
            blocking(move || tree::remove(&dir, &mut || true)).await?;
            result
        };
        self.jobs.begin(new, work).await
    }

    fn builds(&self) -> PathBuf {
        self.instances.data_dir().tmp().join("builds")
    }

    /// Nobody builds while the panel starts: what is there was left.
    pub(super) async fn clear_builds(&self) -> Result<()> {
        let builds = self.builds();
        if !builds.exists() {
            return Ok(());
        }
        let aside = self
            .instances
            .data_dir()
            .tmp()
            .join(format!("builds-old-{}", uuid::Uuid::new_v4()));
        std::fs::rename(&builds, &aside).map_err(Error::file(&builds))?;
        let remove =
            move |_| blocking(move || tree::remove(&aside, &mut || true).map(|()| "Removed.".to_owned()));
        self.jobs
            .spawn("Removing what a build left".to_owned(), None, remove)
            .await?;
        Ok(())
    }
}

impl Plan {
    fn of(request: &BuildRequest) -> Result<Self> {
        let torch = match release("torch", &request.torch)? {
            Some(release) => Some(Requirement::new(&format!("torch=={release}"))?),
            None => None,
        };
        let needs = match request.needs.trim() {
            "" => Vec::new(),
            needs => Requirement::list(needs)?,
        };
        let source = request.source.trim();
        // People paste the address of a repository as they see it.
        let source = match source
            .strip_prefix("https://")
            .or_else(|| source.strip_prefix("ssh://"))
        {
            Some(rest) if !is_file(rest) => {
                format!("git+{source}")
            }
            _ => source.to_owned(),
        };
        Ok(Self {
            source: Requirement::new(&source)?,
            python: release("python", &request.python)?,
            cuda: release("cuda", &request.cuda)?,
            arch: arch(&request.arch)?,
            torch,
            needs,
        })
    }
}

/// Whether an address is that of a package's file, and not of a repository.
fn is_file(address: &str) -> bool {
    let ending = Path::new(address).extension().unwrap_or_default();
    ["whl", "gz", "zip"]
        .into_iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// A release that becomes part of an argument: digits and dots.
fn release(field: &'static str, text: &str) -> Result<Option<String>> {
    let text = text.trim();
    let is_release = text.len() <= 20
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    match text {
        "" => Ok(None),
        text if is_release => Ok(Some(text.to_owned())),
        _ => Err(Error::InvalidField {
            field,
            problem: "Write a release such as 3.12, with digits and dots only.".to_owned(),
        }),
    }
}

fn arch(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    let is_arch = |one: &str| {
        let number = one.trim().trim_end_matches("+PTX");
        number.split_once('.').is_some_and(|(major, minor)| {
            [major, minor]
                .into_iter()
                .all(|part| !part.is_empty() && part.len() < 4 && part.chars().all(|c| c.is_ascii_digit()))
        })
    };
    match text {
        "" => Ok(None),
        text if text.split(';').all(is_arch) => Ok(Some(text.to_owned())),
        _ => Err(Error::InvalidField {
            field: "arch",
            problem: "Write GPU generations such as 8.9, or several as in 8.6;8.9.".to_owned(),
        }),
    }
}

impl Build {
    async fn run(&self, library: &Path) -> Result<String> {
        let (env, out) = (self.dir.join("env"), self.dir.join("out"));
        std::fs::create_dir_all(&out).map_err(Error::file(&out))?;
        self.step(1, "Making an environment")?;
        self.make_environment(&env).await?;
        self.step(2, "Fetching what it is built with")?;
        self.fetch_tools(&env).await?;
        self.step(3, "Compiling")?;
        self.compile(&env, &out).await?;
        self.step(4, "Putting it into the library")?;
        let (library, out) = (library.to_owned(), out.clone());
        let suffix = self.suffix();
        blocking(move || take_in(&library, &out, &suffix)).await
    }

    fn step(&self, number: u8, what: &str) -> Result<()> {
        crate::environments::step(&self.progress, number, STEPS, what)
    }

    async fn make_environment(&self, env: &Path) -> Result<()> {
        let place = env.to_string_lossy().into_owned();
        let words = match (&self.uv, &self.plan.python) {
            (Some(uv), wanted) => {
                let mut words = vec![uv.to_string_lossy().into_owned()];
                words.extend(["venv", "--seed"].map(str::to_owned));
                words.extend(
                    wanted
                        .iter()
                        .flat_map(|release| ["--python".to_owned(), release.clone()]),
                );
                words.push(place);
                words
            }
            (None, wanted) => {
                let program = wanted
                    .as_ref()
                    .map_or("python3".to_owned(), |release| format!("python{release}"));
                [program.as_str(), "-m", "venv", &place]
                    .map(str::to_owned)
                    .to_vec()
            }
        };
        self.run_words("Making the environment", words).await
    }

    async fn fetch_tools(&self, env: &Path) -> Result<()> {
        let mut wanted = vec![
            "--upgrade".to_owned(),
            "pip".to_owned(),
            "wheel".to_owned(),
            "setuptools".to_owned(),
        ];
        if self.plan.torch.is_some() {
            wanted.extend(USUAL.map(str::to_owned));
        }
        wanted.extend(self.plan.needs.iter().map(|one| one.as_str().to_owned()));
        self.pip(env, "Installing the tools", "install", wanted).await?;
        let Some(torch) = &self.plan.torch else {
            return Ok(());
        };
        let mut words = vec![torch.as_str().to_owned()];
        if let Some(cuda) = &self.plan.cuda {
            let digits = cuda.split('.').take(2).collect::<String>();
            words.extend(["--index-url".to_owned(), format!("{TORCH_INDEX}/cu{digits}")]);
        }
        self.pip(env, "Installing torch", "install", words).await
    }

    async fn compile(&self, env: &Path, out: &Path) -> Result<()> {
        let mut words = vec![
            "--no-deps".to_owned(),
            "--no-cache-dir".to_owned(),
            "--verbose".to_owned(),
        ];
        words.extend(["-w".to_owned(), out.to_string_lossy().into_owned()]);
        if self.plan.torch.is_some() || !self.plan.needs.is_empty() {
            words.push("--no-build-isolation".to_owned());
        }
        // From sources, even where there is a wheel; an address has no name to say that of.
        words.extend(
            self.plan
                .source
                .name()
                .iter()
                .flat_map(|name| ["--no-binary".to_owned(), name.clone()]),
        );
        words.extend(["--".to_owned(), self.plan.source.as_str().to_owned()]);
        self.pip(env, "Building", "wheel", words).await
    }

    async fn pip(&self, env: &Path, what: &str, verb: &str, words: Vec<String>) -> Result<()> {
        let begin = [&*python(env).to_string_lossy(), "-m", "pip", verb].map(str::to_owned);
        self.run_words(what, begin.into_iter().chain(words).collect())
            .await
    }

    async fn run_words(&self, what: &str, words: Vec<String>) -> Result<()> {
        let path = std::env::var("PATH").unwrap_or_default();
        let own = [
            // Its own tools first: cmake and ninja come from the environment.
            ("PATH", format!("{}:{path}", self.dir.join("env/bin").display())),
            ("TMPDIR", self.dir.to_string_lossy().into_owned()),
        ];
        let arch = self
            .plan
            .arch
            .iter()
            .map(|arch| ("TORCH_CUDA_ARCH_LIST", arch.clone()));
        let command = Command::new(words, &self.dir)
            .envs(self.env.clone())
            .envs(own)
            .envs(arch);
        self.progress.run(what, command).await
    }

    /// What a wheel compiled against torch is told apart by, where its own release does not say it.
    fn suffix(&self) -> String {
        let torch = self
            .plan
            .torch
            .iter()
            .map(|torch| torch.as_str().replace("torch==", "torch"));
        let cuda = self
            .plan
            .cuda
            .iter()
            .map(|cuda| format!("cu{}", cuda.replace('.', "")));
        let arch = self
            .plan
            .arch
            .iter()
            .filter(|arch| !arch.contains([';', '+']))
            .map(|arch| format!("arch{arch}"));
        match self.plan.torch {
            Some(_) => cuda.chain(torch).chain(arch).collect::<Vec<_>>().join("."),
            None => String::new(),
        }
    }
}

/// Puts what was built into the library, below a build tag that says what it was compiled against.
fn take_in(library: &Path, out: &Path, suffix: &str) -> Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(out).map_err(Error::file(out))?.flatten() {
        let Some(wheel) = entry.file_name().to_str().and_then(Wheel::parse) else {
            continue;
        };
        let wheel = tagged(wheel, suffix);
        library::take_in(library, &entry.path(), &wheel)?;
        names.push(wheel.filename);
    }
    if names.is_empty() {
        return Err(Error::NothingBuilt);
    }
    Ok(format!("Built {}.", names.join(", ")))
}

/// Installers want the release in the name to be that in the file, so what it was compiled against goes into the
/// build tag, which they only compare.
fn tagged(wheel: Wheel, suffix: &str) -> Wheel {
    if suffix.is_empty() || !wheel.local.is_empty() {
        return wheel;
    }
    let parts: Vec<&str> = wheel.filename.splitn(3, '-').collect();
    let renamed = match parts[..] {
        [name, version, tags] => Wheel::parse(&format!("{name}-{version}-1.{suffix}-{tags}")),
        _ => None,
    };
    renamed.unwrap_or(wheel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(source: &str) -> BuildRequest {
        BuildRequest {
            source: source.to_owned(),
            ..BuildRequest::default()
        }
    }

    #[test]
    fn only_what_can_be_built_is_taken() {
        let plan = Plan::of(&request(" https://example.org/some/repo.git ")).unwrap();
        assert_eq!(plan.source.as_str(), "git+https://example.org/some/repo.git");
        assert!(Plan::of(&request("git+ssh://git@example.org/x.git@v1")).is_ok());
        for wrong in [
            "",
            "--help",
            "git+file:///etc",
            "http://example.org/x.git",
            "ext::sh",
            "x y",
            "git+https://-x/y",
            "/etc",
        ] {
            assert!(Plan::of(&request(wrong)).is_err(), "{wrong}");
        }
        for (field, wrong) in [
            ("python", "3.12; rm"),
            ("torch", "--pre"),
            ("cuda", "../x"),
            ("arch", "8.9 $(x)"),
            ("arch", "9"),
            ("needs", "-e ."),
        ] {
            let mut asked = request("numpy");
            match field {
                "python" => asked.python = wrong.to_owned(),
                "torch" => asked.torch = wrong.to_owned(),
                "cuda" => asked.cuda = wrong.to_owned(),
                "arch" => asked.arch = wrong.to_owned(),
                _ => asked.needs = wrong.to_owned(),
            }
            assert!(Plan::of(&asked).is_err(), "{field} {wrong}");
        }
        assert!(arch("8.6;8.9+PTX").is_ok());
    }

    #[test]
    fn what_was_compiled_against_torch_says_so_in_its_build_tag() {
        let name = |name: &str, suffix: &str| tagged(Wheel::parse(name).unwrap(), suffix).filename;
        let plain = "diso-0.1.4-cp312-cp312-linux_x86_64.whl";
        assert_eq!(
            name(plain, "cu128.torch2.8.0.arch8.9"),
            "diso-0.1.4-1.cu128.torch2.8.0.arch8.9-cp312-cp312-linux_x86_64.whl"
        );
        assert_eq!(name(plain, ""), plain);
        let wheel = Wheel::parse(&name(plain, "cu128.torch2.8.0.arch8.9")).unwrap();
        let said = (
            wheel.cuda.as_deref(),
            wheel.torch.as_deref(),
            wheel.arch.as_deref(),
        );
        assert_eq!(said, (Some("12.8"), Some("2.8.0"), Some("8.9")));
    }
}
