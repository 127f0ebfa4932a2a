//! What was measured lately, kept true by what is measured now.

use serde::{Deserialize, Serialize};
use types::instances::InstanceId;
use types::telemetry::{History, Mark, Readings, Series};

use super::figure::percent;

/// A number of one reading: of what, which, how much.
pub type Measured = (String, &'static str, f32);

/// A stretch of time up to now, in steps. The last step is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    history: History,
    /// Readings that are in the last step.
    weight: f32,
    /// When the last of them was.
    at: i64,
}

/// The name of an instance in the history.
pub fn instance(id: InstanceId) -> String {
    format!("instance:{id}")
}

/// The name of a GPU in the history.
pub fn gpu(uuid: &str) -> String {
    format!("gpu:{uuid}")
}

/// The name of a file system in the history.
pub fn volume(name: &str) -> String {
    format!("volume:{name}")
}

/// The machine's name in the history.
pub const MACHINE: &str = "machine";

/// What charts of the machine show.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "drawn at a thousandth"
)]
pub fn of_machine(readings: &Readings) -> Vec<Measured> {
    let machine = &readings.machine;
    let own = |metric, value| (MACHINE.to_owned(), metric, value);
    let mut found = vec![
        own("cpu_percent", machine.sample.cpu_percent),
        own("memory", machine.sample.ram_used as f32),
        own("received_per_s", machine.received_per_s as f32),
        own("sent_per_s", machine.sent_per_s as f32),
    ];
    for one in &readings.volumes {
        let speeds = [
            ("read_per_s", one.read_per_s),
            ("written_per_s", one.written_per_s),
        ];
        found.extend(speeds.into_iter().filter_map(|(metric, speed)| {
            let speed = speed? as f32;
            Some((volume(&one.name), metric, speed))
        }));
    }
    for one in &readings.gpus.gpus {
        let memory = one.memory_used.zip(one.memory_total);
        let memory = memory.map(|(used, total)| percent(used, total) as f32);
        let values = [("gpu_percent", one.percent), ("gpu_memory_percent", memory)];
        found.extend(
            values
                .into_iter()
                .filter_map(|(metric, value)| Some((gpu(&one.uuid), metric, value?))),
        );
    }
    found
}

/// What charts of instances show.
#[expect(clippy::cast_precision_loss, reason = "drawn at a thousandth")]
pub fn of_instances(readings: &Readings) -> Vec<Measured> {
    let mut found = Vec::new();
    for one in &readings.instances {
        found.push((instance(one.id), "cpu_percent", one.cpu_percent));
        found.push((instance(one.id), "memory", one.memory as f32));
        if let Some(bytes) = one.gpu_memory() {
            found.push((instance(one.id), "gpu_memory", bytes as f32));
        }
    }
    found
}

/// How far back a chart reaches, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Seconds.
    pub length: i64,
    /// Seconds of a step: more than five, which lie between two readings while nobody looks.
    pub step: i64,
}

impl Stretch {
    /// Two minutes, as sparks show it.
    pub const LATELY: Self = Self { length: 120, step: 6 };
    /// An hour.
    pub const HOUR: Self = Self {
        length: 3600,
        step: 15,
    };

    /// What was kept of the machine, its disks and its GPUs.
    #[cfg(feature = "ssr")]
    pub async fn of_machine(self, telemetry: &engine::telemetry::Telemetry) -> Result<Past, crate::ApiError> {
        let metrics = [
            "cpu_percent",
            "memory",
            "received_per_s",
            "sent_per_s",
            "read_per_s",
            "written_per_s",
            "gpu_percent",
            "gpu_memory_percent",
        ];
        self.of(telemetry, &[MACHINE, "volume:*", "gpu:*"], &metrics)
            .await
    }

    /// What was kept of instances: all (`*`), or one.
    #[cfg(feature = "ssr")]
    pub async fn of_instances(
        self,
        telemetry: &engine::telemetry::Telemetry,
        which: &str,
    ) -> Result<Past, crate::ApiError> {
        let subject = format!("instance:{which}");
        self.of(telemetry, &[&subject], &["cpu_percent", "memory", "gpu_memory"])
            .await
    }

    /// What was kept of GPUs and instances.
    #[cfg(feature = "ssr")]
    pub async fn of_dashboard(
        self,
        telemetry: &engine::telemetry::Telemetry,
    ) -> Result<Past, crate::ApiError> {
        let metrics = [
            "cpu_percent",
            "memory",
            "gpu_memory",
            "gpu_percent",
            "gpu_memory_percent",
        ];
        self.of(telemetry, &["gpu:*", "instance:*"], &metrics).await
    }

    #[cfg(feature = "ssr")]
    async fn of(
        self,
        telemetry: &engine::telemetry::Telemetry,
        subjects: &[&str],
        metrics: &[&str],
    ) -> Result<Past, crate::ApiError> {
        let now = engine::now_ms();
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let query = engine::telemetry::HistoryQuery {
            from: now - self.length * 1000,
            to: now,
            step: self.step * 1000,
            subjects: list(subjects),
            metrics: list(metrics),
        };
        Ok(Past::new(telemetry.history(query).await?, now))
    }
}

impl Past {
    /// Begins with what the server has kept; `now` is its clock.
    #[cfg(feature = "ssr")]
    #[expect(clippy::cast_precision_loss, reason = "a few thousand seconds")]
    pub fn new(mut history: History, now: i64) -> Self {
        for series in &mut history.series {
            // What nobody sees need not be on the page.
            series.peak.clear();
            series
                .mean
                .iter_mut()
                .flatten()
                .for_each(|value| *value = rounded(*value));
        }
        let last = history.from + history.step * (i64::from(history.steps) - 1);
        Self {
            weight: ((now - last) / 1000).max(0) as f32,
            at: now,
            history,
        }
    }

    /// Values of one line; none where nothing was measured.
    pub fn values(&self, subject: &str, metric: &str) -> &[Option<f32>] {
        let found = self.history.series.iter();
        let mut found = found.filter(|series| series.subject == subject && series.metric == metric);
        found.next().map_or(&[], |series| &series.mean)
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        usize::try_from(self.history.steps).unwrap_or_default()
    }

    /// When a step began, Unix milliseconds of the server.
    pub fn moment(&self, step: usize) -> i64 {
        self.history.from + self.history.step * i64::try_from(step).unwrap_or_default()
    }

    /// What happened in this time, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.history.marks
    }

    /// How far from the left a moment lies, in percent.
    #[expect(clippy::cast_precision_loss, reason = "drawn at a tenth of a percent")]
    pub fn place(&self, at: i64) -> f64 {
        let length = self.history.step * i64::from(self.history.steps).max(1);
        ((at - self.history.from) as f64 / length.max(1) as f64 * 100.0).clamp(0.0, 100.0)
    }

    /// Whether so much was missed since the last reading that the server knows more.
    pub fn missed(&self, at: i64) -> bool {
        self.history.steps > 0 && at - self.at > self.history.step.max(15_000) * 2
    }

    /// Adds a reading to the step it belongs to; time goes on to there.
    pub fn add(&mut self, at: i64, measured: Vec<Measured>) {
        let (from, step, steps) = (self.history.from, self.history.step, self.steps());
        if step <= 0 || steps == 0 || at <= self.at {
            return;
        }
        let ahead = (at - from).div_euclid(step) + 1 - i64::from(self.history.steps);
        if ahead > 0 {
            self.go_on(ahead, steps);
        }
        for (subject, metric, value) in measured {
            let weight = self.weight;
            if let Some(last) = self.line(subject, metric, steps).last_mut() {
                let before = last.map_or(value, |mean| (mean * weight + value) / (weight + 1.0));
                *last = Some(before);
            }
        }
        self.weight += 1.0;
        self.at = at;
    }

    fn go_on(&mut self, ahead: i64, steps: usize) {
        self.history.from += self.history.step * ahead;
        self.weight = 0.0;
        let gone = usize::try_from(ahead).unwrap_or(steps).min(steps);
        let from = self.history.from;
        self.history.marks.retain(|mark| mark.at >= from);
        self.history.series.retain_mut(|series| {
            series.mean.drain(..gone.min(series.mean.len()));
            series.mean.resize(steps, None);
            series.mean.iter().any(Option::is_some)
        });
    }

    fn line(&mut self, subject: String, metric: &'static str, steps: usize) -> &mut [Option<f32>] {
        let series = &mut self.history.series;
        let known = series
            .iter()
            .position(|one| one.subject == subject && one.metric == metric);
        let index = known.unwrap_or_else(|| {
            series.push(Series {
                subject,
                metric: metric.to_owned(),
                mean: vec![None; steps],
                peak: Vec::new(),
            });
            series.len() - 1
        });
        &mut series[index].mean
    }
}

/// Nobody sees more than four digits on a screen, and every digit is on the page twice.
#[cfg(feature = "ssr")]
fn rounded(value: f32) -> f32 {
    let mut unit = 0.1;
    while value.abs() / unit >= 9999.5 {
        unit *= 10.0;
    }
    (value / unit).round() * unit
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn past(values: &[Option<f32>]) -> Past {
        let history = History {
            from: 0,
            step: 10_000,
            steps: u32::try_from(values.len()).unwrap_or_default(),
            series: vec![Series {
                subject: MACHINE.to_owned(),
                metric: "cpu_percent".to_owned(),
                mean: values.to_vec(),
                peak: values.to_vec(),
            }],
            marks: Vec::new(),
        };
        Past::new(history, 21_000)
    }

    fn cpu(value: f32) -> Vec<Measured> {
        vec![(MACHINE.to_owned(), "cpu_percent", value)]
    }

    #[test]
    fn a_reading_becomes_part_of_the_step_under_way() {
        let mut past = past(&[Some(10.0), Some(20.0), Some(30.0)]);
        past.add(22_000, cpu(40.0));
        assert_eq!(
            past.values(MACHINE, "cpu_percent"),
            [Some(10.0), Some(20.0), Some(35.0)]
        );
        past.add(22_000, cpu(99.0));
        assert_eq!(
            past.values(MACHINE, "cpu_percent")[2],
            Some(35.0),
            "the same reading counts once"
        );
    }

    #[test]
    fn time_goes_on_and_what_was_missed_is_a_gap() {
        let mut past = past(&[Some(10.0), Some(20.0), Some(30.0)]);
        past.add(43_000, cpu(50.0));
        assert_eq!(
            past.values(MACHINE, "cpu_percent"),
            [Some(30.0), None, Some(50.0)]
        );
        assert_eq!((past.moment(0), past.moment(2)), (20_000, 40_000));
        assert!(!past.missed(60_000) && past.missed(80_000));
        past.add(900_000, cpu(1.0));
        assert_eq!(past.values(MACHINE, "cpu_percent"), [None, None, Some(1.0)]);
    }

    #[test]
    fn what_is_new_gets_a_line_and_what_is_long_gone_loses_it() {
        let mut past = past(&[Some(10.0), None, None]);
        past.add(22_000, vec![("gpu:1".to_owned(), "gpu_percent", 5.0)]);
        assert_eq!(past.values("gpu:1", "gpu_percent"), [None, None, Some(5.0)]);
        past.add(31_000, vec![("gpu:1".to_owned(), "gpu_percent", 6.0)]);
        assert_eq!(past.values(MACHINE, "cpu_percent"), []);
    }

    #[test]
    fn digits_that_nobody_sees_are_not_sent() {
        for (value, shown) in [(12.345, 12.3), (2_147_483_648.0, 2_147_000_000.0), (0.0, 0.0)] {
            assert!(
                (rounded(value) - shown).abs() < shown * 1e-6 + f32::EPSILON,
                "{value}"
            );
        }
    }
}
