//! Environments with a real Python, and packages made on the spot, so that no network is needed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::Engine;
use types::copies::NewSatellite;
use types::environments::{UpdateKind, UpdateOutcome, UpdateRequest};
use types::instances::{InstanceId, NewInstance, Status};
use types::jobs::{Job, JobId, JobState};

use crate::panel::{self, Panel};

/// Making an environment takes a while on a busy machine.
const LIMIT: Duration = Duration::from_mins(4);

const SCRIPT: &str = r#"set -e
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$WHEELS" PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -e .rebuild-env ]; then rm -rf env .rebuild-env; fi
if [ ! -x env/bin/demo ]; then python3 -m venv env; env/bin/python -m pip install -q demo==1; fi
exec env/bin/demo
"#;
const METADATA: &str = "venv_type = python; venv_path = ./env; ready = log:^ready; stop_grace = 2";

/// What releases of the package do when they are imported and when they are started.
const RELEASES: [(&str, &str, &str); 5] = [
    ("1", "", "print('ready 1', flush=True); time.sleep(600)"),
    ("2", "", "print('ready 2', flush=True); time.sleep(600)"),
    ("3", "", "sys.exit('it cannot start any more')"),
    ("4", "raise RuntimeError('broken on purpose')", ""),
    ("5", "", "time.sleep(600)"),
];

/// Wheels are zip files; Python writes them.
const MAKE: &str = r#"
import base64, hashlib, sys, zipfile
folder, version, at_import, at_start = sys.argv[1:]
info = f"demo-{version}.dist-info"
files = {
    "demo/__init__.py": f"import sys, time\n{at_import}\ndef serve():\n    {at_start or 'pass'}\n",
    "demo/data.json": "{}",
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{info}/entry_points.txt": "[console_scripts]\ndemo = demo:serve\n",
    f"{info}/top_level.txt": "demo\n",
}
record = ""
with zipfile.ZipFile(f"{folder}/demo-{version}-py3-none-any.whl", "w") as wheel:
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text.encode())}\n"
        wheel.writestr(name, text)
    wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
"#;

struct Lab {
    panel: Panel,
    id: InstanceId,
    _wheels: tempfile::TempDir,
}

fn make_wheels() -> tempfile::TempDir {
    let wheels = tempfile::tempdir().unwrap();
    for (version, at_import, at_start) in RELEASES {
        #[expect(clippy::disallowed_methods, reason = "a test makes its own packages")]
        let made = std::process::Command::new("python3")
            .args([
                "-c",
                MAKE,
                wheels.path().to_str().unwrap(),
                version,
                at_import,
                at_start,
            ])
            .status()
            .unwrap();
        assert!(made.success());
    }
    wheels
}

fn new_instance(wheels: &Path) -> NewInstance {
    let mut vars = String::new();
    let links = wheels.display();
    for (name, value) in [
        ("WHEELS", links.to_string()),
        ("PIP_FIND_LINKS", links.to_string()),
        ("PIP_NO_INDEX", "1".to_owned()),
    ] {
        writeln!(vars, "{name}={value}").unwrap();
    }
    NewInstance {
        env_vars: vars,
        ..NewInstance::default()
    }
}

impl Lab {
    /// An instance that was started once and stopped again.
    async fn new() -> Self {
        let wheels = make_wheels();
        let panel = Panel::new().await;
        let id = panel
            .create_with(METADATA, SCRIPT, new_instance(wheels.path()))
            .await;
        let lab = Self {
            panel,
            id,
            _wheels: wheels,
        };
        lab.panel.engine.instances.start(id).await.unwrap();
        lab.until(Status::Started).await;
        lab.panel.engine.instances.stop(id).await.unwrap();
        lab.until(Status::Stopped).await;
        lab
    }

    async fn until(&self, status: Status) {
        until(&self.panel.engine, self.id, status).await;
    }

    fn dir(&self) -> PathBuf {
        only_instance(self.panel.data.path())
    }

    async fn update(&self, requirement: &str) -> Job {
        let job = self
            .panel
            .engine
            .environments
            .update(self.id, typed(requirement))
            .await
            .unwrap();
        ended(&self.panel.engine, job.id).await
    }

    async fn version(&self) -> String {
        version(&self.panel.engine, self.id).await
    }
}

fn typed(requirement: &str) -> UpdateRequest {
    UpdateRequest {
        kind: UpdateKind::Typed,
        requirements: requirement.to_owned(),
        ..UpdateRequest::default()
    }
}

fn only_instance(data: &Path) -> PathBuf {
    let mut found = std::fs::read_dir(data.join("instances")).unwrap().flatten();
    found.next().unwrap().path()
}

async fn version(engine: &Engine, id: InstanceId) -> String {
    let found = engine.environments.check(id).await.unwrap();
    assert_eq!(found.problems, Vec::<String>::new());
    let demo = found.packages.into_iter().find(|package| package.name == "demo");
    demo.unwrap().version
}

async fn until(engine: &Engine, id: InstanceId, status: Status) {
    let mut events = engine.events.subscribe();
    let wait = async {
        while engine.instances.get(id).await.unwrap().status != status {
            let _ = events.recv().await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, wait).await;
    assert!(
        waited.is_ok(),
        "never {status:?}: {:?}",
        engine.instances.get(id).await
    );
}

async fn until_job(engine: &Engine, id: JobId, is_so: impl Fn(&Job) -> bool) -> Job {
    let mut events = engine.events.subscribe();
    let wait = async {
        loop {
            let job = engine.jobs.get(id).unwrap();
            if is_so(&job) {
                return job;
            }
            let _ = events.recv().await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, wait).await;
    waited.unwrap_or_else(|_| panic!("it did not come to that: {:?}", engine.jobs.get(id)))
}

async fn ended(engine: &Engine, id: JobId) -> Job {
    until_job(engine, id, |job| job.state != JobState::Running).await
}

/// Nothing of an update lies beside the environment.
fn assert_clean(dir: &Path) {
    let left: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".aikore-") && name.starts_with("env"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_safe_update_stays_when_the_app_gets_ready_and_is_undone_when_it_does_not() {
    let lab = Lab::new().await;
    let job = lab.update("demo==2").await;
    assert_eq!(job.state, JobState::Done, "{}", job.message);
    assert_eq!(lab.version().await, "2");
    lab.until(Status::Stopped).await;
    let report = lab
        .panel
        .engine
        .environments
        .check(lab.id)
        .await
        .unwrap()
        .last_update
        .unwrap();
    assert_eq!((report.outcome, report.job), (UpdateOutcome::Kept, job.id));
    assert_eq!(report.changes.len(), 1);
    assert_eq!(report.changes[0].before.as_deref(), Some("1"));
    assert_clean(&lab.dir());

    for (requirement, why) in [
        ("demo==3", "did not become ready"),
        ("demo==4", "cannot be imported"),
        ("demo==99", "Installing failed"),
    ] {
        let job = lab.update(requirement).await;
        assert_eq!(job.state, JobState::Failed, "{requirement}");
        assert!(job.message.contains(why), "{requirement}: {}", job.message);
        assert!(
            job.message.ends_with("The environment is as it was before."),
            "{}",
            job.message
        );
        assert_eq!(lab.version().await, "2", "{requirement}");
        let report = lab
            .panel
            .engine
            .environments
            .check(lab.id)
            .await
            .unwrap()
            .last_update
            .unwrap();
        assert_eq!(report.outcome, UpdateOutcome::RolledBack);
        assert_clean(&lab.dir());
    }
    lab.panel.engine.instances.start(lab.id).await.unwrap();
    lab.until(Status::Started).await;
    assert!(lab.panel.log(lab.id).await.contains("ready 2"));

    // While it runs, nothing is touched unless that is confirmed; then it runs again afterwards.
    let refused = lab
        .panel
        .engine
        .environments
        .update(lab.id, typed("demo==1"))
        .await;
    assert!(matches!(refused, Err(engine::Error::Runs(_))), "{refused:?}");
    let confirmed = UpdateRequest {
        confirm: true,
        ..typed("demo==4")
    };
    let job = lab
        .panel
        .engine
        .environments
        .update(lab.id, confirmed)
        .await
        .unwrap();
    assert_eq!(ended(&lab.panel.engine, job.id).await.state, JobState::Failed);
    lab.until(Status::Started).await;
    assert!(lab.panel.log(lab.id).await.contains("ready 2"));
    lab.panel.engine.shutdown(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_an_update_brings_the_old_environment_back() {
    let lab = Lab::new().await;
    for phase in ["1/5", "2/5", "4/5"] {
        let job = lab
            .panel
            .engine
            .environments
            .update(lab.id, typed("demo==5"))
            .await
            .unwrap();
        until_job(&lab.panel.engine, job.id, |job| {
            job.message.starts_with(phase) || job.state != JobState::Running
        })
        .await;
        lab.panel.engine.jobs.cancel(job.id).unwrap();
        let job = ended(&lab.panel.engine, job.id).await;
        assert_eq!(job.state, JobState::Cancelled, "{phase}: {}", job.message);
        lab.until(Status::Stopped).await;
        assert_eq!(lab.version().await, "1", "{phase}");
        assert_clean(&lab.dir());
    }
    lab.panel.engine.shutdown(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_a_dead_panel_left_is_undone_at_the_next_start() {
    let wheels = make_wheels();
    let data = tempfile::tempdir().unwrap();
    let (path, new) = (data.path().to_owned(), new_instance(wheels.path()));
    let (id, update) = panel::killed_panel(data.path(), move |engine| async move {
        let id = panel::create(&engine, &path, METADATA, SCRIPT, new).await;
        engine.instances.start(id).await.unwrap();
        until(&engine, id, Status::Started).await;
        engine.instances.stop(id).await.unwrap();
        until(&engine, id, Status::Stopped).await;
        let job = engine.environments.update(id, typed("demo==5")).await.unwrap();
        until_job(&engine, job.id, |job| job.message.starts_with("4/5")).await;
        until(&engine, id, Status::Starting).await;
        (id, job.id)
    })
    .await;

    let engine = panel::open(data.path()).await;
    assert_eq!(engine.jobs.get(update).unwrap().state, JobState::Interrupted);
    let repair = engine.jobs.list()[0].clone();
    assert_eq!(repair.kind, "roll-back");
    assert_eq!(ended(&engine, repair.id).await.state, JobState::Done);
    until(&engine, id, Status::Stopped).await;
    assert_eq!(version(&engine, id).await, "1");
    assert_clean(&only_instance(data.path()));
    engine.instances.start(id).await.unwrap();
    until(&engine, id, Status::Started).await;
    engine.shutdown(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_is_looked_into_measured_filled_and_made_anew() {
    let lab = Lab::new().await;
    let engine = &lab.panel.engine;
    let found = engine.environments.check(lab.id).await.unwrap();
    assert!(found.exists && found.python.starts_with("3."), "{found:?}");
    assert_eq!(found.conflicts, []);
    assert!(found.key.iter().any(|package| package.name == "pip"));
    let size = engine.environments.size(lab.id).await.unwrap();
    assert!(size.files > 100 && size.bytes > 100_000, "{size:?}");
    std::fs::hard_link(lab.dir().join("env/pyvenv.cfg"), lab.dir().join("outside")).unwrap();
    let linked = engine.environments.size(lab.id).await.unwrap();
    assert_eq!(linked.bytes, size.bytes);
    assert!(linked.shared_bytes > size.shared_bytes);

    for wrong in ["", "-r /etc/passwd", "--index-url=x", "./here", "a b"] {
        let refused = engine.environments.install(lab.id, wrong, false, false).await;
        assert!(
            matches!(refused, Err(engine::Error::InvalidRequirement(_))),
            "{wrong:?}"
        );
    }
    let job = engine
        .environments
        .install(lab.id, "demo==2", true, false)
        .await
        .unwrap();
    let held = engine.instances.start(lab.id).await;
    let job = ended(engine, job.id).await;
    assert_eq!(job.state, JobState::Done, "{}", job.message);
    assert!(
        matches!(held, Err(engine::Error::WrongStatus { .. })),
        "nobody starts it meanwhile"
    );
    assert_eq!(lab.version().await, "2");
    let kept = std::fs::read_to_string(lab.dir().join("requirements.txt")).unwrap();
    assert!(kept.lines().any(|line| line == "demo==2"), "{kept}");

    // What the script left alone for years: a package that lacks another.
    let info = glob_one(&lab.dir().join("env/lib"), "demo-2.dist-info");
    let mut metadata = std::fs::File::options()
        .append(true)
        .open(info.join("METADATA"))
        .unwrap();
    writeln!(metadata, "Requires-Dist: nothere>=1").unwrap();
    let found = engine.environments.check(lab.id).await.unwrap();
    assert_eq!(found.conflicts.len(), 1, "{found:?}");
    assert!(found.conflicts[0].needs.contains("nothere") && found.conflicts[0].has.is_empty());

    let job = engine.environments.rebuild(lab.id, false).await.unwrap();
    assert_eq!(ended(engine, job.id).await.state, JobState::Done);
    assert!(lab.dir().join(".rebuild-env").exists());
    let job = engine.environments.rebuild(lab.id, true).await.unwrap();
    assert_eq!(ended(engine, job.id).await.state, JobState::Done);
    assert!(!lab.dir().join(".rebuild-env").exists());
    assert_eq!(lab.version().await, "1");
    assert_eq!(
        engine.instances.get(lab.id).await.unwrap().status,
        Status::Started
    );
    engine.shutdown(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_changes_below_a_satellite_that_runs() {
    let lab = Lab::new().await;
    let engine = &lab.panel.engine;
    let satellite = engine
        .instances
        .instantiate(lab.id, NewSatellite::default())
        .await
        .unwrap()
        .id;
    assert_eq!(
        version(engine, satellite).await,
        "1",
        "it may be looked at through the satellite"
    );
    let elsewhere = engine.environments.rebuild(satellite, false).await;
    assert!(
        matches!(elsewhere, Err(engine::Error::SharesDirectory { .. })),
        "{elsewhere:?}"
    );
    engine.instances.start(satellite).await.unwrap();
    until(engine, satellite, Status::Started).await;
    let refused = [
        engine.environments.update(lab.id, typed("demo==2")).await,
        engine.environments.install(lab.id, "demo==2", false, true).await,
        engine.environments.rebuild(lab.id, false).await,
    ];
    for refused in refused {
        assert!(
            matches!(refused, Err(engine::Error::SatellitesRun { .. })),
            "{refused:?}"
        );
    }
    engine.instances.stop(satellite).await.unwrap();
    until(engine, satellite, Status::Stopped).await;
    // While the parent's files change, a satellite cannot be started either.
    let job = engine
        .environments
        .update(lab.id, typed("demo==2"))
        .await
        .unwrap();
    let held = engine.instances.start(satellite).await;
    assert!(matches!(held, Err(engine::Error::WrongStatus { .. })), "{held:?}");
    assert_eq!(ended(engine, job.id).await.state, JobState::Done);
    engine.shutdown(true).await;
}

fn glob_one(below: &Path, name: &str) -> PathBuf {
    let mut directories = vec![below.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            if entry.file_name() == name {
                return entry.path();
            }
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            }
        }
    }
    panic!("no {name}");
}
