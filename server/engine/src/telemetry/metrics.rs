//! What is measured, of what, and how exactly it is kept.

use types::instances::InstanceId;
use types::telemetry::Readings;

/// A thing that has metrics, as the history names it.
pub(crate) const MACHINE: &str = "machine";

/// The name of an instance in the history.
pub(crate) fn instance(id: InstanceId) -> String {
    format!("instance:{id}")
}

/// The name of a GPU in the history.
pub(crate) fn gpu(uuid: &str) -> String {
    format!("gpu:{uuid}")
}

/// The name of a file system in the history.
pub(crate) fn volume(name: &str) -> String {
    format!("volume:{name}")
}

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) subject: String,
    pub(crate) metric: &'static str,
    pub(crate) number: f64,
}

/// How a metric is kept: as whole numbers of a step that nobody sees on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// A tenth.
    Tenth,
    /// A hundredth.
    Hundredth,
    /// One.
    One,
    /// Bytes: 1 MiB.
    Mebibyte,
    /// A speed: within 1 %, whatever its size.
    Speed,
}

/// Every metric and how it is kept. Names once published stay.
const METRICS: [(&str, Scale); 21] = [
    ("cpu_percent", Scale::Tenth),
    ("load_1m", Scale::Hundredth),
    ("memory", Scale::Mebibyte),
    ("memory_percent", Scale::Tenth),
    ("swap", Scale::Mebibyte),
    ("received_per_s", Scale::Speed),
    ("sent_per_s", Scale::Speed),
    ("free", Scale::Mebibyte),
    ("free_percent", Scale::Tenth),
    ("read_per_s", Scale::Speed),
    ("written_per_s", Scale::Speed),
    ("gpu_percent", Scale::One),
    ("gpu_memory", Scale::Mebibyte),
    ("gpu_memory_percent", Scale::Tenth),
    ("temperature", Scale::One),
    ("power", Scale::One),
    ("clock", Scale::One),
    ("fan", Scale::One),
    ("threads", Scale::One),
    ("processes", Scale::One),
    ("disk", Scale::Mebibyte),
];

/// How a metric is kept; none for one that is not known.
pub(crate) fn scale(metric: &str) -> Option<Scale> {
    METRICS
        .iter()
        .find(|(name, _)| *name == metric)
        .map(|(_, scale)| *scale)
}

/// The name of a metric as it lives in the program.
pub(crate) fn known(metric: &str) -> Option<&'static str> {
    METRICS
        .iter()
        .find(|(name, _)| *name == metric)
        .map(|(name, _)| *name)
}

/// Every metric by name.
pub(crate) fn names() -> Vec<&'static str> {
    METRICS.iter().map(|(name, _)| *name).collect()
}

/// Whether a subject may have a metric; an empty one stands for all subjects.
pub(crate) fn applies(metric: &str, subject: &str) -> bool {
    let having: &[&str] = match metric {
        "cpu_percent" | "memory" => &["machine", "instance"],
        "load_1m" | "memory_percent" | "swap" | "received_per_s" | "sent_per_s" => &["machine"],
        "free" | "free_percent" | "read_per_s" | "written_per_s" => &["volume"],
        "gpu_percent" | "gpu_memory" => &["gpu", "instance"],
        "gpu_memory_percent" | "temperature" | "power" | "clock" | "fan" => &["gpu"],
        _ => &["instance"],
    };
    let kind = subject.split(':').next().unwrap_or_default();
    subject.is_empty() || having.contains(&kind)
}

/// A metric as a sentence names it.
pub(crate) fn words(metric: &str) -> String {
    match metric {
        "cpu_percent" => "CPU load".to_owned(),
        "load_1m" => "load of the last minute".to_owned(),
        "memory" | "memory_percent" => "memory in use".to_owned(),
        "swap" => "swap in use".to_owned(),
        "free" | "free_percent" => "free space".to_owned(),
        "gpu_percent" => "GPU load".to_owned(),
        "gpu_memory" | "gpu_memory_percent" => "GPU memory in use".to_owned(),
        "disk" => "space on disk".to_owned(),
        "received_per_s" => "network traffic received".to_owned(),
        "sent_per_s" => "network traffic sent".to_owned(),
        "read_per_s" => "reading from disk".to_owned(),
        "written_per_s" => "writing to disk".to_owned(),
        _ => metric.replace('_', " "),
    }
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Percent,
    Bytes,
    /// As its makers count it: a card of “24 GB” has 24.0 GiB.
    GpuMemory,
    BytesPerSecond,
    Celsius,
    Watts,
    Megahertz,
    Number,
}

/// The unit of a metric.
pub(crate) fn unit(metric: &str) -> Unit {
    match metric {
        "temperature" => Unit::Celsius,
        "power" => Unit::Watts,
        "clock" => Unit::Megahertz,
        "fan" => Unit::Percent,
        "gpu_memory" => Unit::GpuMemory,
        _ if metric.ends_with("_percent") => Unit::Percent,
        _ if metric.ends_with("_per_s") => Unit::BytesPerSecond,
        _ if scale(metric) == Some(Scale::Mebibyte) => Unit::Bytes,
        _ => Unit::Number,
    }
}

impl Unit {
    /// A number with its unit, for people.
    pub(crate) fn tell(self, number: f64) -> String {
        let plain = format!("{number:.1}");
        let plain = plain.strip_suffix(".0").unwrap_or(&plain);
        match self {
            Self::Percent => format!("{plain} %"),
            Self::Celsius => format!("{plain} °C"),
            Self::Watts => format!("{plain} W"),
            Self::Megahertz => format!("{plain} MHz"),
            Self::Bytes => format!("{:.1} GB", number / 1e9),
            Self::GpuMemory => format!("{:.1} GiB", number / (1024.0 * MEBIBYTE)),
            Self::BytesPerSecond => format!("{:.1} MB/s", number / 1e6),
            Self::Number => plain.to_owned(),
        }
    }
}

const MEBIBYTE: f64 = 1_048_576.0;
/// Two neighbouring speeds are this far apart.
const FINENESS: f64 = 1.01;
/// The largest number that is kept.
const LARGEST: f64 = 9e15;

impl Scale {
    /// The whole number a value is kept as.
    #[expect(clippy::cast_possible_truncation, reason = "clamped before")]
    pub(crate) fn code(self, value: f64) -> i64 {
        let value = if value.is_finite() { value } else { 0.0 };
        let scaled = match self {
            Self::Tenth => value * 10.0,
            Self::Hundredth => value * 100.0,
            Self::One => value,
            Self::Mebibyte => value / MEBIBYTE,
            // Below 1 kB a second nothing happens; that keeps idle lines still.
            Self::Speed => (1.0 + value.max(0.0) / 1000.0).ln() / FINENESS.ln(),
        };
        scaled.round().clamp(-LARGEST, LARGEST) as i64
    }

    /// The value again.
    #[expect(clippy::cast_precision_loss, reason = "it was rounded on purpose")]
    pub(crate) fn value(self, code: i64) -> f64 {
        let code = code as f64;
        match self {
            Self::Tenth => code / 10.0,
            Self::Hundredth => code / 100.0,
            Self::One => code,
            Self::Mebibyte => code * MEBIBYTE,
            Self::Speed => (FINENESS.powf(code) - 1.0) * 1000.0,
        }
    }
}

/// Everything of a reading that the history keeps and rules can watch.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(crate) fn values(readings: &Readings) -> Vec<Value> {
    let mut values = Values(Vec::with_capacity(64));
    let machine = &readings.machine;
    let mut of = |metric, value| values.put(MACHINE, metric, Some(value));
    of("cpu_percent", machine.sample.cpu_percent.into());
    of("load_1m", machine.sample.load_1m.into());
    of("memory", machine.sample.ram_used as f64);
    of("swap", machine.sample.swap_used as f64);
    of("received_per_s", machine.received_per_s);
    of("sent_per_s", machine.sent_per_s);
    let (used, total) = (machine.sample.ram_used, machine.sample.ram_total);
    values.put(MACHINE, "memory_percent", percent(Some(used), Some(total)));
    for one in &readings.volumes {
        let subject = volume(&one.name);
        values.put(&subject, "free", Some(one.free as f64));
        values.put(&subject, "free_percent", percent(Some(one.free), Some(one.total)));
        values.put(&subject, "read_per_s", one.read_per_s);
        values.put(&subject, "written_per_s", one.written_per_s);
    }
    for one in readings.gpus.gpus.iter().filter(|gpu| gpu.problem.is_empty()) {
        let subject = gpu(&one.uuid);
        values.put(&subject, "gpu_percent", one.percent.map(f64::from));
        values.put(&subject, "gpu_memory", one.memory_used.map(|bytes| bytes as f64));
        let share = percent(one.memory_used, one.memory_total);
        values.put(&subject, "gpu_memory_percent", share);
        values.put(&subject, "temperature", one.temperature.map(f64::from));
        values.put(&subject, "power", one.power.map(f64::from));
        values.put(&subject, "clock", one.clock.map(f64::from));
        values.put(&subject, "fan", one.fan.map(f64::from));
    }
    for one in &readings.instances {
        let subject = instance(one.id);
        values.put(&subject, "cpu_percent", Some(one.cpu_percent.into()));
        values.put(&subject, "memory", Some(one.memory as f64));
        values.put(&subject, "threads", Some(one.threads.into()));
        values.put(&subject, "gpu_memory", one.gpu_memory().map(|bytes| bytes as f64));
        values.put(&subject, "gpu_percent", one.gpu_percent().map(f64::from));
        values.put(&subject, "disk", one.disk_bytes.map(|bytes| bytes as f64));
    }
    values.0
}

struct Values(Vec<Value>);

impl Values {
    fn put(&mut self, subject: &str, metric: &'static str, value: Option<f64>) {
        self.0.extend(value.map(|value| Value {
            subject: subject.to_owned(),
            metric,
            number: value,
        }));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn percent(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use types::telemetry::{GpuReading, VolumeReading};

    use super::*;

    #[test]
    fn what_is_kept_differs_by_less_than_anybody_sees() {
        for (scale, value, most) in [
            (Scale::Tenth, 99.96, 0.05),
            (Scale::Hundredth, 2.345_67, 0.005),
            (Scale::One, 71.4, 0.5),
            (Scale::Mebibyte, 34e9, MEBIBYTE / 2.0),
            (Scale::Speed, 117_440_512.0, 1_174_405.0),
            (Scale::Speed, 0.0, 0.1),
        ] {
            let back = scale.value(scale.code(value));
            assert!((back - value).abs() <= most, "{scale:?}: {value} became {back}");
        }
        assert_eq!(Scale::One.code(f64::NAN), 0);
        assert_eq!(Scale::Speed.code(-5.0), 0);
        assert!(Scale::Mebibyte.code(f64::MAX) > 0);
    }

    #[test]
    fn every_value_has_a_metric_that_is_kept_and_what_is_not_told_has_none() {
        let mut readings = Readings::default();
        readings.machine.sample.ram_total = 100;
        readings.machine.sample.ram_used = 25;
        readings.volumes.push(VolumeReading {
            name: "data".to_owned(),
            total: 200,
            free: 20,
            ..VolumeReading::default()
        });
        readings.gpus.gpus.push(GpuReading {
            uuid: "GPU-1".to_owned(),
            temperature: Some(60),
            ..GpuReading::default()
        });
        let values = values(&readings);
        assert!(values.iter().all(|value| scale(value.metric).is_some()));
        assert!(values.iter().all(|value| applies(value.metric, &value.subject)));
        assert!(!applies("temperature", "machine") && applies("temperature", ""));
        let found = |subject: &str, metric: &str| {
            values
                .iter()
                .find(|value| value.subject == subject && value.metric == metric)
                .map(|value| value.number)
        };
        assert_eq!(found(MACHINE, "memory_percent"), Some(25.0));
        assert_eq!(found("volume:data", "free_percent"), Some(10.0));
        assert_eq!(found("gpu:GPU-1", "temperature"), Some(60.0));
        assert_eq!(found("gpu:GPU-1", "fan"), None);
    }

    #[test]
    fn gpu_memory_is_counted_as_its_makers_do() {
        let told = |metric| unit(metric).tell(24.0 * 1024.0 * MEBIBYTE);
        assert_eq!(
            (told("gpu_memory").as_str(), told("memory").as_str()),
            ("24.0 GiB", "25.8 GB")
        );
    }

    #[test]
    fn metrics_have_names_of_their_own() {
        let names: std::collections::HashSet<_> = METRICS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), METRICS.len());
        assert_eq!(known("fan"), Some("fan"));
        assert_eq!(known("nonsense"), None);
    }
}
