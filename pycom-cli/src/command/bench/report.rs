//! What was measured, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use pycom::Component;
use serde_json::{Value, json};

use super::Counts;
use crate::cli::Bench;
use crate::failure::Result;
use crate::terminal::{self, safe};

const QUANTILES: [(&str, f64); 6] =
    [("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// Widest bar of the histogram.
const BAR: usize = 40;

/// The outcome of a run.
pub struct Measured {
    /// Calls that succeeded.
    pub calls: u64,
    what: String,
    place: String,
    concurrency: u32,
    rate: Option<u32>,
    elapsed: Duration,
    errors: BTreeMap<String, u64>,
    /// As each call took.
    taken: Histogram<u64>,
    /// As each call would have taken that was due while others stalled.
    corrected: Histogram<u64>,
}

impl Measured {
    pub fn new(counts: &Counts, component: &Component, bench: &Bench, elapsed: Duration) -> Result<Self> {
        let (taken, errors) = counts.sum()?;
        let corrected = match bench.rate {
            // Measured from when calls were due: nothing is left out.
            Some(_) => taken.clone(),
            // A caller that waits does not call: what it would have seen is put in, one call for
            // each usual time.
            None => taken.clone_correct(taken.value_at_quantile(0.5).max(1)),
        };
        let service = component.service().map_or(String::new(), |name| format!("{name} at "));
        Ok(Self {
            calls: taken.len(),
            what: format!("{}.{}", component.interface(), bench.method),
            place: format!("{service}{}", component.address()),
            concurrency: bench.concurrency,
            rate: bench.rate,
            elapsed,
            errors,
            taken,
            corrected,
        })
    }

    fn per_second(&self) -> f64 {
        self.calls as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let style = terminal::stdout();
        let how = match self.rate {
            Some(rate) => format!("{rate} calls/s asked for, {} at once at most", self.concurrency),
            None => format!("{} at once", self.concurrency),
        };
        let errors: u64 = self.errors.values().sum();
        let mut lines = vec![
            format!("{} of {}", style.heading(&safe(&self.what)), safe(&self.place)),
            format!("{how}, {:.1} s", self.elapsed.as_secs_f64()),
            String::new(),
            format!("calls    {}   {:.0}/s   errors {errors}", self.calls, self.per_second()),
        ];
        lines.extend(self.errors.iter().map(|(kind, count)| format!("         {count} × {kind}")));
        if self.calls == 0 {
            return lines;
        }
        let histogram = &self.corrected;
        let quantiles = QUANTILES.map(|(name, at)| format!("{name} {}", time(histogram.value_at_quantile(at))));
        lines.push(format!("latency  {}", quantiles.join("   ")));
        lines.push(format!(
            "         fastest {}   mean {}   slowest {}",
            time(histogram.min()),
            time(histogram.mean() as u64),
            time(histogram.max())
        ));
        lines.push(style.faint("         corrected for coordinated omission").to_string());
        lines.push(String::new());
        lines.extend(bars(histogram));
        lines
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "method": self.what, "at": self.place, "loop": if self.rate.is_some() { "open" } else { "closed" },
            "concurrency": self.concurrency, "rate_asked": self.rate, "seconds": self.elapsed.as_secs_f64(),
            "calls": self.calls, "rate": self.per_second(), "errors": self.errors,
            "latency_us": latency(&self.corrected), "latency_uncorrected_us": latency(&self.taken),
        })
    }
}

fn latency(histogram: &Histogram<u64>) -> Value {
    let micro = |nanoseconds: f64| (nanoseconds / 10.0).round() / 100.0;
    let mut values: serde_json::Map<String, Value> = QUANTILES
        .iter()
        .map(|(name, at)| ((*name).to_owned(), micro(histogram.value_at_quantile(*at) as f64).into()))
        .collect();
    values.insert("min".into(), micro(histogram.min() as f64).into());
    values.insert("mean".into(), micro(histogram.mean()).into());
    values.insert("max".into(), micro(histogram.max() as f64).into());
    values.into()
}

/// Nanoseconds as `85 µs`, `1.23 ms`, `2.00 s`.
pub fn time(nanoseconds: u64) -> String {
    match nanoseconds as f64 {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.0} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}

/// The edge of a bar, which is a round number: `500 µs`, `2 ms`.
fn edge(nanoseconds: u64) -> String {
    match nanoseconds {
        ns if ns < 1_000 => format!("{ns} ns"),
        ns if ns < 1_000_000 => format!("{} µs", ns / 1_000),
        ns if ns < 1_000_000_000 => format!("{} ms", ns / 1_000_000),
        ns => format!("{} s", ns / 1_000_000_000),
    }
}

/// The histogram: a bar for each step of 1, 2, 5, 10 …, from the fastest to the slowest.
fn bars(histogram: &Histogram<u64>) -> Vec<String> {
    let mut edges: Vec<u64> = vec![0];
    edges.extend((0..13).flat_map(|power| [1, 2, 5].map(|step| step * 10_u64.pow(power))));
    let mut rows: Vec<(u64, u64)> = Vec::new();
    for pair in edges.windows(2) {
        if pair[0] <= histogram.max() && pair[1] > histogram.min() {
            let count = histogram.count_between(pair[0], pair[1] - 1);
            rows.push((pair[1], count));
        }
    }
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    rows.into_iter()
        .map(|(below, count)| {
            let length = (count as f64 / most as f64 * BAR as f64).ceil() as usize;
            format!("  < {:>6}  {:<BAR$}  {count}", edge(below), "█".repeat(length))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_in_one_bar() {
        let mut histogram = super::super::histogram().unwrap();
        for value in [90_000, 110_000, 150_000, 3_000_000] {
            histogram.record(value).unwrap();
        }
        let rows = bars(&histogram);
        assert_eq!(rows.len(), 6, "{rows:#?}");
        assert!(rows[0].starts_with("  < 100 µs ") && rows[0].ends_with("  1"), "{rows:#?}");
        assert!(rows[1].starts_with("  < 200 µs ") && rows[1].ends_with("  2"), "{rows:#?}");
    }

    #[test]
    fn times_have_their_unit() {
        assert_eq!(
            [time(900), time(85_400), time(1_234_000), time(2_000_000_000)].join(" "),
            "900 ns 85 µs 1.23 ms 2.00 s"
        );
    }
}
