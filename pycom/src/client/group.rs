//! Everyone who offers an interface, as far as the nameservers have told: shared by the components
//! of a context.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::balance::{self, Balance};
use super::budget::Budget;
use super::instance::Instance;
use super::locate::Located;
use crate::names::{InterfaceName, ServiceName};

/// Who offers an interface.
#[derive(Debug, Default)]
pub(super) struct Members {
    instances: Vec<Arc<Instance>>,
    /// Whether a nameserver says so. One that has just started knows nobody yet: who was there is
    /// still called, until others are.
    listed: bool,
}

impl Members {
    /// Those that calls go to.
    pub(super) fn instances(&self) -> &[Arc<Instance>] {
        &self.instances
    }

    /// Those that the nameserver tells of.
    pub(super) fn listed(&self) -> &[Arc<Instance>] {
        if self.listed { &self.instances } else { &[] }
    }

    /// What becomes of them when the nameserver tells of `found`; nothing where that is the same.
    fn after(&self, found: Vec<Located>) -> Option<Self> {
        if found.is_empty() {
            let former = Self { instances: self.instances.clone(), listed: false };
            return self.listed.then_some(former);
        }
        let count = found.len();
        let mut kept = 0;
        let known: HashMap<_, _> = self.instances.iter().map(|instance| (&instance.service, instance)).collect();
        let instance = |located: Located| match known.get(&located.service).filter(|known| known.is(&located)) {
            Some(&known) => {
                kept += 1;
                known.clone()
            }
            None => Arc::new(Instance::new(located)),
        };
        let instances: Vec<_> = found.into_iter().map(instance).collect();
        let same = self.listed && kept == count && self.instances.len() == count;
        (!same).then_some(Self { instances, listed: true })
    }
}

/// Everyone who offers an interface, or one service of a given name.
pub(super) struct Group {
    interface: InterfaceName,
    wanted: Option<ServiceName>,
    members: watch::Sender<Arc<Members>>,
    turn: AtomicUsize,
    pub(super) budget: Budget,
    /// Methods that are known to be idempotent, from introspection.
    idempotent: OnceLock<HashSet<String>>,
    /// Whether anybody has called since somebody last looked.
    used: AtomicBool,
    /// Whether a task keeps it current.
    attended: AtomicBool,
    /// Whether the nameserver is telling of changes as they happen.
    live: AtomicBool,
    attendant: Mutex<Option<AbortHandle>>,
    /// Wakes the task that keeps it current: something is wrong with what is known.
    pub(super) doubt: Notify,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({}, {:?})", self.interface, self.members.borrow().instances)
    }
}

impl Group {
    pub(super) fn new(interface: InterfaceName, wanted: Option<ServiceName>) -> Self {
        Self {
            interface,
            wanted,
            members: watch::Sender::new(Arc::default()),
            turn: AtomicUsize::new(fastrand::usize(..1024)),
            budget: Budget::default(),
            idempotent: OnceLock::new(),
            used: AtomicBool::new(false),
            attended: AtomicBool::new(false),
            live: AtomicBool::new(false),
            attendant: Mutex::default(),
            doubt: Notify::new(),
        }
    }

    pub(super) fn interface(&self) -> &InterfaceName {
        &self.interface
    }

    /// The name of the service that was asked for by name.
    pub(super) fn wanted(&self) -> Option<&ServiceName> {
        self.wanted.as_ref()
    }

    pub(super) fn members(&self) -> Arc<Members> {
        self.members.borrow().clone()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Members>> {
        self.members.subscribe()
    }

    /// A nameserver has told who there is.
    pub(super) fn told(&self, found: Vec<Located>) {
        self.members.send_if_modified(|members| match members.after(found) {
            Some(new) => {
                *members = Arc::new(new);
                true
            }
            None => false,
        });
    }

    /// Chooses where a call goes.
    pub(super) fn choose(
        &self,
        how: Balance,
        tried: impl Fn(&Arc<Instance>) -> bool,
        now: Instant,
    ) -> Option<Arc<Instance>> {
        balance::choose(self.members.borrow().instances(), tried, how, &self.turn, now)
    }

    /// One of them, to be shown.
    pub(super) fn any(&self) -> Option<Arc<Instance>> {
        self.members.borrow().instances().first().cloned()
    }

    pub(super) fn count(&self) -> usize {
        self.members.borrow().instances().len()
    }

    pub(super) fn knows_idempotent(&self, method: &str) -> bool {
        self.idempotent.get().is_some_and(|methods| methods.contains(method))
    }

    /// Introspection has told which methods are idempotent.
    pub(super) fn learn_idempotent(&self, methods: HashSet<String>) {
        // Said once: all who offer an interface mean the same by it.
        let _ = self.idempotent.set(methods);
    }

    /// Notes that it is used; written only where that is news.
    pub(super) fn mark_used(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it was used since this was last asked, or is watched.
    pub(super) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed) || self.members.receiver_count() > 0
    }

    pub(super) fn is_attended(&self) -> bool {
        self.attended.load(Ordering::Relaxed)
    }

    /// Claims to be the one who keeps it current; false where somebody does.
    pub(super) fn attend(self: &Arc<Self>) -> Option<Attending> {
        (!self.attended.swap(true, Ordering::Relaxed)).then(|| Attending(self.clone()))
    }

    /// Whether what is known is what the nameserver knows, but for a moment.
    pub(super) fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed)
    }

    pub(super) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Relaxed);
    }

    fn attendant(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.attendant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_attendant(&self, task: AbortHandle) {
        *self.attendant() = Some(task);
    }

    /// Its context is gone: nobody keeps it current any more.
    pub(super) fn abandon(&self) {
        if let Some(task) = self.attendant().take() {
            task.abort();
        }
    }
}

/// Who keeps a group current, until it is dropped: also where its runtime ends.
#[derive(Debug)]
pub(super) struct Attending(pub(super) Arc<Group>);

impl Drop for Attending {
    fn drop(&mut self) {
        self.0.set_live(false);
        self.0.attended.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(port: u16, run: Option<&str>) -> Located {
        Located {
            address: format!("tcp://127.0.0.1:{port}").parse().unwrap(),
            service: ServiceName::new(format!("/com/foo/{port}")).unwrap(),
            instance: run.map(Into::into),
        }
    }

    fn group() -> Group {
        Group::new(InterfaceName::new("com.foo.example").unwrap(), None)
    }

    #[test]
    fn who_stays_keeps_what_is_known_of_it_and_who_was_restarted_does_not() {
        let group = group();
        group.told(vec![located(1, None), located(2, Some("a"))]);
        let before = group.members();
        group.told(vec![located(2, Some("b")), located(1, Some("a")), located(3, None)]);
        let after = group.members();
        assert!(!Arc::ptr_eq(&before.instances[1], &after.instances[0]));
        assert!(Arc::ptr_eq(&before.instances[0], &after.instances[1]));
        group.told(vec![located(1, Some("b"))]);
        assert!(!Arc::ptr_eq(&before.instances[0], &group.members().instances[0]));
    }

    #[test]
    fn the_same_again_is_no_change() {
        let group = group();
        let mut seen = group.subscribe();
        group.told(vec![located(1, None)]);
        assert!(seen.has_changed().unwrap());
        seen.mark_unchanged();
        group.told(vec![located(1, None)]);
        assert!(!seen.has_changed().unwrap());
    }

    #[test]
    fn a_nameserver_that_knows_nobody_does_not_take_away_who_answers() {
        let group = group();
        group.told(vec![located(1, None)]);
        let before = group.members();
        group.told(Vec::new());
        let members = group.members();
        assert!(members.listed().is_empty() && Arc::ptr_eq(&members.instances()[0], &before.instances[0]));
        group.told(vec![located(2, None)]);
        assert_eq!(group.members().instances()[0].address.port(), Some(2));
    }
}
