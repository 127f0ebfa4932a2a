//! Which GPU for which instance.

use std::collections::HashMap;

use types::gpus::{GpuChoice, GpuChoices, GpuFit, GpuHolder};
use types::instances::{Instance, InstanceId};
use types::telemetry::{GpuReading, GpuReadings};

const GIB: f64 = 1_073_741_824.0;

/// Every GPU to choose from.
pub(super) fn choices(gpus: &GpuReadings, names: &HashMap<InstanceId, String>) -> GpuChoices {
    GpuChoices {
        note: gpus.note.clone(),
        gpus: gpus.gpus.iter().map(|gpu| choice(gpu, names)).collect(),
    }
}

fn choice(gpu: &GpuReading, names: &HashMap<InstanceId, String>) -> GpuChoice {
    let mut holders: Vec<GpuHolder> = Vec::new();
    for process in &gpu.processes {
        let name = match process.instance.and_then(|id| names.get(&id)) {
            Some(name) => name.clone(),
            None if process.name.is_empty() => format!("process {}", process.pid),
            None => format!("{} ({})", process.name, process.pid),
        };
        let same = holders
            .iter_mut()
            .find(|holder| holder.instance.is_some() && holder.instance == process.instance);
        match same {
            Some(holder) => holder.memory = Some(holder.memory.unwrap_or(0) + process.memory.unwrap_or(0)),
            None => holders.push(GpuHolder {
                instance: process.instance,
                name,
                memory: process.memory,
            }),
        }
    }
    holders.sort_by_key(|holder| std::cmp::Reverse(holder.memory));
    GpuChoice {
        index: gpu.index,
        uuid: gpu.uuid.clone(),
        name: gpu.name.clone(),
        problem: gpu.problem.clone(),
        total: gpu.memory_total,
        free: gpu.memory_free(),
        holders,
    }
}

/// Whether an instance will find enough on the GPUs it may use. `wanted` is its blueprint's word, for one GPU;
/// `learned` is what it held itself, on all of them.
pub(super) fn fit(row: &Instance, choices: GpuChoices, wanted: Option<u64>, learned: Option<u64>) -> GpuFit {
    let sees_gpus = !choices.gpus.is_empty();
    let (gpus, others): (Vec<GpuChoice>, Vec<GpuChoice>) = choices
        .gpus
        .into_iter()
        .partition(|gpu| may_use(row.gpu_ids.as_deref(), gpu));
    // Where no GPU is to be seen at all nobody can tell: it may be another maker's.
    let warning = sees_gpus
        .then(|| warning(row, &gpus, wanted, learned))
        .flatten()
        .unwrap_or_default();
    let (mut elsewhere, mut rival) = (None, None);
    if !warning.is_empty() {
        let needed = wanted.max(learned).unwrap_or_default();
        elsewhere = others
            .into_iter()
            .filter(|gpu| gpu.problem.is_empty() && gpu.free >= Some(needed))
            .max_by_key(|gpu| gpu.free);
        rival = makes_room(row, &gpus, needed);
    }
    GpuFit {
        wanted,
        learned,
        warning,
        gpus,
        elsewhere,
        rival,
    }
}

/// The instance that holds least of those whose end would make room.
fn makes_room(row: &Instance, gpus: &[GpuChoice], needed: u64) -> Option<GpuHolder> {
    let fits = |gpu: &GpuChoice, holder: &GpuHolder| {
        let own = held_by(gpu, row.id);
        let room = gpu.free.unwrap_or_default() + own + holder.memory.unwrap_or_default();
        holder.instance.is_some() && holder.instance != Some(row.id) && room >= needed
    };
    gpus.iter()
        .filter(|gpu| gpu.problem.is_empty())
        .flat_map(|gpu| gpu.holders.iter().filter(|holder| fits(gpu, holder)))
        .min_by_key(|holder| holder.memory)
        .cloned()
}

/// What an instance holds of a GPU, bytes.
fn held_by(gpu: &GpuChoice, id: InstanceId) -> u64 {
    let own = gpu.holders.iter().filter(|holder| holder.instance == Some(id));
    own.filter_map(|holder| holder.memory).sum()
}

/// `ids` is `0,1` or UUIDs, which may be cut short; none = all.
fn may_use(ids: Option<&str>, gpu: &GpuChoice) -> bool {
    let Some(ids) = ids.filter(|ids| !ids.trim().is_empty()) else {
        return true;
    };
    ids.split(',').map(str::trim).any(|id| match id.parse::<u32>() {
        Ok(index) => index == gpu.index,
        Err(_) => !id.is_empty() && gpu.uuid.starts_with(id),
    })
}

fn warning(row: &Instance, gpus: &[GpuChoice], wanted: Option<u64>, learned: Option<u64>) -> Option<String> {
    let name = &row.name;
    let needs_one = wanted.is_some() || learned.is_some();
    if gpus.is_empty() {
        let ids = row.gpu_ids.as_deref().filter(|ids| !ids.trim().is_empty())?;
        // Slices have names of their own, and are not counted here.
        let is_slice = ids.split(',').any(|id| id.trim().starts_with("MIG-"));
        return (needs_one && !is_slice)
            .then(|| format!("“{name}” is to use GPU {ids}, which is not there."));
    }
    let gpus: Vec<&GpuChoice> = match gpus.iter().filter(|gpu| gpu.problem.is_empty()).collect() {
        good if !Vec::is_empty(&good) => good,
        _ => {
            let problems: Vec<&str> = gpus.iter().map(|gpu| gpu.problem.as_str()).collect();
            return needs_one.then(|| format!("“{name}” needs a GPU. {}", problems.join(" ")));
        }
    };
    // Of one that does not tell, nobody knows; what it holds itself while it runs is free for it.
    let free: Vec<u64> = gpus
        .iter()
        .map(|gpu| gpu.free.map(|free| free + held_by(gpu, row.id)))
        .collect::<Option<_>>()?;
    let (largest, together) = (free.iter().max().copied()?, free.iter().sum::<u64>());
    let lacking = match (wanted, learned) {
        (Some(wanted), _) if wanted > largest => {
            format!("“{name}” needs {} of GPU memory", gibibytes(wanted))
        }
        (_, Some(learned)) if learned > together => {
            format!("“{name}” held up to {} of GPU memory lately", gibibytes(learned))
        }
        _ => return None,
    };
    let told: Vec<String> = gpus
        .iter()
        .zip(&free)
        .map(|(gpu, free)| of_one(row, gpu, *free))
        .collect();
    Some(format!("{lacking}; {}.", told.join("; ")))
}

fn of_one(row: &Instance, gpu: &GpuChoice, free: u64) -> String {
    let holders: Vec<String> = gpu
        .holders
        .iter()
        .filter(|holder| holder.instance != Some(row.id))
        .map(|holder| match (holder.instance, holder.memory) {
            (Some(_), Some(bytes)) => format!("“{}” holds {}", holder.name, gibibytes(bytes)),
            (None, Some(bytes)) => format!("{} holds {}", holder.name, gibibytes(bytes)),
            (Some(_), None) => format!("“{}” uses it", holder.name),
            (None, None) => format!("{} uses it", holder.name),
        })
        .collect();
    let begin = format!("GPU {} has {} free", gpu.index, gibibytes(free));
    if holders.is_empty() {
        return begin;
    }
    format!("{begin} ({})", holders.join(", "))
}

#[expect(clippy::cast_precision_loss, reason = "one digit after the point")]
fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(index: u32, uuid: &str) -> GpuChoice {
        GpuChoice {
            index,
            uuid: uuid.to_owned(),
            ..GpuChoice::default()
        }
    }

    const G: u64 = 1 << 30;

    fn held(mut gpu: GpuChoice, free: u64, by: &[(i64, u64)]) -> GpuChoice {
        gpu.free = Some(free);
        gpu.holders = by
            .iter()
            .map(|(id, memory)| GpuHolder {
                instance: (*id > 0).then_some(InstanceId(*id)),
                name: format!("holder {id}"),
                memory: Some(*memory),
            })
            .collect();
        gpu
    }

    fn row(gpu_ids: Option<&str>) -> Instance {
        let mut row = serde_json::json!({"id": 1, "name": "row", "slug": "row", "dir": "row", "base_blueprint": "x.sh",
            "parent_instance_id": null, "autostart": false, "persistent_mode": false, "public_port": null,
            "port_active": false, "access_pattern": "port", "public_access": "login", "hostname": "",
            "use_custom_hostname": false, "output_path": null, "python_version": null, "cuda_version": null,
            "torch_version": null, "env_vars": "", "launch_args": "", "restart_policy": "never", "sort_order": 0,
            "row_version": 1, "created_at": 0, "updated_at": 0, "status": "stopped", "status_reason": "",
            "status_since": 0, "pid": null, "exit_code": null, "started_at": null, "internal_port": null,
            "desktop_display": null, "desktop_port": null, "health": "unknown", "restarts": 0, "run": 0,
            "open_url": "", "blueprint_name": "X"});
        row["gpu_ids"] = gpu_ids.into();
        serde_json::from_value(row).unwrap()
    }

    fn fit_of(ids: Option<&str>, gpus: Vec<GpuChoice>, wanted: u64) -> GpuFit {
        let row = row(ids);
        let choices = GpuChoices {
            note: String::new(),
            gpus,
        };
        fit(&row, choices, Some(wanted), None)
    }

    #[test]
    fn another_gpu_and_the_smallest_rival_are_named_where_they_make_room() {
        let gpus = || {
            vec![
                held(gpu(0, "GPU-a"), 2 * G, &[(2, 4 * G), (3, 12 * G), (0, 14 * G)]),
                held(gpu(1, "GPU-b"), 20 * G, &[]),
            ]
        };
        let told = fit_of(Some("0"), gpus(), 10 * G);
        assert!(
            told.warning.contains("GPU 0 has 2.0 GiB free"),
            "{}",
            told.warning
        );
        assert_eq!(told.elsewhere.unwrap().index, 1);
        assert_eq!(
            told.rival.unwrap().name,
            "holder 3",
            "4 GiB are not enough, a stranger is not ours"
        );
        let told = fit_of(Some("0"), gpus(), 22 * G);
        assert_eq!((told.elsewhere, told.rival), (None, None));
        let fits = fit_of(None, gpus(), 10 * G);
        assert_eq!(
            (fits.warning.as_str(), fits.elsewhere, fits.rival),
            ("", None, None)
        );
    }

    #[test]
    fn a_gpu_that_is_broken_is_not_counted_on_and_a_machine_without_any_is_not_asked_about() {
        let broken = |index| GpuChoice {
            problem: format!("GPU {index} was unplugged."),
            ..gpu(index, "GPU-x")
        };
        let told = fit_of(None, vec![broken(0), held(gpu(1, "GPU-b"), 2 * G, &[])], 10 * G);
        assert!(
            told.warning.contains("GPU 1 has 2.0 GiB free."),
            "{}",
            told.warning
        );
        let told = fit_of(Some("0"), vec![broken(0)], 10 * G);
        assert_eq!(told.warning, "“row” needs a GPU. GPU 0 was unplugged.");
        assert_eq!(fit_of(Some("0"), Vec::new(), 10 * G).warning, "");
        assert_eq!(
            fit_of(Some("MIG-12"), vec![held(gpu(0, "GPU-a"), G, &[])], 10 * G).warning,
            ""
        );
        let gone = fit_of(Some("7"), vec![held(gpu(0, "GPU-a"), G, &[])], 10 * G);
        assert!(
            gone.warning.ends_with("is to use GPU 7, which is not there."),
            "{}",
            gone.warning
        );
    }

    #[test]
    fn a_gpu_is_named_by_number_or_by_the_beginning_of_its_name() {
        let one = gpu(1, "GPU-ab12");
        assert!(may_use(None, &one) && may_use(Some(" "), &one));
        assert!(may_use(Some("0, 1"), &one) && may_use(Some("GPU-ab"), &one));
        assert!(!may_use(Some("0,2"), &one) && !may_use(Some("GPU-cd"), &one) && !may_use(Some("0,"), &one));
    }
}
