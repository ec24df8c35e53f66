//! The task beside the registry: drops what has run out, asks after those that do not renew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use pycom::{Context, Error};
use tokio::sync::Notify;

use crate::front::Front;
use crate::registry::{Cause, Change, ProbeFailure, Record, Registry};
use crate::watchers::Watchers;

/// How long a probe waits for its answer.
const PROBE: Duration = Duration::from_secs(2);

/// The longest sleep: a clock that jumps, or a registry that forgot to say, costs no more.
const LONGEST: Duration = Duration::from_secs(5);

/// A registry, and when it was last looked at.
#[derive(Debug)]
struct Seen {
    registry: Registry,
    at: Instant,
}

/// A registry that several hold.
#[derive(Debug)]
pub(crate) struct Shared {
    registry: Mutex<Seen>,
    /// Rung when something is due earlier than was known.
    changed: Notify,
    /// Whether the task beside it runs.
    awake: AtomicBool,
    context: Context,
    /// Those who are told of changes.
    pub(crate) watchers: Watchers,
}

impl Shared {
    pub(crate) fn new(registry: Registry, watchers: Watchers) -> Self {
        // Probes go to addresses, never to names.
        let context = Context::builder().timeout(PROBE).build();
        let registry = Mutex::new(Seen { registry, at: Instant::now() });
        Self { registry, changed: Notify::new(), awake: AtomicBool::new(false), context, watchers }
    }

    /// Looks at the registry, or changes it, in a moment in which nobody else does.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut Registry) -> T) -> T {
        let mut seen = self.lock();
        let now = Instant::now();
        let absence = now.duration_since(std::mem::replace(&mut seen.at, now));
        // The task beside it looks at least this often: more means that the process was stopped.
        if absence > 2 * LONGEST && self.awake.load(Ordering::Relaxed) {
            tracing::warn!(?absence, "the nameserver was stopped; all terms go on from where they were");
            seen.registry.was_away(absence);
        }
        let result = use_it(&mut seen.registry);
        let changes = seen.registry.take_changes();
        drop(seen);
        if !changes.is_empty() {
            self.changed.notify_one();
            self.watchers.wake(&changes);
        }
        changes.iter().for_each(log);
        result
    }

    /// Lets the task beside the registry look at what is due.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Its calls do not panic; and if one did, it is whole after each.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a service whether it is still there, and tells the registry.
    ///
    /// Any answer at all says that somebody is there; one that does not know the interface says
    /// that it is somebody else.
    pub(crate) async fn probe(&self, record: &Record) {
        let failure = self.ask(record).await.err();
        self.with(|registry| match failure {
            None => registry.probe_answered(Instant::now(), record),
            Some(failure) => registry.probe_failed(Instant::now(), record, failure),
        });
    }

    async fn ask(&self, record: &Record) -> Result<(), ProbeFailure> {
        let Some(interface) = record.interfaces.first() else { return Err(ProbeFailure::Denied) };
        let component = self.context.connect(record.address.to_string(), interface);
        let component = component.map_err(|_| ProbeFailure::Denied)?;
        // The cheapest thing that every service understands: a method that nobody has.
        match component.call("org.pycom.probe").lenient().await {
            Err(Error::BadRequest(_)) => Err(ProbeFailure::Denied),
            Err(error) if error.code().is_none() => Err(ProbeFailure::Silent),
            _ => Ok(()),
        }
    }
}

/// Runs beside the registry until nobody else holds it.
pub(crate) async fn run(shared: Weak<Shared>) {
    loop {
        let Some(shared_now) = shared.upgrade() else { return };
        let now = Instant::now();
        let (due, next) = shared_now.with(|registry| {
            registry.expire(now);
            (registry.due_probes(now), registry.next_event(now))
        });
        for record in due {
            let shared = shared_now.clone();
            tokio::spawn(async move { shared.probe(&record).await });
        }
        let wait = next.map_or(LONGEST, |next| next.saturating_duration_since(now).min(LONGEST));
        // At least a little: what is due now but may not be asked yet must not spin.
        let wait = wait.max(Duration::from_millis(10));
        let rung = async move { shared_now.changed.notified().await };
        let _ = tokio::time::timeout(wait, rung).await;
    }
}

fn log(change: &Change) {
    match change {
        Change::Added(record) => {
            tracing::info!(service = %record.service, address = %record.address, interfaces = ?record.interfaces, "registered");
        }
        Change::Changed { record, .. } => {
            tracing::info!(service = %record.service, address = %record.address, interfaces = ?record.interfaces, "replaced");
        }
        Change::Removed { record, cause } => {
            let why = match cause {
                Cause::Expired => "it did not renew",
                Cause::Silent => "it did not answer",
                Cause::Denied => "another service answers at its address",
                Cause::Deregistered => "it took its leave",
            };
            tracing::info!(service = %record.service, address = %record.address, why, "removed");
        }
    }
}

/// Starts [`run`] once, as soon as there is a runtime: with the first call.
#[derive(Debug)]
pub(crate) struct Starter(std::sync::Once);

impl Starter {
    pub(crate) const fn new() -> Self {
        Self(std::sync::Once::new())
    }

    pub(crate) fn start(&self, shared: &Arc<Shared>, front: Option<&Arc<Front>>) {
        self.0.call_once(|| {
            if let Some(front) = front {
                front.start(shared);
            }
            shared.awake.store(true, Ordering::Relaxed);
            tokio::spawn(run(Arc::downgrade(shared)));
        });
    }
}
