//! The targets, and whether a run meets them.

use crate::load::Case;
use crate::peers::pycom;
use crate::rows::{Row, find};

const TCP_PEERS: [&str; 8] =
    ["libzmq", "tarpc-bincode", "tarpc-json", "jsonrpsee-ws", "jsonrpsee-http", "tonic", "nats", "pycom tcp"];

/// Prints each target with what was measured; says whether all that were measured are met.
pub fn check(medians: &[Row]) -> bool {
    println!("\ntargets");
    let mut report = Report { all_met: true };
    let case = |in_flight| Case { payload: 100, connections: 1, in_flight };
    for in_flight in [64, 256] {
        let rate = |name| find(medians, name, case(in_flight)).map(|row| row.rate);
        for (other, wanted) in
            [("jsonrpsee-ws", 2.0), ("jsonrpsee-http", 2.0), ("tonic", 2.0), ("tarpc-bincode", 1.0), ("libzmq", 0.6)]
        {
            let what = format!("{in_flight} in flight: rate of pycom tcp / rate of {other}");
            report.at_least(&what, ratio(rate("pycom tcp"), rate(other)), wanted);
        }
    }
    let p50 = |name| find(medians, name, case(1)).map(|row| row.p50_us);
    let what = "one at a time: p50 of pycom tcp / p50 of libzmq";
    report.at_most(what, ratio(p50("pycom tcp"), p50("libzmq")), 1.25);
    for python in ["python-0.4.1", "python-0.6.0"] {
        let rate = |name| find(medians, name, case(64)).map(|row| row.rate);
        report.at_least(
            &format!("64 in flight: rate of pycom tcp / rate of {python}"),
            ratio(rate("pycom tcp"), rate(python)),
            30.0,
        );
    }
    for in_flight in [1, 16, 64, 256] {
        let rate = |name| find(medians, name, case(in_flight)).map(|row| row.rate);
        let fastest = TCP_PEERS.iter().filter_map(|name| rate(name)).max_by(f64::total_cmp);
        for own in ["pycom inproc", "pycom ipc"] {
            let what = format!("{in_flight} in flight: rate of {own} / rate of the fastest over TCP");
            report.at_least(&what, ratio(rate(own), fastest), 1.0);
        }
    }
    report.all_met &= no_growth();
    report.all_met
}

fn ratio(ours: Option<f64>, theirs: Option<f64>) -> Option<f64> {
    Some(ours? / theirs?)
}

struct Report {
    all_met: bool,
}

impl Report {
    fn at_least(&mut self, what: &str, measured: Option<f64>, wanted: f64) {
        self.line(what, measured, &format!("≥ {wanted}"), measured.is_none_or(|measured| measured >= wanted));
    }

    fn at_most(&mut self, what: &str, measured: Option<f64>, wanted: f64) {
        self.line(what, measured, &format!("≤ {wanted}"), measured.is_none_or(|measured| measured <= wanted));
    }

    fn line(&mut self, what: &str, measured: Option<f64>, wanted: &str, met: bool) {
        match measured {
            Some(measured) => {
                println!("{:<5}{what}: {measured:.2} ({wanted})", if met { "pass" } else { "MISS" });
            }
            None => println!("-    {what}: not measured"),
        }
        self.all_met &= met;
    }
}

/// Whether a million calls leave the heap as it was.
fn no_growth() -> bool {
    const CALLS: u64 = 1_000_000;
    // As much as may lie around in queues and buffers at the moment of looking.
    const SLACK: i64 = 256 * 1024;
    let (live, resident) = pycom::growth(CALLS);
    let met = live.abs() <= SLACK;
    println!(
        "{:<5}heap after {CALLS} more calls: {live:+} bytes (within {SLACK}); resident memory {resident:+} bytes",
        if met { "pass" } else { "MISS" }
    );
    met
}
