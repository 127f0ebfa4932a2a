//! Prometheus' text format (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

/// A page under way. All lines of a metric have to stand together, so they are sorted by metric as they come.
#[derive(Default)]
pub(super) struct Exposition {
    metrics: Vec<Metric>,
}

struct Metric {
    name: &'static str,
    help: &'static str,
    lines: String,
}

impl Exposition {
    /// A number that goes up and down.
    pub(super) fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let known = self.metrics.iter().position(|metric| metric.name == name);
        let place = known.unwrap_or_else(|| {
            let lines = String::new();
            self.metrics.push(Metric { name, help, lines });
            self.metrics.len() - 1
        });
        let lines = &mut self.metrics[place].lines;
        lines.push_str(name);
        for (number, (label, text)) in labels.iter().enumerate() {
            lines.push(if number == 0 { '{' } else { ',' });
            let _ = write!(lines, "{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            lines.push('}');
        }
        let _ = writeln!(lines, " {value}");
    }

    /// The same for what is not always known.
    pub(super) fn gauge_if(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        value: Option<f64>,
    ) {
        if let Some(value) = value {
            self.gauge(name, help, labels, value);
        }
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        let mut page = String::new();
        for Metric { name, help, lines } in self.metrics {
            let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} gauge\n{lines}");
        }
        page
    }
}

/// Names of instances may hold anything.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_metric_stand_together_and_labels_hold_anything() {
        let mut page = Exposition::default();
        page.gauge("a", "First.", &[("name", "x \"y\" \\ \n z"), ("id", "1")], 0.5);
        page.gauge("b", "Second.", &[], 3e10);
        page.gauge_if("c", "Never.", &[], None);
        page.gauge("a", "First.", &[], 1.0);
        let expected = "# HELP a First.\n# TYPE a gauge\na{name=\"x \\\"y\\\" \\\\ \\n z\",id=\"1\"} 0.5\na 1\n\
                        # HELP b Second.\n# TYPE b gauge\nb 30000000000\n";
        assert_eq!(page.finish(), expected);
    }
}
