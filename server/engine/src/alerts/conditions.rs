//! What a rule sees in a reading, and how it is told.

use types::alerts::{AlertRule, Condition};
use types::instances::{Health, Instance, Status};
use types::telemetry::Readings;

use crate::telemetry::metrics::{self, Value};

/// One thing that a rule watches, and whether it is so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) subject: String,
    pub(super) is_so: bool,
    /// A sentence for people.
    pub(super) message: String,
}

/// What people call what rules watch.
#[derive(Default)]
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    pub(super) fn new(rows: &[Instance], readings: Option<&Readings>) -> Self {
        let instances = rows
            .iter()
            .map(|row| (metrics::instance(row.id), format!("“{}”", row.name)));
        let gpus = readings.iter().flat_map(|readings| &readings.gpus.gpus);
        let gpus = gpus.map(|gpu| {
            let name = format!("GPU {} ({})", gpu.index, gpu.name);
            (metrics::gpu(&gpu.uuid), name)
        });
        Self(instances.chain(gpus).collect())
    }

    fn of(&self, subject: &str) -> String {
        if let Some((_, name)) = self.0.iter().find(|(known, _)| known == subject) {
            return name.clone();
        }
        match subject.split_once(':') {
            Some(("instance", id)) => format!("Instance {id}"),
            Some(("gpu", uuid)) => format!("GPU {uuid}"),
            Some(("volume", name)) => format!("The disk of “{name}”"),
            _ => "The machine".to_owned(),
        }
    }
}

/// Everything a rule watches now. Of what is not seen, nothing is known.
pub(super) fn look(rule: &AlertRule, rows: &[Instance], values: &[Value], names: &Names) -> Vec<Seen> {
    let is_watched = |subject: &str| rule.subject.is_empty() || rule.subject == subject;
    match &rule.condition {
        Condition::Above { metric, threshold } | Condition::Below { metric, threshold } => {
            let is_above = matches!(rule.condition, Condition::Above { .. });
            values
                .iter()
                .filter(|value| value.metric == metric && is_watched(&value.subject))
                .map(|value| Seen {
                    is_so: if is_above {
                        value.number > *threshold
                    } else {
                        value.number < *threshold
                    },
                    message: of_metric(value, *threshold, is_above, names),
                    subject: value.subject.clone(),
                })
                .collect()
        }
        Condition::Crashed => of_rows(rows, is_watched, has_crashed, |row| {
            match row.status_reason.strip_prefix("It ") {
                Some(rest) => format!("“{}” {rest}", row.name),
                None => format!("“{}” ended by itself. {}", row.name, row.status_reason),
            }
        }),
        Condition::Unhealthy => of_rows(
            rows,
            is_watched,
            |row| row.health == Health::Unhealthy,
            |row| format!("“{}” runs, but does not answer.", row.name),
        ),
    }
}

fn of_rows(
    rows: &[Instance],
    is_watched: impl Fn(&str) -> bool,
    is_so: impl Fn(&Instance) -> bool,
    message: impl Fn(&Instance) -> String,
) -> Vec<Seen> {
    rows.iter()
        .map(|row| (metrics::instance(row.id), row))
        .filter(|(subject, _)| is_watched(subject))
        .map(|(subject, row)| Seen {
            subject,
            is_so: is_so(row),
            message: message(row).trim_end().to_owned(),
        })
        .collect()
}

/// Also while its restart policy starts it again.
fn has_crashed(row: &Instance) -> bool {
    let again = row.restarts > 0 && matches!(row.status, Status::Starting | Status::Stalled);
    row.status == Status::Error || again
}

fn of_metric(value: &Value, threshold: f64, is_above: bool, names: &Names) -> String {
    let unit = metrics::unit(value.metric);
    let relation = if is_above { "above" } else { "below" };
    format!(
        "{}: {} is {}, {relation} {}.",
        names.of(&value.subject),
        metrics::words(value.metric),
        unit.tell(value.number),
        unit.tell(threshold),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(condition: Condition, subject: &str) -> AlertRule {
        AlertRule {
            id: 1,
            name: "rule".to_owned(),
            condition,
            subject: subject.to_owned(),
            for_s: 0,
            enabled: true,
            silent_until: None,
            silent_until_over: false,
        }
    }

    fn value(subject: &str, metric: &'static str, number: f64) -> Value {
        Value {
            subject: subject.to_owned(),
            metric,
            number,
        }
    }

    #[test]
    fn a_rule_without_a_subject_watches_all_that_have_the_metric() {
        let values = [
            value("gpu:A", "temperature", 95.0),
            value("gpu:B", "temperature", 60.0),
            value("gpu:B", "fan", 99.0),
        ];
        let hot = Condition::Above {
            metric: "temperature".to_owned(),
            threshold: 90.0,
        };
        let seen = look(&rule(hot.clone(), ""), &[], &values, &Names::default());
        let told: Vec<_> = seen
            .iter()
            .map(|seen| (seen.subject.as_str(), seen.is_so))
            .collect();
        assert_eq!(told, [("gpu:A", true), ("gpu:B", false)]);
        assert_eq!(seen[0].message, "GPU A: temperature is 95 °C, above 90 °C.");
        assert_eq!(
            look(&rule(hot, "gpu:B"), &[], &values, &Names::default()).len(),
            1
        );
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_below_its_threshold() {
        let low = Condition::Below {
            metric: "free_percent".to_owned(),
            threshold: 5.0,
        };
        let seen = look(
            &rule(low, ""),
            &[],
            &[value("volume:models", "free_percent", 3.24)],
            &Names::default(),
        );
        assert!(seen[0].is_so);
        assert_eq!(
            seen[0].message,
            "The disk of “models”: free space is 3.2 %, below 5 %."
        );
    }
    #[test]
    fn things_are_called_as_people_call_them() {
        let mut readings = Readings::default();
        readings.gpus.gpus.push(types::telemetry::GpuReading {
            index: 1,
            uuid: "GPU-5f".to_owned(),
            name: "RTX 4090".to_owned(),
            ..types::telemetry::GpuReading::default()
        });
        let names = Names::new(&[], Some(&readings));
        assert_eq!(names.of("gpu:GPU-5f"), "GPU 1 (RTX 4090)");
        assert_eq!(names.of("gpu:GPU-77"), "GPU GPU-77", "it is unplugged");
        assert_eq!(names.of("instance:9"), "Instance 9");
        assert_eq!(names.of("machine"), "The machine");
    }
}
