//! The clients, and what became of each call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pycom::{Context, Error, Outcome, Result};
use tokio::task::JoinSet;

use super::ledger::LedgerClient;

/// Clients of the run, each with connections of its own.
pub const CLIENTS: usize = 8;

/// Calls that each client has under way at once.
const AT_ONCE: usize = 4;

/// How long a call may take; what is promised is that it ends by then.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// How much later the end of a call may come to its caller on a busy machine. Later than this, it has no end.
const GRACE: Duration = Duration::from_secs(10);

/// Pause after a call that was not answered: a caller that does not wait at all only fills the record.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its result came.
    Answered,
    /// It was refused, and so did not run.
    Refused,
    /// It was not sent, and so did not run.
    NotRun,
    /// It was sent, and may have run.
    MayHaveRun,
    /// Its caller gave it up; it may have run.
    GivenUp,
    /// It never ended.
    None,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What the ledgers call it.
    pub id: u64,
    /// Whether it may run twice.
    pub idempotent: bool,
    /// What became of it.
    pub end: End,
}

/// What all workers share.
#[derive(Debug, Default)]
struct Shared {
    next: AtomicU64,
    answered: AtomicU64,
    stop: AtomicBool,
}

/// Clients that call without pause until they are told to stop.
#[derive(Debug)]
pub struct Load {
    clients: Vec<LedgerClient>,
    shared: Arc<Shared>,
    workers: JoinSet<Vec<Entry>>,
}

impl Load {
    /// Starts the clients. They find the services by these nameservers, each beginning with another.
    ///
    /// # Errors
    ///
    /// Where no service is found.
    pub async fn start(nameservers: &[String], seed: u64) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut clients = Vec::new();
        let mut workers = JoinSet::new();
        for number in 0..CLIENTS {
            let mut order = nameservers.to_vec();
            order.rotate_left(number % nameservers.len());
            let context = Context::builder().nameserver(order.join(","))?.timeout(DEADLINE).build();
            let client: LedgerClient = context.client().await?;
            for worker in 0..AT_ONCE {
                let random = fastrand::Rng::with_seed(seed ^ ((number * AT_ONCE + worker) as u64) << 32);
                workers.spawn(work(client.clone(), shared.clone(), random));
            }
            clients.push(client);
        }
        Ok(Self { clients, shared, workers })
    }

    /// Calls that have been answered so far.
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Lets every client end the calls it has under way; gives all calls there were.
    pub async fn stop(&mut self) -> Vec<Entry> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut entries = Vec::new();
        while let Some(ended) = self.workers.join_next().await {
            entries.extend(ended.unwrap_or_else(|error| panic!("a client failed: {error}")));
        }
        entries
    }

    /// The same clients, one call after the other, so many of each kind: none of them has a reason to fail now. Gives
    /// the calls, and what was said to those that failed.
    pub async fn once_more(&self, each: usize) -> (Vec<Entry>, Vec<String>) {
        let mut calls = JoinSet::new();
        for client in &self.clients {
            let (client, shared) = (client.clone(), self.shared.clone());
            calls.spawn(async move {
                let (mut entries, mut complaints) = (Vec::new(), Vec::new());
                for number in 0..2 * each {
                    let id = shared.next.fetch_add(1, Ordering::Relaxed);
                    let (entry, complaint) = one(&client, id, number % 2 == 0, 100, None).await;
                    entries.push(entry);
                    complaints.extend(complaint);
                }
                (entries, complaints)
            });
        }
        let (mut entries, mut complaints) = (Vec::new(), Vec::new());
        while let Some(ended) = calls.join_next().await {
            let (some, said) = ended.unwrap_or_else(|error| panic!("a client failed: {error}"));
            entries.extend(some);
            complaints.extend(said);
        }
        (entries, complaints)
    }
}

async fn work(client: LedgerClient, shared: Arc<Shared>, mut random: fastrand::Rng) -> Vec<Entry> {
    let mut entries = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        let id = shared.next.fetch_add(1, Ordering::Relaxed);
        // Most calls are short; some are long enough to be met by a fault.
        let micros = if random.u8(0..50) == 0 { 400_000 } else { random.u64(0..10_000) };
        // Some callers lose their patience.
        let patience = (random.u8(0..25) == 0).then(|| Duration::from_micros(random.u64(0..8_000)));
        let (entry, _) = one(&client, id, random.bool(), micros, patience).await;
        entries.push(entry);
        match entry.end {
            End::Answered => {
                shared.answered.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_micros(random.u64(0..5_000))).await;
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    entries
}

/// One call, given up after `patience` if there is such; what became of it, and what was said.
async fn one(
    client: &LedgerClient,
    id: u64,
    idempotent: bool,
    micros: u64,
    patience: Option<Duration>,
) -> (Entry, Option<String>) {
    let call = async {
        match idempotent {
            true => client.note(id, micros).await,
            false => client.enter(id, micros).await,
        }
    };
    let limit = patience.unwrap_or(DEADLINE + GRACE);
    let (end, complaint) = match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) if answer == id => (End::Answered, None),
        Ok(Ok(answer)) => panic!("call {id} was given the answer to call {answer}"),
        Ok(Err(error)) => (end(&error), Some(error.to_string())),
        Err(_) if patience.is_some() => (End::GivenUp, None),
        Err(_) => (End::None, Some(format!("call {id} has had no end for {limit:?}"))),
    };
    (Entry { id, idempotent, end }, complaint)
}

fn end(error: &Error) -> End {
    match error.outcome() {
        Outcome::Refused => End::Refused,
        Outcome::NotRun => End::NotRun,
        // The methods fail where the ledger cannot be written to, and nowhere else: then it is not known what was.
        _ => End::MayHaveRun,
    }
}
