//! Metrics and rules in words.

use types::alerts::{AlertRule, Condition};

use crate::language::{fill, t};
use crate::ui::words::{decimal, duration};

/// A metric that rules can watch.
pub(super) struct Metric {
    /// As the history names it.
    pub(super) name: &'static str,
    /// As people do.
    pub(super) words: &'static str,
    /// What a threshold is typed in.
    pub(super) unit: &'static str,
    /// So many of the metric's own units are one of those.
    pub(super) factor: f64,
}

const GB: f64 = 1e9;
const MB: f64 = 1e6;
const GIB: f64 = 1_073_741_824.0;

/// Every metric, those first that most people watch.
pub(super) fn metrics() -> Vec<Metric> {
    let of = |name, words, unit, factor| Metric {
        name,
        words,
        unit,
        factor,
    };
    vec![
        of("cpu_percent", t("CPU load"), "%", 1.0),
        of("memory_percent", t("Memory in use"), "%", 1.0),
        of("memory", t("Memory in use"), "GB", GB),
        of("free_percent", t("Free space"), "%", 1.0),
        of("free", t("Free space"), "GB", GB),
        of("temperature", t("Temperature"), "°C", 1.0),
        of("gpu_percent", t("GPU load"), "%", 1.0),
        of("gpu_memory_percent", t("GPU memory in use"), "%", 1.0),
        of("gpu_memory", t("GPU memory in use"), "GiB", GIB),
        of("power", t("Power"), "W", 1.0),
        of("fan", t("Fan"), "%", 1.0),
        of("clock", t("Clock"), "MHz", 1.0),
        of("load_1m", t("Load of the last minute"), "", 1.0),
        of("swap", t("Swap in use"), "GB", GB),
        of("received_per_s", t("Network, received"), "MB/s", MB),
        of("sent_per_s", t("Network, sent"), "MB/s", MB),
        of("read_per_s", t("Read from disk"), "MB/s", MB),
        of("written_per_s", t("Written to disk"), "MB/s", MB),
        of("threads", t("Threads"), "", 1.0),
        of("disk", t("Space on disk"), "GB", GB),
    ]
}

/// The words of a metric; its name where the page knows none.
fn metric(name: &str) -> Metric {
    let known = metrics().into_iter().find(|metric| metric.name == name);
    known.unwrap_or(Metric {
        name: "",
        words: t("Something"),
        unit: "",
        factor: 1.0,
    })
}

/// What one typed unit of a metric is in its own.
#[cfg(feature = "ssr")]
pub(super) fn factor(name: &str) -> f64 {
    metric(name).factor
}

/// A threshold as it is typed: without zeros that say nothing.
pub(super) fn threshold(name: &str, value: f64) -> String {
    let text = decimal(value / metric(name).factor, 2);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a rule waits for.
pub(super) fn condition(rule: &AlertRule) -> String {
    let compared = |name: &str, value: f64, english: &'static str| {
        let Metric { words, unit, .. } = metric(name);
        let number = threshold(name, value);
        fill(english, &[words, format!("{number} {unit}").trim_end()])
    };
    match &rule.condition {
        Condition::Above {
            metric,
            threshold: value,
        } => compared(metric, *value, t("{} above {}")),
        Condition::Below {
            metric,
            threshold: value,
        } => compared(metric, *value, t("{} below {}")),
        Condition::Crashed => t("An instance ended by itself").to_owned(),
        Condition::Unhealthy => t("A started app does not answer").to_owned(),
    }
}

/// Of what, and for how long.
pub(super) fn scope(rule: &AlertRule, subjects: &[(String, String)]) -> String {
    let of = match rule.subject.as_str() {
        "" if matches!(rule.condition, Condition::Crashed | Condition::Unhealthy) => {
            t("every instance").to_owned()
        }
        "" => t("everything that has it").to_owned(),
        subject => subjects
            .iter()
            .find(|(known, _)| known == subject)
            .map_or_else(|| subject.to_owned(), |(_, name)| name.clone()),
    };
    match rule.for_s {
        0 => fill("{}, at once", &[&of]),
        seconds => fill("{}, for {}", &[&of, &duration(i64::from(seconds) * 1000)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(condition: Condition, for_s: u32) -> AlertRule {
        AlertRule {
            id: 1,
            name: "rule".to_owned(),
            condition,
            subject: "gpu:x".to_owned(),
            for_s,
            enabled: true,
            silent_until: None,
            silent_until_over: false,
        }
    }

    #[test]
    fn a_rule_reads_as_a_sentence_would() {
        let low = Condition::Below {
            metric: "free".to_owned(),
            threshold: 2.5e9,
        };
        let low = rule(low, 60);
        assert_eq!(condition(&low), "Free space below 2.5 GB");
        assert_eq!(
            scope(&low, &[("gpu:x".to_owned(), "GPU 0".to_owned())]),
            "GPU 0, for 1 min"
        );
        let crashed = rule(Condition::Crashed, 0);
        assert_eq!(scope(&crashed, &[]), "gpu:x, at once");
        let hot = Condition::Above {
            metric: "temperature".to_owned(),
            threshold: 90.0,
        };
        assert_eq!(condition(&rule(hot, 0)), "Temperature above 90 °C");
    }
}
