//! The open loop: calls start at fixed times, whether earlier ones are answered or not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::Run;

/// Starts the pacer and `callers` that make the calls it tells them to.
///
/// A call is measured from when the pacer let it go, not from when a caller was free for it: where
/// the service stalls, those that would have called meanwhile are counted with their wait.
pub fn open(run: &Arc<Run>, callers: u32, rate: u32, end: Instant) -> Vec<JoinHandle<()>> {
    let (due, calls) = mpsc::unbounded_channel();
    let pacer = run.clone();
    // A thread: timers of the runtime are a millisecond late, and would be waiting with the calls.
    std::thread::spawn(move || {
        let started = Instant::now();
        for number in 0.. {
            let next = started + Duration::from_secs_f64(f64::from(number) / f64::from(rate));
            if next >= end || pacer.is_over() {
                return;
            }
            if let Some(time) = next.checked_duration_since(Instant::now()) {
                std::thread::sleep(time);
            }
            if due.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    let calls = Arc::new(Mutex::new(calls));
    (0..callers as usize).map(|part| tokio::spawn(caller(run.clone(), part, calls.clone()))).collect()
}

async fn caller(run: Arc<Run>, part: usize, calls: Arc<Mutex<mpsc::UnboundedReceiver<Instant>>>) {
    let component = run.component.fresh_session();
    loop {
        let due = calls.lock().await.recv().await;
        match due {
            Some(due) if !run.is_over() => run.call(&component, part, due).await,
            Some(_) => run.counts.never_started(part),
            None => return,
        }
    }
}
