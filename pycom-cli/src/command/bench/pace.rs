//! The open loop: calls start at fixed times, whether earlier ones are answered or not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::Run;

/// Starts the pacer and `callers` that make the calls it tells them to.
///
/// A call is measured from when it was due, not from when a caller was free for it, nor from when
/// the pacer woke up: where the service, or the machine, stalls, those that would have called
/// meanwhile are counted with their wait.
pub fn open(run: &Arc<Run>, callers: u32, rate: u32, end: Instant) -> Vec<JoinHandle<()>> {
    let (due, calls) = mpsc::unbounded_channel();
    let pacer = run.clone();
    // A thread: timers of the runtime are a millisecond late, and would be waiting with the calls.
    std::thread::spawn(move || {
        wake_exactly();
        let started = Instant::now();
        for number in 0.. {
            let next = started + Duration::from_secs_f64(f64::from(number) / f64::from(rate));
            if next >= end || pacer.is_over() {
                return;
            }
            if let Some(time) = next.checked_duration_since(Instant::now()) {
                std::thread::sleep(time);
            }
            if due.send(next).is_err() {
                return;
            }
        }
    });
    let calls = Arc::new(Mutex::new(calls));
    (0..callers as usize).map(|part| tokio::spawn(caller(run.clone(), part, calls.clone()))).collect()
}

/// Asks the system not to gather this thread's wake-ups with others' (50 µs late, by default): they
/// are counted.
fn wake_exactly() {
    #[cfg(target_os = "linux")]
    // SAFETY: this call takes a number, and concerns the calling thread only.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1);
    }
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
