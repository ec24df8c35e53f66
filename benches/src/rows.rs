//! What is measured, as rows: for JSON, tables and plots.

use serde::Serialize;

use crate::load::{Case, Sample};

/// One measurement, as it goes into the JSON file.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub who: &'static str,
    pub transport: &'static str,
    pub payload: usize,
    pub connections: usize,
    pub in_flight: usize,
    pub round: usize,
    pub rate: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub cpu_us: f64,
    pub allocations: Option<f64>,
}

impl Row {
    pub fn new(who: &'static str, transport: &'static str, case: Case, round: usize, sample: &Sample) -> Self {
        let Case { payload, connections, in_flight } = case;
        let Sample { rate, p50_us, p99_us, p999_us, cpu_us, allocations } = *sample;
        Self {
            who,
            transport,
            payload,
            connections,
            in_flight,
            round,
            rate,
            p50_us,
            p99_us,
            p999_us,
            cpu_us,
            allocations,
        }
    }

    pub fn case(&self) -> Case {
        Case { payload: self.payload, connections: self.connections, in_flight: self.in_flight }
    }

    /// `pycom tcp`; the others have one transport only.
    pub fn name(&self) -> String {
        if self.who == "pycom" { format!("{} {}", self.who, self.transport) } else { self.who.to_owned() }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the rounds of each peer and case, each column by itself, in the order of first appearance.
pub fn medians(rows: &[Row]) -> Vec<Row> {
    let mut medians: Vec<Row> = Vec::new();
    for row in rows {
        if medians.iter().any(|known| known.name() == row.name() && known.case() == row.case()) {
            continue;
        }
        let same: Vec<&Row> =
            rows.iter().filter(|other| other.name() == row.name() && other.case() == row.case()).collect();
        let of = |column: fn(&Row) -> f64| median(same.iter().map(|row| column(row)).collect());
        let allocations: Vec<f64> = same.iter().filter_map(|row| row.allocations).collect();
        medians.push(Row {
            rate: of(|row| row.rate),
            p50_us: of(|row| row.p50_us),
            p99_us: of(|row| row.p99_us),
            p999_us: of(|row| row.p999_us),
            cpu_us: of(|row| row.cpu_us),
            allocations: (!allocations.is_empty()).then(|| median(allocations)),
            ..row.clone()
        });
    }
    medians
}

/// The median of one peer in one case.
pub fn find<'r>(medians: &'r [Row], name: &str, case: Case) -> Option<&'r Row> {
    medians.iter().find(|row| row.name() == name && row.case() == case)
}

/// Prints a table for each case, the fastest first.
pub fn print(medians: &[Row]) {
    let mut cases: Vec<Case> = Vec::new();
    for row in medians {
        if !cases.contains(&row.case()) {
            cases.push(row.case());
        }
    }
    for case in cases {
        println!("\n{} bytes, {} connection(s), {} in flight", case.payload, case.connections, case.in_flight);
        println!(
            "{:<16}{:>12}{:>11}{:>11}{:>11}{:>10}{:>9}",
            "who", "calls/s", "p50 µs", "p99 µs", "p999 µs", "CPU µs", "allocs"
        );
        let mut rows: Vec<&Row> = medians.iter().filter(|row| row.case() == case).collect();
        rows.sort_by(|a, b| b.rate.total_cmp(&a.rate));
        for row in rows {
            let allocations = row.allocations.map_or("-".into(), |count| format!("{count:.1}"));
            println!(
                "{:<16}{:>12.0}{:>11.1}{:>11.1}{:>11.1}{:>10.2}{:>9}",
                row.name(),
                row.rate,
                row.p50_us,
                row.p99_us,
                row.p999_us,
                row.cpu_us,
                allocations
            );
        }
    }
}
