//! Calls: rate, round-trip times, CPU time and allocations of ours and of others, in one run.

use std::path::PathBuf;
use std::time::Duration;

use benches::load::{Case, Window};
use benches::peers;
use benches::rows::{self, Row};
use benches::{plot, process, targets};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Measures a typed echo of ours and of what people would use instead")]
struct Options {
    /// Fewer cases and shorter rounds: about two minutes
    #[arg(long)]
    quick: bool,
    /// Writes all rounds as JSON rows
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the rates by calls in flight
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Says of each target whether it is met; exit code 1 if one is not
    #[arg(long)]
    check: bool,
    /// Only peers whose name begins with one of these, e.g. "pycom tcp,libzmq"
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Only these numbers of calls in flight
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    in_flight: Vec<usize>,
    /// How often everything is measured
    #[arg(long)]
    rounds: Option<usize>,
}

/// What is measured: calls of about 100 bytes over one connection first, then larger ones, then more connections.
fn cases(quick: bool) -> Vec<Case> {
    let case = |payload, connections, in_flight| Case { payload, connections, in_flight };
    let mut cases: Vec<Case> = [1, 16, 64, 256].map(|in_flight| case(100, 1, in_flight)).into();
    if !quick {
        cases.extend([1, 16, 64].map(|in_flight| case(10_000, 1, in_flight)));
        cases.extend([1, 16].map(|in_flight| case(1_000_000, 1, in_flight)));
        cases.extend([case(100, 8, 64), case(100, 8, 256), case(100, 64, 64), case(100, 64, 256)]);
    }
    cases
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    process::raise_open_files();
    let millis = Duration::from_millis;
    let (window, rounds) = match options.quick {
        true => (Window { warm_up: millis(100), measured: millis(400), counted: millis(50) }, 3),
        false => (Window { warm_up: millis(300), measured: millis(1000), counted: millis(100) }, 5),
    };
    let rounds = options.rounds.unwrap_or(rounds);
    let peers = peers::find(&options.only);
    let mut cases = cases(options.quick);
    cases.retain(|case| options.in_flight.is_empty() || options.in_flight.contains(&case.in_flight));

    let mut rows = Vec::new();
    // Round-robin, so that whatever else the machine does hits all alike.
    for round in 0..rounds {
        for case in &cases {
            for peer in peers.iter().filter(|peer| peer.takes(case)) {
                let sample = peer.measure(*case, &window);
                rows.push(Row::new(peer.who(), peer.transport(), *case, round, &sample));
            }
        }
        eprintln!("round {} of {rounds} done", round + 1);
    }
    let medians = rows::medians(&rows);
    rows::print(&medians);
    if let Some(file) = options.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    if let Some(file) = options.svg {
        plot::rates(&file, &medians)?;
    }
    if options.check && !targets::check(&medians) {
        std::process::exit(1);
    }
    Ok(())
}
