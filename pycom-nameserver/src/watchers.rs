//! Those who wait for a change of an interface, and how they are woken: only they, and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::names::InterfaceName;
use crate::registry::Change;

/// Everyone who waits.
#[derive(Debug)]
pub(crate) struct Watchers {
    most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    count: usize,
    bells: HashMap<InterfaceName, Bell>,
}

/// What those who wait for the same interface hear. It is there while anyone does.
#[derive(Debug, Default)]
struct Bell {
    notify: Arc<Notify>,
    listeners: usize,
}

/// A place among those who wait, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher<'a> {
    watchers: &'a Watchers,
    interface: InterfaceName,
    bell: Arc<Notify>,
}

impl Watchers {
    /// Nobody yet, and never more than `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, waiting: Mutex::default() }
    }

    /// A place for one who waits for an interface; `None` where all are taken.
    pub(crate) fn enter(&self, interface: &InterfaceName) -> Option<Watcher<'_>> {
        let mut waiting = self.lock();
        if waiting.count >= self.most {
            return None;
        }
        waiting.count += 1;
        let bell = waiting.bells.entry(interface.clone()).or_default();
        bell.listeners += 1;
        Some(Watcher { watchers: self, interface: interface.clone(), bell: bell.notify.clone() })
    }

    /// How many wait, and how many there may be.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.lock().count, self.most)
    }

    /// Wakes those whom a change concerns.
    pub(crate) fn wake(&self, changes: &[Change]) {
        if changes.is_empty() || self.lock().count == 0 {
            return;
        }
        for change in changes {
            let (former, record) = match change {
                Change::Added(record) | Change::Removed { record, .. } => (None, record),
                Change::Changed { former, record } => (Some(former), record),
            };
            for record in former.into_iter().chain([record]) {
                for interface in &record.interfaces {
                    let bell = self.lock().bells.get(interface).map(|bell| bell.notify.clone());
                    if let Some(bell) = bell {
                        bell.notify_waiters();
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that panics runs while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher<'_> {
    /// The next ring. To be enabled before one looks at what it tells about.
    pub(crate) fn rung(&self) -> tokio::sync::futures::Notified<'_> {
        self.bell.notified()
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let mut waiting = self.watchers.lock();
        waiting.count -= 1;
        if let Some(bell) = waiting.bells.get_mut(&self.interface) {
            bell.listeners -= 1;
            if bell.listeners == 0 {
                waiting.bells.remove(&self.interface);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str) -> InterfaceName {
        InterfaceName::new(name).unwrap()
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let watchers = Watchers::new(2);
        let first = watchers.enter(&interface("com.foo.a")).unwrap();
        let second = watchers.enter(&interface("com.foo.a")).unwrap();
        assert!(watchers.enter(&interface("com.foo.b")).is_none());
        drop(first);
        let third = watchers.enter(&interface("com.foo.b")).unwrap();
        assert_eq!((watchers.count(), watchers.lock().bells.len()), ((2, 2), 2));
        drop((second, third));
        assert_eq!((watchers.count(), watchers.lock().bells.len()), ((0, 2), 0));
    }
}
