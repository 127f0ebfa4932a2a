//! The file systems that hold the panel's data: how full they are, and what their disks do.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::sys::statvfs::statvfs;
use types::telemetry::VolumeReading;

/// Bytes of a sector as `/proc/diskstats` counts them, whatever the disk's are.
const SECTOR: u64 = 512;
/// Folders of the data directory that people put on volumes of their own.
const FOLDERS: [&str; 6] = ["", "instances", "outputs", "models", "datasets", "cache"];

/// What is kept from one reading to the next.
pub(super) struct Volumes {
    root: PathBuf,
    before: Option<Counters>,
}

impl Volumes {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, before: None }
    }

    pub(super) fn read(&mut self) -> Vec<VolumeReading> {
        let now = (counters(), Instant::now());
        let before = self.before.replace(now.clone());
        let mut found: Vec<(u64, VolumeReading)> = Vec::new();
        for folder in FOLDERS {
            let path = self.root.join(folder);
            let Ok(metadata) = fs::metadata(&path) else {
                continue;
            };
            let name = if folder.is_empty() { "data" } else { folder };
            match found.iter_mut().find(|(device, _)| *device == metadata.dev()) {
                Some((_, volume)) => volume.folders.push(name.to_owned()),
                None => found.extend(space(&path, name).map(|volume| (metadata.dev(), volume))),
            }
        }
        for (device, volume) in &mut found {
            let speeds = before.as_ref().and_then(|before| speeds(*device, before, &now));
            volume.read_per_s = speeds.map(|(read, _)| read);
            volume.written_per_s = speeds.map(|(_, written)| written);
        }
        found.into_iter().map(|(_, volume)| volume).collect()
    }
}

fn space(path: &Path, name: &str) -> Option<VolumeReading> {
    let space = statvfs(path).ok()?;
    // The types differ from one C library to the next.
    #[allow(clippy::useless_conversion, reason = "not useless everywhere")]
    let (block, total, free) = (
        u64::from(space.fragment_size()),
        u64::from(space.blocks()),
        u64::from(space.blocks_available()),
    );
    Some(VolumeReading {
        name: name.to_owned(),
        folders: vec![name.to_owned()],
        total: total * block,
        free: free * block,
        read_per_s: None,
        written_per_s: None,
    })
}

type Counters = (HashMap<u64, (u64, u64)>, Instant);

/// Bytes per second read and written between two readings.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn speeds(device: u64, before: &Counters, now: &Counters) -> Option<(f64, f64)> {
    let (from, to) = (before.0.get(&device)?, now.0.get(&device)?);
    let passed = now.1.duration_since(before.1).as_secs_f64().max(0.001);
    let speed = |from: u64, to: u64| to.saturating_sub(from) as f64 / passed;
    Some((speed(from.0, to.0), speed(from.1, to.1)))
}

/// Bytes read from and written to each disk so far.
fn counters() -> HashMap<u64, (u64, u64)> {
    parse(&fs::read_to_string("/proc/diskstats").unwrap_or_default())
}

fn parse(text: &str) -> HashMap<u64, (u64, u64)> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
            let device = nix::sys::stat::makedev(number(0)?, number(1)?);
            Some((device, (number(5)? * SECTOR, number(9)? * SECTOR)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_on_one_file_system_are_one_volume() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("models")).unwrap();
        let mut volumes = Volumes::new(temp.path().to_owned());
        let read = volumes.read();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].folders, ["data", "models"]);
        assert!(read[0].total > 0 && read[0].free <= read[0].total);
        assert_eq!(read[0].read_per_s, None, "a speed needs two readings");
    }

    #[test]
    fn the_counts_of_a_disk_become_speeds() {
        let at = |sectors: u64| {
            let line = format!(
                " 254       0 vda 10 0 {sectors} 5 20 0 {} 6 0 7 8 0 0 0 0 0 0\n",
                sectors * 2
            );
            parse(&line)
        };
        let device = nix::sys::stat::makedev(254, 0);
        let began = Instant::now();
        let later = began + std::time::Duration::from_secs(2);
        let speeds = speeds(device, &(at(1000), began), &(at(3000), later)).unwrap();
        assert_eq!(speeds, (512_000.0, 1_024_000.0));
        assert_eq!(super::speeds(1, &(at(1), began), &(at(2), later)), None);
    }
}
