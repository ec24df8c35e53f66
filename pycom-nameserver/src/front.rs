//! A nameserver over a store: one of several, all alike.
//!
//! It answers from its own image of the store, and asks the store only to confirm what changes. Nothing of what it knows
//! is dropped because the store is away.

mod leases;
mod upkeep;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use pycom::{Error, Result, ServiceName};
use tokio::sync::{Notify, watch};

use self::leases::Leases;
use crate::nameserver::refused;
use crate::registry::{Decision, FrontId, Outcome, Owner, RegisterError, Registration, Registry};
use crate::store::{Expect, LeaseId, Record, Renewed, Revision, Store, StoreError, Written};
use crate::upkeep::Shared;

/// How long a new name waits for the store: longer than an election takes.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long before its caller gives up a new name is refused.
const MARGIN: Duration = Duration::from_millis(300);

/// Between two attempts to write.
const PAUSE: Duration = Duration::from_millis(100);

/// When to try again what was refused because the store is away.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How long a look-up that found nothing waits to have heard what has just been written.
const CATCH_UP: Duration = Duration::from_millis(200);

/// A lease needs no other message for this part of its term: a process with many services is renewed once.
const FRESH: u32 = 6;

/// How long a registration waits for a front that has just started to read its store.
const LOADING: Duration = Duration::from_secs(1);

/// How often a name is decided anew because another front was quicker.
const ROUNDS: usize = 16;

/// What a front knows beside its image of the store.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) id: FrontId,
    store: Arc<dyn Store>,
    leases: Mutex<Leases>,
    /// A whole snapshot has been read.
    loaded: AtomicBool,
    /// Since when the store is away.
    away: Mutex<Option<Instant>>,
    /// How far the store's history has been heard.
    heard: watch::Sender<Revision>,
    /// Look-ups that want to hear the newest: how many have asked, and how many of them have been answered.
    asked: AtomicU64,
    ask: Arc<Notify>,
    answered: watch::Sender<u64>,
    /// Fronts that live, this one included.
    fronts: AtomicU64,
    counts: Counts,
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Answers that may have been out of date.
    stale: AtomicU64,
    /// Registrations that the store was asked for in vain.
    unavailable: AtomicU64,
}

/// What a front says of itself and its store.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct StoreStatistics {
    /// What it is: `etcd`, `memory`.
    pub kind: String,
    /// The node that is used.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The engine's name for its leader.
    #[serde(default)]
    pub leader: Option<String>,
    /// This front.
    pub front: String,
    /// Fronts that live.
    pub fronts: u64,
    /// Whether all there is has been read once.
    pub loaded: bool,
    /// How far the store's history has been heard.
    pub revision: u64,
    /// Seconds since the store went away; null while it is there.
    #[serde(default)]
    pub stale: Option<f64>,
    /// Answers given while it was away.
    pub stale_answers: u64,
    /// Registrations refused because it was away.
    pub unavailable: u64,
    /// Services that the store has lost, and that are still believed for a while.
    pub doubted: usize,
}

/// What became of an attempt to write.
enum Attempt {
    Done(Outcome),
    /// The index, or the store, says something else than was presumed.
    Again,
}

impl Front {
    pub(crate) fn new(id: FrontId, store: Arc<dyn Store>, renewal: Duration) -> Self {
        Self {
            id,
            store,
            leases: Mutex::new(Leases::new(Instant::now(), renewal / FRESH)),
            loaded: AtomicBool::new(false),
            away: Mutex::new(None),
            heard: watch::channel(0).0,
            asked: AtomicU64::new(0),
            ask: Arc::default(),
            answered: watch::channel(0).0,
            fronts: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// Starts the tasks of the front, which end with whoever holds it.
    pub(crate) fn start(self: &Arc<Self>, shared: &Arc<Shared>) {
        upkeep::start(self, shared);
    }

    /// Since when the store is away; for answers that may be out of date.
    pub(crate) fn stale(&self) -> Option<Duration> {
        let stale = (*self.lock_away()).map(|since| since.elapsed());
        if stale.is_some() {
            self.counts.stale.fetch_add(1, Ordering::Relaxed);
        }
        stale
    }

    /// Refuses while nothing is known yet.
    pub(crate) fn check_loaded(&self) -> Result<()> {
        if self.loaded.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Error::unavailable("the nameserver has not read its store yet; is the store running?", PAUSE * 10))
    }

    /// As [`check_loaded`](Self::check_loaded), after a moment in which it may come to be known.
    async fn wait_loaded(&self) -> Result<()> {
        if self.check_loaded().is_err() {
            let mut heard = self.heard.subscribe();
            let loaded = heard.wait_for(|_| self.loaded.load(Ordering::Acquire));
            let _ = tokio::time::timeout(LOADING, loaded).await;
        }
        self.check_loaded()
    }

    /// What there is to know about it.
    pub(crate) fn statistics(&self, registry: &Registry) -> StoreStatistics {
        let status = self.store.status();
        StoreStatistics {
            kind: status.kind.into(),
            endpoint: status.endpoint,
            leader: status.leader,
            front: format!("{:016x}", self.id),
            fronts: self.fronts.load(Ordering::Relaxed).max(1),
            loaded: self.loaded.load(Ordering::Relaxed),
            revision: registry.applied(),
            stale: (*self.lock_away()).map(|since| since.elapsed().as_secs_f64()),
            stale_answers: self.counts.stale.load(Ordering::Relaxed),
            unavailable: self.counts.unavailable.load(Ordering::Relaxed),
            doubted: registry.doubted(),
        }
    }

    /// Registers or renews. `claim` is made anew where another was quicker.
    pub(crate) async fn register(
        &self,
        shared: &Shared,
        time_left: Option<Duration>,
        claim: impl Fn(&mut Registry) -> Registration,
    ) -> Result<()> {
        self.wait_loaded().await?;
        let patience = time_left.map_or(PATIENCE, |left| left.saturating_sub(MARGIN).min(PATIENCE));
        let until = Instant::now() + patience;
        let mut probes = 0;
        for _ in 0..ROUNDS {
            let (claim, decision, seen) = shared
                .with(|registry| {
                    let mut claim = claim(registry);
                    let decision = registry.decide(Instant::now(), &mut claim)?;
                    let seen = registry.revision(&claim.service);
                    Ok((claim, decision, seen))
                })
                .map_err(refused)?;
            let attempt = match decision {
                Decision::Keep => self.keep(shared, &claim, seen, until).await,
                Decision::Add => self.write(shared, &claim, 0, until).await,
                Decision::Replace => self.write(shared, &claim, seen.unwrap_or(0), until).await,
                Decision::Occupied { holder, .. } if probes == 2 => {
                    shared.with(|registry| registry.note(None));
                    return Err(refused(RegisterError::OtherAddress { service: holder.service.clone() }));
                }
                Decision::Occupied { holder, ask } => {
                    probes += 1;
                    match ask {
                        true => shared.probe(&holder).await,
                        false => tokio::time::sleep(2 * PAUSE).await,
                    }
                    continue;
                }
            };
            match attempt {
                Ok(Attempt::Done(outcome)) => {
                    shared.with(|registry| registry.note(Some(&outcome)));
                    return Ok(());
                }
                Ok(Attempt::Again) => {}
                Err(error) => {
                    self.counts.unavailable.fetch_add(1, Ordering::Relaxed);
                    let text = format!("no new names for now: {error}; those that are known stay");
                    return Err(Error::unavailable(text, RETRY_AFTER));
                }
            }
        }
        Err(Error::unavailable("others take this name and give it back all the time", PAUSE * 10))
    }

    /// Renews the lease of what is known. While the store is away that is done as soon as it is back.
    async fn keep(
        &self,
        shared: &Shared,
        claim: &Registration,
        seen: Option<Revision>,
        until: Instant,
    ) -> Result<Attempt, StoreError> {
        let lease = LeaseId::of(claim.instance, &claim.service, &claim.address);
        if seen == Some(0) {
            return self.write(shared, claim, 0, until).await;
        }
        if self.lock_leases().is_fresh(lease, Instant::now()) {
            return Ok(Attempt::Done(Outcome::Renewed));
        }
        let renewed = match *self.lock_away() {
            Some(_) => None,
            None => Some(self.renew(lease)),
        };
        let renewed = match renewed {
            Some(renewed) => renewed.await,
            None => Err(StoreError::Away("it has been for a while".into())),
        };
        match renewed {
            Ok(Renewed::Until(_)) => Ok(Attempt::Done(Outcome::Renewed)),
            Ok(Renewed::Lost) => match self.write(shared, claim, 0, until).await? {
                Attempt::Done(_) => Ok(Attempt::Done(Outcome::Renewed)),
                Attempt::Again => Ok(Attempt::Again),
            },
            Err(_) => {
                self.lock_leases().owe(lease);
                Ok(Attempt::Done(Outcome::Renewed))
            }
        }
    }

    async fn renew(&self, lease: LeaseId) -> Result<Renewed, StoreError> {
        let renewed = self.store.renew(lease).await?;
        if let Renewed::Until(_) = renewed {
            self.lock_leases().renewed(lease, Instant::now());
        }
        Ok(renewed)
    }

    /// Writes a record over one of this revision; 0 is none.
    async fn write(
        &self,
        shared: &Shared,
        claim: &Registration,
        seen: Revision,
        until: Instant,
    ) -> Result<Attempt, StoreError> {
        let expect = if seen == 0 { Expect::Absent } else { Expect::Unchanged(seen) };
        let record = shared.with(|registry| self.record(registry, claim));
        loop {
            let answer = match self.store.put(record.clone(), expect).await {
                Ok(answer) => answer,
                Err(StoreError::Away(_)) if Instant::now() + PAUSE < until => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let outcome = match seen {
                0 => Outcome::Registered,
                _ => Outcome::Replaced { former: Arc::new(former(&record)) },
            };
            return Ok(match answer {
                Written::Done(revision) => {
                    self.lock_leases().renewed(record.lease(), Instant::now());
                    self.learn(shared, record, revision);
                    Attempt::Done(outcome)
                }
                // Of an attempt whose answer was lost.
                Written::Conflict(Some((held, revision))) if held.says(claim) => {
                    self.learn(shared, held, revision);
                    Attempt::Done(outcome)
                }
                Written::Conflict(Some((held, revision))) => {
                    self.learn(shared, held, revision);
                    Attempt::Again
                }
                Written::Conflict(None) => {
                    shared.with(|registry| registry.gone(&claim.service, seen));
                    Attempt::Again
                }
            });
        }
    }

    /// What is to be written for a registration.
    fn record(&self, registry: &mut Registry, claim: &Registration) -> Record {
        let now = Instant::now();
        let known = registry.get(now, &claim.service);
        let same_run = known.filter(|known| known.address == claim.address && known.instance == claim.instance);
        let age = same_run.map_or(Duration::ZERO, |known| now.saturating_duration_since(known.since));
        Record {
            service: claim.service.clone(),
            address: claim.address.clone(),
            interfaces: claim.interfaces.clone(),
            instance: claim.instance,
            upkeep: claim.upkeep,
            since: seconds_since_1970().saturating_sub(age.as_secs()),
        }
    }

    /// Takes in what a write has shown, ahead of the changes that the store tells; unless those are already further.
    fn learn(&self, shared: &Shared, record: Record, revision: Revision) {
        shared.with(|registry| {
            if revision > registry.applied() {
                put(registry, record, revision);
            }
        });
    }

    /// Takes a name off, if it is the owner's.
    pub(crate) async fn deregister(&self, shared: &Shared, service: &ServiceName, owner: Owner<'_>) -> Result<bool> {
        self.check_loaded()?;
        let mut seen = shared.with(|registry| {
            let record = registry.get(Instant::now(), service)?.clone();
            Some((Record::from_known(&record), registry.revision(service)?))
        });
        for _ in 0..ROUNDS {
            let Some((record, revision)) = seen.filter(|(record, _)| match owner {
                Owner::Address(address) => record.address == *address,
                Owner::Instance(instance) => record.instance == Some(instance),
            }) else {
                return Ok(false);
            };
            match self.store.remove(service.clone(), revision).await {
                Ok(Written::Done(revision)) => {
                    shared.with(|registry| registry.gone(&record.service, revision));
                    return Ok(true);
                }
                Ok(Written::Conflict(other)) => seen = other,
                Err(error) => {
                    let text = format!("the name stays for now: {error}; it runs out by itself");
                    return Err(Error::unavailable(text, RETRY_AFTER));
                }
            }
        }
        Ok(false)
    }

    /// Waits, for a moment, until what has been written up to now has been heard.
    pub(crate) async fn catch_up(&self) {
        if self.lock_away().is_some() {
            return;
        }
        // One question serves all who asked before it was sent.
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut answered = self.answered.subscribe();
        self.ask.notify_one();
        let _ = tokio::time::timeout(CATCH_UP, answered.wait_for(|answered| *answered >= mine)).await;
    }

    fn lock_leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_away(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn from_known(record: &crate::registry::Record) -> Self {
        Self {
            service: record.service.clone(),
            address: record.address.clone(),
            interfaces: record.interfaces.to_vec(),
            instance: record.instance,
            upkeep: record.upkeep,
            since: 0,
        }
    }
}

/// Puts what the store holds into the registry.
fn put(registry: &mut Registry, record: Record, revision: Revision) {
    let now = Instant::now();
    let age = Duration::from_secs(seconds_since_1970().saturating_sub(record.since));
    let since = now.checked_sub(age).unwrap_or(now);
    registry.put(now, since, record.into(), revision);
}

fn former(record: &Record) -> crate::registry::Record {
    crate::registry::Record {
        service: record.service.clone(),
        address: record.address.clone(),
        interfaces: record.interfaces.clone().into(),
        instance: record.instance,
        upkeep: record.upkeep,
        since: Instant::now(),
    }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs())
}
