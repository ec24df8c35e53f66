//! `pycom bench`: how fast a method answers.

mod pace;
mod report;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use pycom::{Component, Error, Json};

use crate::arguments::Words;
use crate::cli::{Bench, Global};
use crate::command::call::Callee;
use crate::failure::{Exit, Failure, Result};
use crate::network::Network;
use crate::target::Target;
use report::Measured;

/// Longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(3600);

/// Parts that the counts are kept in, so that callers seldom wait for each other.
const PARTS: usize = 8;

/// How long a caller rests after a call that failed, so that a service that is gone is not flooded.
const REST: Duration = Duration::from_millis(10);

/// Between two looks at the counts.
const LIVE: Duration = Duration::from_millis(500);

pub async fn run(global: &Global, bench: Bench) -> Result<ExitCode> {
    let target = Target::parse(&bench.target)?;
    let words = Words::read(&bench.args)?;
    let network = Network::new(global)?;
    let callee = Callee::new(target.component(&network).await?, None).await?;
    let args = callee.resolve(words, &bench.method, false)?;
    // One call before all others: what is wrong is said once, and the connection is there.
    callee.component.call(&bench.method).args(&args).await?;

    let counts = Counts::new()?;
    let run = Arc::new(Run {
        component: callee.component.clone(),
        method: bench.method.clone(),
        args,
        counts,
        over: AtomicBool::new(false),
    });
    let started = Instant::now();
    let end = started + bench.duration;
    let callers = match bench.rate {
        Some(rate) => pace::open(&run, bench.concurrency, rate, end),
        None => (0..bench.concurrency).map(|part| tokio::spawn(closed(run.clone(), part as usize, end))).collect(),
    };
    watch(&run, started, end).await;
    let elapsed = started.elapsed();
    run.over.store(true, Ordering::Relaxed);
    for caller in callers {
        // Each ends with its last call, which has a deadline.
        let _ = caller.await;
    }
    let measured = Measured::new(&run.counts, &callee.component, &bench, elapsed)?;
    if global.json {
        super::print_json(&measured.json())?;
    } else {
        super::print(measured.lines())?;
    }
    match measured.calls {
        0 => Err(Failure::new(Exit::NotAvailable, format!("no call of '{}' succeeded", bench.method))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// What all callers share.
struct Run {
    component: Component,
    method: String,
    args: Json,
    counts: Counts,
    over: AtomicBool,
}

impl Run {
    /// Makes one call; `due` is when it was to start.
    async fn call(&self, component: &Component, part: usize, due: Instant) {
        let outcome = component.call(&self.method).args(&self.args).await;
        self.counts.add(part, due.elapsed(), outcome.map(drop));
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// A caller that sends its next call when the last is answered.
async fn closed(run: Arc<Run>, part: usize, end: Instant) {
    let component = run.component.fresh_session();
    while Instant::now() < end && !run.is_over() {
        let outcome = component.call(&run.method).args(&run.args);
        let started = Instant::now();
        let outcome = outcome.await.map(drop);
        let failed = outcome.is_err();
        run.counts.add(part, started.elapsed(), outcome);
        if failed {
            tokio::time::sleep(REST).await;
        }
    }
}

/// Shows how it goes, on a terminal, until the end or Ctrl-C.
async fn watch(run: &Run, started: Instant, end: Instant) {
    use std::io::{IsTerminal, Write};
    let shown = std::io::stderr().is_terminal();
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut last = (started, 0);
    loop {
        let next = end.min(Instant::now() + LIVE);
        tokio::select! {
            _ = &mut interrupted => break,
            () = tokio::time::sleep_until(next.into()) => {}
        }
        if shown && let Ok((histogram, errors)) = run.counts.sum() {
            let now = Instant::now();
            let rate = (histogram.len() - last.1) as f64 / now.duration_since(last.0).as_secs_f64().max(1e-9);
            last = (now, histogram.len());
            let errors: u64 = errors.values().sum();
            let at = |quantile| report::time(histogram.value_at_quantile(quantile));
            let passed = now.duration_since(started).as_secs_f64();
            eprint!("\r\x1b[K{passed:5.1} s  {rate:9.0} calls/s  p50 {}  p99 {}  errors {errors}", at(0.5), at(0.99));
            let _ = std::io::stderr().flush();
        }
        if Instant::now() >= end {
            break;
        }
    }
    if shown {
        eprint!("\r\x1b[K");
    }
}

/// How long calls took, and how those ended that failed.
type Sum = (Histogram<u64>, std::collections::BTreeMap<String, u64>);

/// The counts of all callers, in parts.
pub struct Counts(Vec<Mutex<Sum>>);

impl Counts {
    fn new() -> Result<Self> {
        let parts = (0..PARTS).map(|_| Ok(Mutex::new((histogram()?, Default::default()))));
        Ok(Self(parts.collect::<Result<_>>()?))
    }

    fn add(&self, part: usize, took: Duration, outcome: Result<(), Error>) {
        let mut part = self.0[part % PARTS].lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => part.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)),
            Err(error) => *part.1.entry(kind(&error)).or_default() += 1,
        }
    }

    /// A call that was due and not made before the end.
    fn never_started(&self, part: usize) {
        let mut part = self.0[part % PARTS].lock().unwrap_or_else(PoisonError::into_inner);
        *part.1.entry("due, never started".into()).or_default() += 1;
    }

    fn sum(&self) -> Result<Sum> {
        let mut sum: Sum = (histogram()?, Default::default());
        for part in &self.0 {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            sum.0.add(&part.0).map_err(|error| Failure::usage(error.to_string()))?;
            for (kind, count) in &part.1 {
                *sum.1.entry(kind.clone()).or_default() += count;
            }
        }
        Ok(sum)
    }
}

fn histogram() -> Result<Histogram<u64>> {
    let longest = LONGEST.as_nanos() as u64;
    Histogram::new_with_bounds(1, longest, 3).map_err(|error| Failure::usage(error.to_string()))
}

/// What calls that failed are counted by.
fn kind(error: &Error) -> String {
    match (Exit::of(error), error.code()) {
        (_, Some(code)) => format!("code {code}"),
        (Exit::Timeout, _) => "no answer in time".into(),
        (Exit::NotAvailable, _) => "nobody answers".into(),
        (Exit::BadReply, _) => "bad reply".into(),
        _ => "not sent".into(),
    }
}
