//! Why an instance ended by itself: the decoded end, the last minute, the last lines, and a bundle to pass on.

mod memory;
mod redaction;

use types::crashes::{Crash, CrashCause, CrashHolder};
use types::instances::{Exit, ExitKind, Instance, InstanceId};
use types::logs::Run;
use types::telemetry::History;

use self::memory::{GpuWords, last_of};
use self::redaction::redacted;
use crate::instances::{Instances, LogPosition, STOPPED};
use crate::telemetry::{HistoryQuery, Telemetry};
use crate::{Error, Result};

/// How much of the log is shown, bytes.
const SHOWN: u64 = 8 * 1024;
/// How much of the log is passed on, bytes.
const PASSED_ON: u64 = 512 * 1024;
/// Milliseconds before the end that are shown.
const LAST_MINUTE: i64 = 60_000;
/// What `PyTorch` and others write when the GPU's memory is used up.
const GPU_MEMORY_WORDS: [&str; 4] = [
    "CUDA out of memory",
    "CUDA error: out of memory",
    "torch.OutOfMemoryError",
    "CUDA_ERROR_OUT_OF_MEMORY",
];

/// Handle to the ends of runs.
#[derive(Clone)]
pub struct Crashes {
    instances: Instances,
    telemetry: Telemetry,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Its name in the bundle.
    pub name: String,
    /// What it holds, without secrets.
    pub content: String,
}

impl Crashes {
    pub(crate) fn new(instances: Instances, telemetry: Telemetry) -> Self {
        Self { instances, telemetry }
    }

    /// The last run of an instance, if that ended by itself.
    pub async fn last(&self, id: InstanceId) -> Result<Crash> {
        let row = self.instances.get(id).await?;
        let run = self
            .instances
            .runs(id)
            .await?
            .into_iter()
            .find(|run| run.ended_at.is_some());
        let run = run.filter(|run| run.reason != STOPPED && !run.reason.is_empty());
        let Some((run, ended_at)) = run.and_then(|run| run.ended_at.map(|at| (run, at))) else {
            return Err(Error::NoCrash(row.name));
        };
        let log = self.log(id, &run, SHOWN).await;
        let cause = cause(run.exit.as_ref(), &log);
        let query = HistoryQuery {
            from: ended_at - LAST_MINUTE,
            to: ended_at,
            step: 1000,
            subjects: vec![format!("instance:{id}"), "machine".to_owned(), "gpu:*".to_owned()],
            metrics: ["memory", "memory_percent", "gpu_memory", "cpu_percent"]
                .map(str::to_owned)
                .to_vec(),
        };
        let last_minute = self.telemetry.history(query).await?;
        let culprit = self.culprit(&row, ended_at, cause).await?;
        let mut explanation = match cause {
            CrashCause::OutOfGpuMemory => GpuWords::of(&log).tell(),
            CrashCause::OutOfMemory => self.memory_used(id, &last_minute),
            _ => String::new(),
        };
        if let Some(holder) = &culprit {
            memory::tell_holder(&mut explanation, holder, cause);
        }
        Ok(Crash {
            run: run.number,
            started_at: run.started_at,
            ended_at,
            exit: run.exit,
            cause,
            reason: redacted(&run.reason, &row.env_vars),
            explanation,
            culprit,
            advice: advice(cause).to_owned(),
            log: redacted(&log, &row.env_vars),
            last_minute,
        })
    }

    /// Everything somebody needs who is to help, without secrets.
    pub async fn bundle(&self, id: InstanceId) -> Result<Vec<BundleFile>> {
        let crash = self.last(id).await?;
        let mut row = self.instances.get(id).await?;
        let runs = self.instances.runs(id).await?;
        let log = match runs.iter().find(|run| run.number == crash.run) {
            Some(run) => self.log(id, run, PASSED_ON).await,
            None => String::new(),
        };
        let settings = std::mem::take(&mut row.env_vars);
        // Values may be anything; names say what was set.
        row.env_vars = settings
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| format!("{name}=[hidden]"))
            .collect::<Vec<_>>()
            .join("\n");
        row.launch_args = redacted(&row.launch_args, &settings);
        row.status_reason = redacted(&row.status_reason, &settings);
        let script = self.instances.launch_script(id).await.unwrap_or_default();
        let readings = self.telemetry.readings();
        let file = |name: &str, content: String| BundleFile {
            name: name.to_owned(),
            content,
        };
        Ok(vec![
            file("crash.json", json(&crash)),
            file("log.txt", redacted(&log, &settings)),
            file("instance.json", json(&row)),
            file("launch.sh", redacted(&script, &settings)),
            file("machine.json", json(&*readings)),
        ])
    }

    /// Who else held most of the memory that ran out.
    async fn culprit(&self, row: &Instance, ended_at: i64, cause: CrashCause) -> Result<Option<CrashHolder>> {
        let metric = match cause {
            CrashCause::OutOfGpuMemory => "gpu_memory",
            CrashCause::OutOfMemory => "memory",
            _ => return Ok(None),
        };
        let query = HistoryQuery {
            from: ended_at - LAST_MINUTE,
            to: ended_at,
            step: 1000,
            subjects: vec!["instance:*".to_owned()],
            metrics: vec![metric.to_owned()],
        };
        let history = self.telemetry.history(query).await?;
        let others = self.instances.list().await?.into_iter().filter(|other| {
            let may_meet = cause != CrashCause::OutOfGpuMemory || memory::may_meet(row, other);
            other.id != row.id && may_meet
        });
        let held = others.filter_map(|other| {
            Some(CrashHolder {
                instance: other.id,
                memory: last_of(&history, &format!("instance:{}", other.id), metric)?,
                name: other.name,
            })
        });
        Ok(held
            .filter(|holder| holder.memory >= memory::WORTH_TELLING)
            .max_by_key(|holder| holder.memory))
    }

    /// What it held itself when memory ran out, and of how much.
    fn memory_used(&self, id: InstanceId, last_minute: &History) -> String {
        let own = last_of(last_minute, &format!("instance:{id}"), "memory");
        let machine = &self.telemetry.readings().machine;
        memory::tell_used(own, machine.memory_limit, machine.sample.ram_total)
    }

    /// The end of a run's log; empty when it is gone.
    async fn log(&self, id: InstanceId, run: &Run, bytes: u64) -> String {
        let read = self
            .instances
            .log(id, Some(run.number), LogPosition::Tail(bytes))
            .await;
        read.map(|chunk| chunk.content).unwrap_or_default()
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What an end means. What the log says about the GPU's memory explains any code.
fn cause(exit: Option<&Exit>, log: &str) -> CrashCause {
    let Some(exit) = exit else {
        return CrashCause::NotStarted;
    };
    let on_gpu = GPU_MEMORY_WORDS.iter().any(|words| log.contains(words));
    match exit.kind {
        ExitKind::OutOfMemory => CrashCause::OutOfMemory,
        ExitKind::Lost => CrashCause::Lost,
        _ if on_gpu => CrashCause::OutOfGpuMemory,
        ExitKind::Code(127) if exit.source == types::instances::ExitSource::Engine => CrashCause::NotStarted,
        // Shells add 128 to the number of the signal that ended their command.
        ExitKind::Signal(_) | ExitKind::Code(129..=159) => CrashCause::Signal,
        ExitKind::Code(_) => CrashCause::ExitCode,
    }
}

fn advice(cause: CrashCause) -> &'static str {
    match cause {
        CrashCause::OutOfMemory => {
            "Close other instances, use a smaller model, or give the machine or its container more memory."
        }
        CrashCause::OutOfGpuMemory => {
            "Use a smaller model or batch, a GPU with more free memory, or stop what else uses this one."
        }
        CrashCause::NotStarted => "Look at its script: the first command could not be run.",
        CrashCause::Lost => "Start it again; nothing of it is left.",
        CrashCause::Signal | CrashCause::ExitCode => "Its last lines say more.",
    }
}

#[cfg(test)]
mod tests {
    use types::instances::ExitSource;

    use super::*;

    fn of(kind: ExitKind, log: &str) -> CrashCause {
        let exit = Exit {
            kind,
            source: ExitSource::Shim,
            at: 0,
        };
        cause(Some(&exit), log)
    }

    #[test]
    fn an_end_is_decoded_from_how_it_was_seen_and_what_the_log_says() {
        assert_eq!(of(ExitKind::Code(1), "Traceback"), CrashCause::ExitCode);
        assert_eq!(of(ExitKind::Code(137), ""), CrashCause::Signal);
        assert_eq!(of(ExitKind::Signal(11), ""), CrashCause::Signal);
        assert_eq!(
            of(ExitKind::OutOfMemory, "CUDA out of memory"),
            CrashCause::OutOfMemory
        );
        let log = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate";
        assert_eq!(of(ExitKind::Code(1), log), CrashCause::OutOfGpuMemory);
        assert_eq!(of(ExitKind::Lost, ""), CrashCause::Lost);
        assert_eq!(cause(None, ""), CrashCause::NotStarted);
    }
}
