//! The chaos run; see `tests::chaos`.
//!
//! ```text
//! cargo run --release -p tests --bin chaos -- --seed 1 --seconds 60
//! ```
//!
//! Its progress is on stderr, its last line on stdout one JSON object. It ends with 1 where a promise broke, and with 2
//! where it could not run.

use std::process::ExitCode;

use tests::chaos::{ledger, left, run};

#[global_allocator]
static ALLOCATOR: left::Counted = left::Counted;

const USAGE: &str = "usage: chaos [--seed N] [--seconds S]; 1 and 60 unless given, S from 2 to 3600";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let first = words.next();
    let part = match first.as_deref() {
        // What the run itself starts.
        Some("service") => Some(serve(ledger::launch(words.collect()))),
        Some("nameserver") => Some(serve(ledger::launch_nameserver(words.collect()))),
        _ => None,
    };
    if let Some(ended) = part {
        return ended;
    }
    let Some((seed, seconds)) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run::run(seed, seconds) {
        Ok(verdict) => {
            let broken = verdict.broken();
            broken.iter().for_each(|promise| eprintln!("broken: {promise}"));
            println!("{}", serde_json::to_string(&verdict).unwrap_or_default());
            ExitCode::from(u8::from(!broken.is_empty()))
        }
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::from(2)
        }
    }
}

fn serve(service: impl Future<Output = pycom::Result<()>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime.map_err(pycom::Error::from).and_then(|runtime| runtime.block_on(service)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Option<(u64, u64)> {
    let (mut seed, mut seconds) = (1, 60);
    while let Some(flag) = words.next() {
        let number = words.next()?.parse().ok()?;
        match flag.as_str() {
            "--seed" => seed = number,
            "--seconds" => seconds = number,
            _ => return None,
        }
    }
    (2..=3600).contains(&seconds).then_some((seed, seconds))
}
