//! One service that offers an interface, as a client sees it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::health::{Health, Trouble};
use super::locate::Located;
use crate::error::CallSite;
use crate::names::{InterfaceName, ServiceName};
use crate::transport::Address;

/// One of those that offer an interface: where it is, how busy, and whether it answers.
pub(crate) struct Instance {
    pub(super) address: Address,
    pub(super) service: ServiceName,
    /// Which run of the service it is, once that is known.
    run: OnceLock<String>,
    /// Calls of this client that it has not answered.
    in_flight: AtomicUsize,
    /// Whether `health` has anything to say: the usual call takes no lock.
    troubled: AtomicBool,
    health: Mutex<Health>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({} at {})", self.service, self.address)
    }
}

impl Instance {
    pub(super) fn new(located: Located) -> Self {
        let run = OnceLock::new();
        if let Some(instance) = located.instance {
            let _ = run.set(instance);
        }
        Self {
            address: located.address,
            service: located.service,
            run,
            in_flight: AtomicUsize::new(0),
            troubled: AtomicBool::new(false),
            health: Mutex::default(),
        }
    }

    /// Whether the nameserver speaks of this one, and of the same run of it.
    pub(super) fn is(&self, located: &Located) -> bool {
        self.address == located.address
            && self.service == located.service
            && located.instance.as_ref().is_none_or(|instance| self.run.get_or_init(|| instance.clone()) == instance)
    }

    pub(super) fn site(&self, interface: &InterfaceName, method: &std::sync::Arc<str>) -> CallSite {
        CallSite {
            interface: Some(interface.shared()),
            method: Some(method.clone()),
            service: Some(self.service.shared()),
            address: Some(self.address.clone()),
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        // Nothing that panics runs while it is held.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call goes there, until what comes back is dropped.
    pub(super) fn begin(&self, now: Instant) -> Busy<'_> {
        if self.troubled.load(Ordering::Relaxed) {
            self.health().try_now(now, fastrand::f64());
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn may_try(&self, now: Instant) -> bool {
        !self.troubled.load(Ordering::Relaxed) || self.health().may_try(now)
    }

    /// When its being set aside ends; nothing where it is not.
    pub(super) fn aside_until(&self) -> Option<Instant> {
        if self.troubled.load(Ordering::Relaxed) { self.health().aside_until() } else { None }
    }

    /// It has answered; says whether it had been set aside.
    pub(super) fn answered(&self) -> bool {
        if !self.troubled.load(Ordering::Relaxed) {
            return false;
        }
        let mut health = self.health();
        self.troubled.store(false, Ordering::Relaxed);
        health.answered()
    }

    /// A call went wrong; says for how long it is newly set aside.
    pub(super) fn failed(&self, trouble: Trouble, reason: &str, now: Instant) -> Option<Duration> {
        let mut health = self.health();
        let wait = health.failed(trouble, reason, now, fastrand::f64());
        self.troubled.store(!health.is_good(), Ordering::Relaxed);
        wait
    }
}

/// A call that is under way.
#[derive(Debug)]
pub(super) struct Busy<'i>(&'i Instance);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
