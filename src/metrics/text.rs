//! The text format of Prometheus, version 0.0.4: families of samples, each with its help and type before it.

use std::fmt::Write;

use super::Histogram;

/// The text as it grows.
#[derive(Debug, Default)]
pub struct Text(String);

/// The names and values of a sample's labels.
type Labels<'l> = &'l [(&'l str, &'l str)];

impl Text {
    /// The media type of the text.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// A family of one number that only grows. Its name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.counters(name, help);
        self.sample(name, &[], value as f64);
    }

    /// A family of one number.
    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help);
        self.sample(name, &[], value);
    }

    /// Begins a family of numbers that only grow.
    pub fn counters(&mut self, name: &str, help: &str) {
        self.family(name, help, "counter");
    }

    /// Begins a family of numbers.
    pub fn gauges(&mut self, name: &str, help: &str) {
        self.family(name, help, "gauge");
    }

    /// Begins a family of histograms.
    pub fn histograms(&mut self, name: &str, help: &str) {
        self.family(name, help, "histogram");
    }

    /// A number of the family that was begun last.
    pub fn sample(&mut self, name: &str, labels: Labels<'_>, value: f64) {
        self.line(name, labels, None, value);
    }

    /// A histogram of the family that was begun last.
    pub fn histogram(&mut self, name: &str, labels: Labels<'_>, histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        let mut all = 0;
        for (bound, count) in histogram.up_to_bounds() {
            self.line(&bucket, labels, Some(bound.unwrap_or(f64::INFINITY)), count as f64);
            all = count;
        }
        self.line(&format!("{name}_sum"), labels, None, histogram.sum());
        self.line(&format!("{name}_count"), labels, None, all as f64);
    }

    /// The text.
    pub fn finish(self) -> String {
        self.0
    }

    fn family(&mut self, name: &str, help: &str, kind: &str) {
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: Labels<'_>, bound: Option<f64>, value: f64) {
        self.0.push_str(name);
        let bound = bound.map(number);
        let labels = labels.iter().copied().chain(bound.as_deref().map(|bound| ("le", bound)));
        let mut before = '{';
        for (name, value) in labels {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.0, "{before}{name}=\"{value}\"");
            before = ',';
        }
        if before == ',' {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {}", number(value));
    }
}

/// A number as Prometheus reads it.
fn number(value: f64) -> String {
    if value.is_infinite() { (if value > 0.0 { "+Inf" } else { "-Inf" }).to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metrics::LATENCY_SECONDS;

    #[test]
    fn families_are_written_as_prometheus_reads_them() {
        let mut text = Text::default();
        text.counter("a_total", "What \\ is\ncounted", 3);
        text.gauges("b", "What is there");
        text.sample("b", &[("path", "/\"x\"\\\n"), ("method", "GET")], 0.25);
        let wanted = "# HELP a_total What \\\\ is\\ncounted\n# TYPE a_total counter\na_total 3\n\
                      # HELP b What is there\n# TYPE b gauge\n\
                      b{path=\"/\\\"x\\\"\\\\\\n\",method=\"GET\"} 0.25\n";
        assert_eq!(text.finish(), wanted);
    }

    #[test]
    fn a_histogram_counts_up_to_each_bound() {
        let histogram = Histogram::new(LATENCY_SECONDS);
        assert!(histogram.is_empty());
        for millis in [0, 1, 8, 20_000] {
            histogram.count_time(Duration::from_millis(millis));
        }
        let mut text = Text::default();
        text.histogram("t", &[("method", "GET")], &histogram);
        let text = text.finish();
        for line in [
            "t_bucket{method=\"GET\",le=\"0.0005\"} 1",
            "t_bucket{method=\"GET\",le=\"0.001\"} 2",
            "t_bucket{method=\"GET\",le=\"0.005\"} 2",
            "t_bucket{method=\"GET\",le=\"0.01\"} 3",
            "t_bucket{method=\"GET\",le=\"10\"} 3",
            "t_bucket{method=\"GET\",le=\"+Inf\"} 4",
            "t_sum{method=\"GET\"} 20.009",
            "t_count{method=\"GET\"} 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
