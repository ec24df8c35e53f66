//! Calls that run and can be cancelled: because their caller has said so, or because their time is
//! over.
//!
//! Only what is a task, or awaits on a thread of its own, stands here. A plain `fn` cannot be
//! stopped, and a quick method has ended before anybody could say anything.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::job::ReturnAddress;
use crate::transport::Peer;
use crate::wire::LONGEST_ID;

/// How often it is looked for calls whose time is over. Their callers have ended them already, and
/// most have said so: this is for those that cannot.
const SWEEP: Duration = Duration::from_millis(250);

/// How a call is named: by the connection it came over and the one frame of its envelope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CallId {
    peer: Peer,
    id: Bytes,
}

/// How a call is stopped.
#[derive(Debug)]
enum Stop {
    Task(AbortHandle),
    Thread(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Running {
    deadline: Option<Instant>,
    /// None until it has been started.
    stop: Option<Stop>,
}

#[derive(Debug, Default)]
struct Shared {
    // Not bounded, and need not be: calls that run are.
    calls: HashMap<CallId, Running>,
    sweeping: bool,
}

/// The calls of one service that run and can be cancelled.
#[derive(Debug, Clone, Default)]
pub(super) struct Cancellable(Arc<Mutex<Shared>>);

/// The place of one call among them: whoever takes it first, the end of the call or whoever
/// cancels it, decides whether there is an answer.
#[derive(Debug)]
pub(super) struct Entered {
    calls: Cancellable,
    id: CallId,
}

impl Cancellable {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.0)
    }

    /// A call is about to start. None where nobody could name it.
    pub(super) fn enter(&self, to: &ReturnAddress, deadline: Option<Instant>) -> Option<Entered> {
        let [id] = to.envelope.as_slice() else { return None };
        if id.len() > LONGEST_ID {
            return None;
        }
        let id = CallId { peer: to.peer.clone(), id: id.clone() };
        let mut shared = self.lock();
        match shared.calls.entry(id.clone()) {
            // One that uses an id twice at once cannot say which it means.
            Entry::Occupied(_) => return None,
            Entry::Vacant(place) => place.insert(Running { deadline, stop: None }),
        };
        let sweep = deadline.is_some() && !std::mem::replace(&mut shared.sweeping, true);
        drop(shared);
        if sweep {
            tokio::spawn(sweep_on(Arc::downgrade(&self.0)));
        }
        Some(Entered { calls: self.clone(), id })
    }

    /// Nobody waits for this call any more; says whether it ran.
    pub(super) fn cancel(&self, peer: &Peer, id: &[u8]) -> bool {
        let id = CallId { peer: peer.clone(), id: Bytes::copy_from_slice(id) };
        let taken = self.lock().calls.remove(&id);
        let found = taken.is_some();
        stop(taken);
        found
    }

    /// The service ends: stops all that can be stopped.
    pub(super) fn cancel_all(&self) {
        let all = std::mem::take(&mut self.lock().calls);
        all.into_values().for_each(|running| stop(Some(running)));
    }
}

impl Entered {
    /// The call ends by itself; false where it was cancelled before.
    pub(super) fn leave(self) -> bool {
        self.calls.lock().calls.remove(&self.id).is_some()
    }

    /// Where it is told how the call is stopped, once it has been started.
    pub(super) fn starting(&self) -> Starting {
        Starting { calls: self.calls.clone(), id: self.id.clone() }
    }
}

/// A call that is being started.
#[derive(Debug)]
pub(super) struct Starting {
    calls: Cancellable,
    id: CallId,
}

impl Starting {
    fn started(self, how: Stop) {
        let mut shared = self.calls.lock();
        let late = match shared.calls.get_mut(&self.id) {
            Some(running) => {
                running.stop = Some(how);
                None
            }
            // It has ended already, or was cancelled before it had begun.
            None => Some(how),
        };
        drop(shared);
        stop(late.map(|how| Running { deadline: None, stop: Some(how) }));
    }
}

/// Runs a call as a task that can be cancelled.
pub(super) fn spawn(starting: Option<Starting>, call: impl Future<Output = ()> + Send + 'static) {
    let task = tokio::spawn(call);
    if let Some(starting) = starting {
        starting.started(Stop::Task(task.abort_handle()));
    }
}

/// Runs a call on a thread of its own, where it can be cancelled while it awaits.
pub(super) fn spawn_on_thread(starting: Option<Starting>, call: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Handle::current();
    let (stop, stopped) = oneshot::channel();
    tokio::task::spawn_blocking(move || runtime.block_on(until(stopped, call)));
    if let Some(starting) = starting {
        starting.started(Stop::Thread(stop));
    }
}

/// Runs a call until it has ended, or is to be stopped: then it is dropped.
async fn until(stopped: oneshot::Receiver<()>, call: impl Future<Output = ()>) {
    let (mut stopped, mut call) = (pin!(stopped), pin!(call));
    // Nobody can stop a call without an id: then there is nothing to ask a second time.
    let mut stoppable = true;
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending if !stoppable => Poll::Pending,
        Poll::Pending => match stopped.as_mut().poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(_)) => {
                stoppable = false;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        },
    })
    .await;
}

fn stop(running: Option<Running>) {
    match running.and_then(|running| running.stop) {
        Some(Stop::Task(task)) => task.abort(),
        Some(Stop::Thread(stop)) => drop(stop.send(())),
        None => {}
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // Nothing that panics runs while it is held.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cancels calls whose time is over, as long as there are any calls.
async fn sweep_on(shared: Weak<Mutex<Shared>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut locked = lock(&shared);
        let now = Instant::now();
        let over = |running: &Running| running.deadline.is_some_and(|deadline| deadline <= now);
        let overdue: Vec<_> = locked.calls.extract_if(|_, running| over(running)).collect();
        let finished = locked.calls.is_empty();
        locked.sweeping = !finished;
        drop(locked);
        for (_, running) in overdue {
            stop(Some(running));
        }
        if finished {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Envelope;

    fn call(peer: &[u8], id: &'static [u8]) -> ReturnAddress {
        ReturnAddress::new(Peer::new(peer), Envelope::from_iter([Bytes::from_static(id)]), 1, Instant::now())
    }

    /// A call that never ends; the receiver hears of its being dropped.
    fn endless() -> (impl Future<Output = ()> + Send + 'static, oneshot::Receiver<()>) {
        let (held, dropped) = oneshot::channel::<()>();
        let call = async move {
            let _held = held;
            std::future::pending::<()>().await;
        };
        (call, dropped)
    }

    #[tokio::test]
    async fn a_call_is_stopped_wherever_it_runs() {
        let calls = Cancellable::default();
        type Spawn = fn(Option<Starting>, std::pin::Pin<Box<dyn Future<Output = ()> + Send>>);
        for spawn in [spawn as Spawn, spawn_on_thread] {
            let entered = calls.enter(&call(b"peer", b"1"), None).unwrap();
            let (endless, dropped) = endless();
            spawn(Some(entered.starting()), Box::pin(endless));
            assert!(!calls.cancel(&Peer::new(b"other"), b"1"));
            assert!(calls.cancel(&Peer::new(b"peer"), b"1"));
            assert!(dropped.await.is_err());
            assert!(!entered.leave());
        }
    }

    #[tokio::test]
    async fn a_call_that_nobody_can_stop_runs_to_its_end_however_often_it_awaits() {
        let (ended, end) = oneshot::channel();
        spawn_on_thread(None, async move {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            let _ = ended.send(());
        });
        end.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_was_cancelled_before_it_started_is_stopped_then() {
        let calls = Cancellable::default();
        let entered = calls.enter(&call(b"peer", b"1"), None).unwrap();
        assert!(calls.cancel(&Peer::new(b"peer"), b"1"));
        let (endless, dropped) = endless();
        spawn(Some(entered.starting()), endless);
        assert!(dropped.await.is_err());
    }

    #[tokio::test]
    async fn a_call_is_stopped_when_its_time_is_over() {
        let calls = Cancellable::default();
        let kept = calls.enter(&call(b"peer", b"1"), None).unwrap();
        let entered = calls.enter(&call(b"peer", b"2"), Some(Instant::now())).unwrap();
        let (endless, dropped) = endless();
        spawn(Some(entered.starting()), endless);
        assert!(dropped.await.is_err());
        assert!(kept.leave() && !entered.leave());
    }

    #[tokio::test]
    async fn an_id_that_is_in_use_names_the_first_call_only() {
        let calls = Cancellable::default();
        let first = calls.enter(&call(b"peer", b"1"), None).unwrap();
        assert!(calls.enter(&call(b"peer", b"1"), None).is_none());
        assert!(first.leave());
        assert!(calls.enter(&call(b"peer", b"1"), None).is_some());
    }
}
