//! A store in this process: what several fronts of one process share, and what the tests of fronts stand on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{
    Answer, Change, Expect, LeaseId, LeaseTerms, Record, Renewed, Revision, Status, Store, StoreError, Written,
};
use crate::names::ServiceName;
use crate::registry::FrontId;

/// Changes that a slow listener may leave unread; then it is given a snapshot anew.
const UNREAD: usize = 4096;

/// Records in one part of a snapshot.
const PART: usize = 1024;

/// How often leases are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A store in memory. Clones are the same store.
///
/// It survives its fronts, not its process: for tests, and for nameservers that run side by side in one program.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use pycom_nameserver::{Nameserver, store::Memory};
/// let store = Memory::default();
/// let (one, other) = (Nameserver::over(store.clone()), Nameserver::over(store));
/// # drop((one, other));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    terms: LeaseTerms,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    revision: Revision,
    records: BTreeMap<ServiceName, (Record, Revision)>,
    leases: HashMap<LeaseId, (Instant, Duration)>,
    fronts: BTreeMap<FrontId, Instant>,
    listeners: Vec<mpsc::Sender<Change>>,
    /// Since when it pretends not to be there.
    away: Option<Instant>,
    sweeping: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(LeaseTerms::default())
    }
}

impl Memory {
    /// An empty store whose leases live for so long.
    pub fn new(terms: LeaseTerms) -> Self {
        Self(Arc::new(Shared { terms, held: Mutex::default() }))
    }

    /// Makes it answer nobody, or answer again: for tests of what a front does then. As with etcd, all leases have a whole
    /// term when it is back.
    pub fn set_away(&self, away: bool) {
        let mut held = self.0.lock();
        let (change, since) = match away {
            true => (Change::Away, Some(Instant::now())),
            false => (Change::Back, None),
        };
        if held.away.is_some() != away {
            held.away = since;
            let now = Instant::now();
            held.leases.values_mut().for_each(|(until, term)| *until = now + *term);
            held.tell(&change);
        }
    }

    /// Forgets everything, as an engine whose disks are lost.
    pub fn empty(&self) {
        let mut held = self.0.lock();
        let listeners = std::mem::take(&mut held.listeners);
        *held = Held { listeners, sweeping: held.sweeping, away: held.away, ..Held::default() };
        for change in [Change::Begin(0), Change::Whole] {
            held.tell(&change);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Held> {
        // Whole between any two of its statements that could panic: there are none.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self) -> Result<MutexGuard<'_, Held>, StoreError> {
        let mut held = self.lock();
        if held.away.is_some() {
            return Err(StoreError::Away("it was told to be away".into()));
        }
        held.expire(Instant::now());
        Ok(held)
    }
}

impl Held {
    fn tell(&mut self, change: &Change) {
        // One that reads too slowly loses its channel, and asks for another.
        self.listeners.retain(|listener| listener.try_send(change.clone()).is_ok());
    }

    fn expire(&mut self, now: Instant) {
        if self.away.is_some() {
            return;
        }
        let ended: Vec<LeaseId> =
            self.leases.iter().filter(|(_, (until, _))| *until <= now).map(|(&lease, _)| lease).collect();
        ended.into_iter().for_each(|lease| self.end(lease));
        let before = self.fronts.len();
        self.fronts.retain(|_, until| *until > now);
        if self.fronts.len() != before {
            self.tell_fronts();
        }
    }

    fn end(&mut self, lease: LeaseId) {
        if self.leases.remove(&lease).is_none() {
            return;
        }
        let names: Vec<ServiceName> = self
            .records
            .iter()
            .filter(|(_, (record, _))| record.lease() == lease)
            .map(|(service, _)| service.clone())
            .collect();
        for service in names {
            self.free(&service);
        }
    }

    fn free(&mut self, service: &ServiceName) {
        self.records.remove(service);
        self.revision += 1;
        let change = Change::Gone(service.clone(), self.revision);
        self.tell(&change);
    }

    fn tell_fronts(&mut self) {
        let change = Change::Fronts(self.fronts.keys().copied().collect());
        self.tell(&change);
    }
}

fn ready<T: Send + 'static>(answer: Result<T, StoreError>) -> Answer<'static, T> {
    Box::pin(async move { answer })
}

impl Store for Memory {
    fn changes(&self) -> mpsc::Receiver<Change> {
        let mut held = self.0.lock();
        let parts = held.records.len() / PART + 5;
        let (listener, changes) = mpsc::channel(UNREAD.max(2 * parts));
        let mut first = vec![Change::Begin(held.revision)];
        let records: Vec<_> = held.records.values().cloned().collect();
        first.extend(records.chunks(PART).map(|part| Change::Part(part.to_vec())));
        first.extend([Change::Whole, Change::Fronts(held.fronts.keys().copied().collect())]);
        first.extend(held.away.map(|_| Change::Away));
        for change in first {
            // There is room for all of it.
            let _ = listener.try_send(change);
        }
        held.listeners.push(listener);
        if !std::mem::replace(&mut held.sweeping, true) {
            let shared = Arc::downgrade(&self.0);
            tokio::spawn(async move {
                while let Some(shared) = shared.upgrade() {
                    shared.lock().expire(Instant::now());
                    drop(shared);
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
        changes
    }

    fn put(&self, record: Record, expect: Expect) -> Answer<'_, Written> {
        let put = || {
            let mut held = self.0.present()?;
            let known = held.records.get(&record.service).cloned();
            let fits = match (expect, &known) {
                (Expect::Absent, None) => true,
                (Expect::Unchanged(seen), Some((_, revision))) => seen == *revision,
                _ => false,
            };
            if !fits {
                return Ok(Written::Conflict(known));
            }
            let term = self.0.terms.of(record.upkeep);
            held.leases.entry(record.lease()).or_insert_with(|| (Instant::now() + term, term));
            held.revision += 1;
            let revision = held.revision;
            held.records.insert(record.service.clone(), (record.clone(), revision));
            held.tell(&Change::Put(record, revision));
            Ok(Written::Done(revision))
        };
        ready(put())
    }

    fn remove(&self, service: ServiceName, seen: Revision) -> Answer<'_, Written> {
        let remove = || {
            let mut held = self.0.present()?;
            match held.records.get(&service).cloned() {
                Some((_, revision)) if revision == seen => {
                    held.free(&service);
                    Ok(Written::Done(held.revision))
                }
                other => Ok(Written::Conflict(other)),
            }
        };
        ready(remove())
    }

    fn renew(&self, lease: LeaseId) -> Answer<'_, Renewed> {
        let renew = || {
            let mut held = self.0.present()?;
            Ok(match held.leases.get_mut(&lease) {
                Some((until, term)) => {
                    *until = Instant::now() + *term;
                    Renewed::Until(*term)
                }
                None => Renewed::Lost,
            })
        };
        ready(renew())
    }

    fn release(&self, lease: LeaseId) -> Answer<'_, ()> {
        ready(self.0.present().map(|mut held| held.end(lease)))
    }

    fn newest(&self) -> Answer<'_, Revision> {
        let newest = || {
            let mut held = self.0.present()?;
            let revision = held.revision;
            held.tell(&Change::Heard(revision));
            Ok(revision)
        };
        ready(newest())
    }

    fn announce(&self, front: FrontId) -> Answer<'_, Duration> {
        let announce = || {
            let mut held = self.0.present()?;
            if held.fronts.insert(front, Instant::now() + self.0.terms.front).is_none() {
                held.tell_fronts();
            }
            Ok(self.0.terms.front)
        };
        ready(announce())
    }

    fn status(&self) -> Status {
        Status { kind: "memory", ..Status::default() }
    }
}
