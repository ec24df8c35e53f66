use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// The wait between attempts to connect, doubled after each failure.
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Backoff {
    pub(super) fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, next: first, wait: None }
    }

    /// Begins to wait, a little longer by chance, so that the clients of a service that went do not come back in step.
    pub(super) fn start(&mut self) {
        let wait = self.next + self.first.mul_f64(fastrand::f64());
        self.wait = Some(Box::pin(sleep(wait)));
        self.next = (self.next * 2).min(self.max);
    }

    /// Whether a wait was begun and is not over.
    pub(super) fn is_waiting(&self) -> bool {
        self.wait.is_some()
    }

    pub(super) fn stop(&mut self) {
        self.wait = None;
    }

    /// The next wait is the first again.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }

    /// Ready once when a wait that was begun is over.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(wait) = &mut self.wait else { return Poll::Pending };
        ready!(wait.as_mut().poll(cx));
        self.wait = None;
        Poll::Ready(())
    }
}
