//! Calls of quick methods, run one after another by a task that they share.
//!
//! To make a task for each, to wake it and to wait for it costs more than many a method itself. A
//! method that has been quick so far may yet block its thread: then another runner, on a thread of
//! its own, goes on with the calls that wait behind it.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::cancel;
use super::job::{self, Unfinished};
use super::placement::{self, Watched};
use crate::give_way::give_way;

/// Calls run in a row before others on the runtime get their turn, the socket first of all: a quarter of those that
/// wait, within these bounds. The callers have the first replies while the next ones are made; where all replies went at
/// once, either side would wait for the other.
const TURN: RangeInclusive<usize> = 4..=64;

fn turn(waiting: usize) -> usize {
    (waiting / 4).clamp(*TURN.start(), *TURN.end())
}

/// How long calls may wait without any of them ending before another runner is started.
pub(super) const STUCK: Duration = Duration::from_millis(5);

/// A call of a quick method that waits for its turn.
pub(super) struct Waiting {
    pub(super) call: Watched,
    pub(super) unfinished: Unfinished,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    runners: usize,
}

#[derive(Default)]
struct Shared {
    // Not bounded, and need not be: what is in here is running, and that is.
    queue: Mutex<Queue>,
    ended: AtomicU64,
    /// The socket's task waits: the next call to end wakes it.
    socket_waits: AtomicBool,
}

/// The calls that wait for a runner, as the socket's task sees them.
#[derive(Default)]
pub(super) struct Runners {
    shared: Arc<Shared>,
    /// How many had ended when somebody last looked.
    seen: u64,
}

impl Runners {
    pub(super) fn push(&self, call: Waiting) {
        self.shared.lock().waiting.push_back(call);
    }

    /// Starts a runner for what waits, where there is none.
    pub(super) fn start(&self) {
        let mut queue = self.shared.lock();
        if queue.runners == 0 && !queue.waiting.is_empty() {
            queue.runners += 1;
            tokio::spawn(self.shared.clone().run());
        }
    }

    /// The socket's task is about to wait.
    pub(super) fn socket_waits(&self) {
        self.shared.socket_waits.store(true, Ordering::Release);
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.shared.lock().waiting.is_empty()
    }

    /// Takes a call that waits away; it is not to be answered.
    pub(super) fn remove(&self, which: impl Fn(&Unfinished) -> bool) -> bool {
        let mut queue = self.shared.lock();
        let place = queue.waiting.iter().position(|call| which(&call.unfinished));
        let taken = place.and_then(|place| queue.waiting.remove(place));
        drop(queue);
        match taken {
            Some(call) => {
                call.unfinished.cancelled();
                true
            }
            None => false,
        }
    }

    /// To be called where calls have waited for [`STUCK`]: if none has ended meanwhile, their runner
    /// is blocked, and another one goes on.
    pub(super) fn look(&mut self) {
        let ended = self.shared.ended.load(Ordering::Relaxed);
        if std::mem::replace(&mut self.seen, ended) == ended && self.has_waiting() {
            self.shared.lock().runners += 1;
            let (runtime, shared) = (tokio::runtime::Handle::current(), self.shared.clone());
            tokio::task::spawn_blocking(move || runtime.block_on(shared.run()));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that panics runs while it is held.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call. Where there is none, the runner that asks has ended.
    fn next(&self) -> Option<Waiting> {
        let mut queue = self.lock();
        let next = queue.waiting.pop_front();
        if next.is_none() {
            queue.runners -= 1;
        }
        next
    }

    async fn run(self: Arc<Self>) {
        loop {
            let waiting = self.lock().waiting.len();
            for _ in 0..turn(waiting) {
                let Some(call) = self.next() else { return };
                call.run();
                self.ended.fetch_add(1, Ordering::Relaxed);
                if self.socket_waits.swap(false, Ordering::AcqRel) && !self.lock().waiting.is_empty() {
                    let_others_steal();
                }
            }
            give_way().await;
        }
    }
}

/// Makes what was woken here last fit for other threads.
///
/// tokio keeps the task that a thread has woken last for that thread alone. Here that is the socket's task, and if the next
/// call blocks, nobody would look at the socket any more. A task woken after it takes that place, and leaves it at once.
fn let_others_steal() {
    let runtime = Handle::current();
    if runtime.runtime_flavor() == RuntimeFlavor::MultiThread {
        runtime.spawn(async {});
    }
}

impl Waiting {
    /// Runs the call until it is done, or has to await something: then it becomes a task.
    fn run(self) {
        let Self { mut call, mut unfinished } = self;
        let scope = unfinished.scope();
        // Woken by nobody: where it is not done after all, its task looks at it again.
        let mut unheard = Context::from_waker(Waker::noop());
        let looked = || job::within_now(scope, || Pin::new(&mut call).poll(&mut unheard));
        match catch_unwind(AssertUnwindSafe(looked)) {
            Ok(Poll::Ready(reply)) => unfinished.finish(reply),
            Ok(Poll::Pending) => {
                cancel::spawn(unfinished.start(), placement::whole(call, unfinished));
            }
            // The panic has been reported; dropping the call answers it.
            Err(_) => drop(unfinished),
        }
    }
}
