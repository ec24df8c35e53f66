//! Where a method runs: in turn with others, as a task on the runtime, or on a thread of its own.
//!
//! An async method that blocks its thread holds up everything else on the same runtime, the
//! service's socket included. So a method runs on threads of its own until it has shown that it
//! does not block, and again as soon as it did.
//!
//! One that has shown that it is done within microseconds, without awaiting anything, shares a task
//! with others of its kind (`runners`).

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::cancel;
use super::job::{self, Unfinished};
use super::runners::{Runners, Waiting};
use super::table::Method;
use crate::interface::HandlerFuture;
use crate::reply::Reply;

/// A method that holds its thread longer than this without awaiting has blocked it.
const BLOCKED: Duration = Duration::from_millis(5);

/// Calls in a row that must not block before a new method runs on the runtime.
const TRUST: u32 = 3;

/// As many more are asked of one that has blocked.
const TRUST_AGAIN: u32 = 100;

/// A call that has awaited for so long on a thread of its own gives the thread back, and goes on as a task: many calls
/// that only wait would else take all threads there are.
const PATIENCE: Duration = Duration::from_millis(50);

/// A method that is done within this time, without awaiting, is quick. Long enough that neither a cold cache nor another
/// program makes a quick method look slow: as tasks, calls that begin to block take the runtime's threads with them.
const QUICK: Duration = Duration::from_micros(200);

/// Calls in a row that must be quick before a method runs in turn with others.
const QUICK_CALLS: u32 = 16;

/// What is known of one method.
#[derive(Debug)]
pub(crate) struct Placement {
    /// Calls that still have to end without blocking.
    to_prove: AtomicU32,
    /// Calls that still have to be quick.
    to_be_quick: AtomicU32,
}

impl Default for Placement {
    fn default() -> Self {
        Self { to_prove: AtomicU32::new(TRUST), to_be_quick: AtomicU32::new(QUICK_CALLS) }
    }
}

/// How a call held its thread.
#[derive(Debug, Clone, Copy, Default)]
struct Behaviour {
    /// The longest time without awaiting.
    longest: Duration,
    /// How often it was looked at; once means that it awaited nothing.
    polls: u32,
}

impl Placement {
    fn is_trusted(&self) -> bool {
        self.to_prove.load(Ordering::Relaxed) == 0
    }

    fn is_quick(&self) -> bool {
        self.is_trusted() && self.to_be_quick.load(Ordering::Relaxed) == 0
    }

    fn observed(&self, behaviour: Behaviour) {
        let Behaviour { longest, polls } = behaviour;
        if longest > BLOCKED {
            self.to_prove.store(TRUST_AGAIN, Ordering::Relaxed);
        } else if !self.is_trusted() {
            count_down(&self.to_prove);
        }
        if longest > QUICK || polls > 1 {
            self.to_be_quick.store(QUICK_CALLS, Ordering::Relaxed);
        } else if self.to_be_quick.load(Ordering::Relaxed) > 0 {
            count_down(&self.to_be_quick);
        }
    }
}

fn count_down(counter: &AtomicU32) {
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
}

/// Runs a call where its method belongs. A method that panics drops `unfinished`, which answers it.
pub(super) fn run(method: Arc<Method>, call: HandlerFuture, mut unfinished: Unfinished, runners: &Runners) {
    let (trusted, quick) = (method.placement.is_trusted(), method.placement.is_quick());
    let call = Watched { call, behaviour: Behaviour::default(), method };
    if quick {
        return runners.push(Waiting { call, unfinished });
    }
    let starting = unfinished.start();
    if trusted {
        cancel::spawn(starting, whole(call, unfinished));
    } else {
        cancel::spawn_on_thread(starting, prove(call, unfinished));
    }
}

/// Runs a call of a method that is not trusted yet.
async fn prove(mut call: Watched, unfinished: Unfinished) {
    let mut patience = pin!(tokio::time::sleep(PATIENCE));
    let scope = unfinished.scope();
    let outcome = poll_fn(|cx| match job::within_now(scope, || Pin::new(&mut call).poll(cx)) {
        Poll::Ready(reply) => Poll::Ready(Some(reply)),
        Poll::Pending => patience.as_mut().poll(cx).map(|()| None),
    });
    match outcome.await {
        Some(reply) => unfinished.finish(reply),
        None => {
            call.awaits();
            cancel::spawn(unfinished.starting(), whole(call, unfinished));
        }
    }
}

/// Runs a call to its end and answers it.
pub(super) async fn whole(call: Watched, unfinished: Unfinished) {
    let reply = job::within(unfinished.scope(), call).await;
    unfinished.finish(reply);
}

/// A call that is timed while it holds its thread.
pub(super) struct Watched {
    call: HandlerFuture,
    behaviour: Behaviour,
    method: Arc<Method>,
}

impl Watched {
    /// Notes that the call has awaited for a long time: as good as its end, if it did not block before.
    fn awaits(&self) {
        if self.behaviour.longest <= BLOCKED {
            count_down(&self.method.placement.to_prove);
        }
    }
}

impl Future for Watched {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        let start = Instant::now();
        let polled = self.call.as_mut().poll(cx);
        self.behaviour.longest = self.behaviour.longest.max(start.elapsed());
        self.behaviour.polls = self.behaviour.polls.saturating_add(1);
        polled
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.method.placement.observed(self.behaviour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(longest: Duration) -> Behaviour {
        Behaviour { longest, polls: 1 }
    }

    #[test]
    fn a_method_is_trusted_after_a_few_calls_and_not_after_it_blocked() {
        let placement = Placement::default();
        for _ in 0..TRUST {
            assert!(!placement.is_trusted());
            placement.observed(held(Duration::ZERO));
        }
        assert!(placement.is_trusted());
        placement.observed(held(BLOCKED * 2));
        for _ in 0..TRUST_AGAIN {
            assert!(!placement.is_trusted());
            placement.observed(held(Duration::ZERO));
        }
        assert!(placement.is_trusted());
    }

    #[test]
    fn a_method_is_quick_until_it_takes_its_time_or_awaits() {
        for slow in [held(QUICK * 2), Behaviour { longest: Duration::ZERO, polls: 2 }] {
            let placement = Placement::default();
            for _ in 0..QUICK_CALLS {
                assert!(!placement.is_quick());
                placement.observed(held(Duration::ZERO));
            }
            assert!(placement.is_quick());
            placement.observed(slow);
            assert!(placement.is_trusted() && !placement.is_quick());
        }
    }
}
