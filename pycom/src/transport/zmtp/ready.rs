//! Which of many connections have something to do: each wakes its owner with its own number.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// The connections that were woken.
#[derive(Debug, Default)]
pub(super) struct Ready(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared(Mutex<Woken>);

#[derive(Debug, Default)]
struct Woken {
    keys: VecDeque<u64>,
    owner: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Woken> {
        // Nothing that panics runs while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes on behalf of one connection.
#[derive(Debug)]
pub(super) struct LinkWaker {
    key: u64,
    is_ready: AtomicBool,
    shared: Arc<Shared>,
}

impl Wake for LinkWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_ready.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut woken = self.shared.lock();
        woken.keys.push_back(self.key);
        let owner = woken.owner.take();
        drop(woken);
        if let Some(owner) = owner {
            owner.wake();
        }
    }
}

impl LinkWaker {
    /// To be called before the connection is looked at: what happens from now on wakes again.
    pub(super) fn begin(&self) {
        self.is_ready.store(false, Ordering::Release);
    }
}

impl Ready {
    /// A waker for the connection `key`.
    pub(super) fn waker(&self, key: u64) -> Arc<LinkWaker> {
        Arc::new(LinkWaker { key, is_ready: AtomicBool::new(false), shared: self.0.clone() })
    }

    /// Moves the connections that were woken to `keys`.
    pub(super) fn take(&self, keys: &mut VecDeque<u64>) {
        keys.append(&mut self.0.lock().keys);
    }

    /// Wakes the owner at the next connection that is woken; false where one was woken meanwhile.
    pub(super) fn park(&self, cx: &Context<'_>) -> bool {
        let mut woken = self.0.lock();
        if !woken.keys.is_empty() {
            return false;
        }
        match &mut woken.owner {
            Some(owner) => owner.clone_from(cx.waker()),
            None => woken.owner = Some(cx.waker().clone()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_is_told_once_until_it_is_looked_at() {
        let ready = Ready::default();
        let (first, second) = (ready.waker(1), ready.waker(2));
        let mut keys = VecDeque::new();
        assert!(ready.park(&Context::from_waker(Waker::noop())));
        first.wake_by_ref();
        first.wake_by_ref();
        second.wake_by_ref();
        assert!(!ready.park(&Context::from_waker(Waker::noop())));
        ready.take(&mut keys);
        assert_eq!(keys, [1, 2]);
        first.wake_by_ref();
        first.begin();
        first.wake_by_ref();
        keys.clear();
        ready.take(&mut keys);
        assert_eq!(keys, [1]);
    }
}
