//! The load that every peer gets, and what is measured under it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{allocations, process};

/// What is echoed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub a: u32,
    pub b: String,
}

/// One point of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Case {
    /// About how many bytes one call has; see [`Case::message`].
    pub payload: usize,
    pub connections: usize,
    /// Calls under way at once, over all connections together.
    pub in_flight: usize,
}

impl Case {
    /// `{a: 42, b: "hello world"}`, which makes a request of about 100 bytes; for larger payloads `b` has that length.
    pub fn message(&self) -> Message {
        let b = if self.payload <= 100 { "hello world".into() } else { "hello world ".repeat(self.payload / 12) };
        Message { a: 42, b }
    }
}

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub warm_up: Duration,
    pub measured: Duration,
    /// Counting allocations costs time, so that it has a window of its own.
    pub counted: Duration,
}

/// What was measured in one window.
#[derive(Clone, Debug)]
pub struct Sample {
    pub rate: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    /// Of client and server together, per call.
    pub cpu_us: f64,
    /// Of client and server together, per call; none where the server is another process.
    pub allocations: Option<f64>,
}

/// A client of a peer: one connection, or a handle of it.
pub trait Caller: Clone + Send + 'static {
    /// Sends a message and gives back what came; panics where nothing came.
    fn call(&self, message: Message) -> impl Future<Output = Message> + Send;
}

/// Round-trip times in nanoseconds, and how many calls ended in each window.
#[derive(Default)]
pub struct Times {
    pub measured: Vec<u32>,
    pub counted: u64,
}

/// The windows of one run, as points in time.
#[derive(Clone, Copy)]
pub struct Schedule {
    pub begin: Instant,
    pub end: Instant,
    pub over: Instant,
}

impl Schedule {
    pub fn starting_now(window: &Window) -> Self {
        let begin = Instant::now() + window.warm_up;
        let end = begin + window.measured;
        Self { begin, end, over: end + window.counted }
    }
}

impl Times {
    /// Notes a call; says whether there is to be another.
    pub fn note(&mut self, schedule: &Schedule, started: Instant, ended: Instant) -> bool {
        if started >= schedule.begin && ended < schedule.end {
            self.measured.push(u32::try_from((ended - started).as_nanos()).unwrap_or(u32::MAX));
        } else if started >= schedule.end && ended < schedule.over {
            self.counted += 1;
        }
        ended < schedule.over
    }

    pub fn merge(&mut self, mut other: Times) {
        self.measured.append(&mut other.measured);
        self.counted += other.counted;
    }

    /// What they say, with what the process spent meanwhile.
    pub fn sample(mut self, schedule: &Schedule, spent: Spent, server_elsewhere: bool) -> Sample {
        let times = &mut self.measured;
        times.sort_unstable();
        assert!(!times.is_empty(), "no call ended within the measured time");
        let quantile = |q: f64| f64::from(times[((times.len() - 1) as f64 * q).round() as usize]) / 1e3;
        Sample {
            rate: times.len() as f64 / (schedule.end - schedule.begin).as_secs_f64(),
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            cpu_us: spent.cpu_seconds * 1e6 / times.len() as f64,
            allocations: (!server_elsewhere && self.counted > 0)
                .then(|| spent.allocations as f64 / self.counted as f64),
        }
    }
}

/// What the process, and that of a server elsewhere, spent in the windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    pub cpu_seconds: f64,
    pub allocations: u64,
}

/// Follows the schedule in a thread of its own, which sleeps in between.
pub fn watch(schedule: Schedule, elsewhere: Option<u32>) -> std::thread::JoinHandle<Spent> {
    std::thread::spawn(move || {
        let until = |at: Instant| std::thread::sleep(at.saturating_duration_since(Instant::now()));
        let cpu = || process::cpu_seconds() + elsewhere.map_or(0.0, process::cpu_seconds_of);
        until(schedule.begin);
        let before = cpu();
        until(schedule.end);
        let cpu_seconds = cpu() - before;
        let before = allocations::allocations();
        allocations::count(true);
        until(schedule.over);
        allocations::count(false);
        Spent { cpu_seconds, allocations: allocations::allocations() - before }
    })
}

/// Keeps `case.in_flight` calls under way over the given connections and measures them. Runs on the client's runtime.
pub async fn drive<C: Caller>(case: Case, window: &Window, connections: Vec<C>, elsewhere: Option<u32>) -> Sample {
    let expected = Arc::new(case.message());
    // Whatever is set up at the first call is not measured.
    for connection in &connections {
        assert_eq!(connection.call((*expected).clone()).await, *expected);
    }
    let schedule = Schedule::starting_now(window);
    let watched = watch(schedule, elsewhere);
    let wrong = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for number in 0..case.in_flight {
        let connection = connections[number % connections.len()].clone();
        let (expected, wrong) = (expected.clone(), wrong.clone());
        tasks.push(tokio::spawn(async move {
            let mut times = Times::default();
            loop {
                let message = (*expected).clone();
                let started = Instant::now();
                let echoed = connection.call(message).await;
                let ended = Instant::now();
                if echoed.a != expected.a || echoed.b.len() != expected.b.len() {
                    wrong.fetch_add(1, Ordering::Relaxed);
                }
                if !times.note(&schedule, started, ended) {
                    return times;
                }
            }
        }));
    }
    let mut times = Times::default();
    for task in tasks {
        times.merge(task.await.expect("a calling task does not panic"));
    }
    assert_eq!(wrong.load(Ordering::Relaxed), 0, "answers that were not what was sent");
    let spent = watched.join().expect("the watching thread does not panic");
    times.sample(&schedule, spent, elsewhere.is_some())
}
