//! What happens to the connections of a context, as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;

use crate::transport::Address;

/// Events that wait for whoever reads them; older ones are counted and dropped.
const ROOM: usize = 256;

/// What happened to a connection, or to an instance that calls are spread over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connection was made.
    Connected {
        /// To there.
        address: Address,
    },
    /// A connection was lost; calls that were under way have failed.
    Lost {
        /// To there.
        address: Address,
        /// Why, as far as is known.
        reason: String,
    },
    /// Calls are not sent there for a while, as long as there are others.
    SetAside {
        /// The instance.
        address: Address,
        /// What went wrong.
        reason: String,
        /// How long, before one call tries whether it is back.
        wait: Duration,
    },
    /// An instance that had been set aside has answered.
    Back {
        /// The instance.
        address: Address,
    },
    /// Events were dropped, because nobody read them in time.
    Missed {
        /// How many.
        count: u64,
    },
}

/// Events as they happen; comes from [`Context::events`](crate::Context::events). Never ends, and
/// keeps nothing alive.
pub struct Events(Arc<Queue>);

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

#[derive(Default)]
struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    missed: u64,
    reader: Option<Waker>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: Event) {
        let mut waiting = self.lock();
        if waiting.events.len() >= ROOM {
            waiting.events.pop_front();
            waiting.missed += 1;
        }
        waiting.events.push_back(event);
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut waiting = self.0.lock();
        if waiting.missed > 0 {
            let count = std::mem::take(&mut waiting.missed);
            return Poll::Ready(Some(Event::Missed { count }));
        }
        match waiting.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None => {
                waiting.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Events {
    /// The next event.
    pub async fn next(&mut self) -> Event {
        match std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await {
            Some(event) => event,
            // It never ends.
            None => std::future::pending().await,
        }
    }
}

/// Those who listen; where there are none, telling costs one look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listeners(Arc<Inner>);

#[derive(Default)]
struct Inner {
    any: AtomicBool,
    queues: Mutex<Vec<Weak<Queue>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listeners({})", self.any.load(Ordering::Relaxed))
    }
}

impl Listeners {
    pub(crate) fn listen(&self) -> Events {
        let queue = Arc::new(Queue::default());
        let mut queues = self.queues();
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Arc::downgrade(&queue));
        self.0.any.store(true, Ordering::Relaxed);
        Events(queue)
    }

    fn queues(&self) -> MutexGuard<'_, Vec<Weak<Queue>>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.0.any.load(Ordering::Relaxed) {
            return;
        }
        let mut queues = self.queues();
        queues.retain(|queue| queue.strong_count() > 0);
        self.0.any.store(!queues.is_empty(), Ordering::Relaxed);
        let listening: Vec<_> = queues.iter().filter_map(Weak::upgrade).collect();
        drop(queues);
        if listening.is_empty() {
            return;
        }
        let event = event();
        listening.iter().for_each(|queue| queue.push(event.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(port: u16) -> Event {
        Event::Connected { address: format!("tcp://127.0.0.1:{port}").parse().unwrap() }
    }

    #[tokio::test]
    async fn each_listener_hears_everything_in_order() {
        let listeners = Listeners::default();
        listeners.tell(|| unreachable!("nobody listens"));
        let (mut first, mut second) = (listeners.listen(), listeners.listen());
        listeners.tell(|| event(1));
        listeners.tell(|| event(2));
        assert_eq!([first.next().await, first.next().await], [event(1), event(2)]);
        assert_eq!(second.next().await, event(1));
        drop((first, second));
        listeners.tell(|| unreachable!("nobody listens any more"));
    }

    #[tokio::test]
    async fn who_does_not_read_is_told_how_much_was_missed() {
        let listeners = Listeners::default();
        let mut events = listeners.listen();
        for port in 1..=u16::try_from(ROOM).unwrap() + 3 {
            listeners.tell(|| event(port));
        }
        assert_eq!(events.next().await, Event::Missed { count: 3 });
        assert_eq!(events.next().await, event(4));
    }
}
