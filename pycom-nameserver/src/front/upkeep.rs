//! The tasks of a front: takes in what the store tells, does what the registry asks of it, says that the front lives.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{Front, put};
use crate::registry::Task;
use crate::store::{Change, LeaseId, Record, Renewed};
use crate::upkeep::Shared;

/// Attempts at once to make up for renewals after the store was away.
const AT_ONCE: usize = 32;

/// How soon a front that could not say that it lives tries again.
const ANNOUNCE: Duration = Duration::from_secs(1);

/// How long a task sleeps before it looks whether the front is still there.
const LOOK: Duration = Duration::from_secs(5);

/// How often the registry's wishes are looked for.
const TASKS: Duration = Duration::from_millis(200);

/// Starts them. They end once nobody else holds the front.
pub(super) fn start(front: &Arc<Front>, shared: &Arc<Shared>) {
    tokio::spawn(listen(Arc::downgrade(front), Arc::downgrade(shared)));
    tokio::spawn(announce(Arc::downgrade(front)));
    tokio::spawn(catch_up(Arc::downgrade(front)));
    tokio::spawn(tasks(Arc::downgrade(front), Arc::downgrade(shared)));
}

async fn listen(front: Weak<Front>, shared: Weak<Shared>) {
    loop {
        let Some(changes) = front.upgrade().map(|front| front.store.changes()) else { return };
        let mut changes = changes;
        loop {
            let change = tokio::time::timeout(LOOK, changes.recv()).await;
            let (Some(front), Some(shared)) = (front.upgrade(), shared.upgrade()) else { return };
            match change {
                Ok(Some(change)) => front.take(&shared, change),
                // A store whose listener was too slow, or whose task has failed: from the start.
                Ok(None) => break,
                Err(_) => {}
            }
        }
        tokio::time::sleep(super::PAUSE).await;
    }
}

impl Front {
    /// Takes in one change.
    fn take(self: &Arc<Self>, shared: &Arc<Shared>, change: Change) {
        match change {
            Change::Begin(at) => shared.with(|registry| registry.begin_snapshot(at)),
            // A few at a time: nobody is to wait for a whole page.
            Change::Part(records) => {
                let mut records = records.into_iter().peekable();
                while records.peek().is_some() {
                    shared.with(|registry| {
                        records.by_ref().take(64).for_each(|(record, revision)| put(registry, record, revision));
                    });
                }
            }
            Change::Whole => {
                let applied = shared.with(|registry| {
                    registry.end_snapshot(Instant::now());
                    registry.applied()
                });
                // A lease that lived in the history of before may not be in this one.
                self.lock_leases().forget();
                if !self.loaded.swap(true, Ordering::AcqRel) {
                    tracing::info!(revision = applied, "the store has been read");
                }
                self.heard.send_replace(applied);
            }
            Change::Put(record, revision) => {
                shared.with(|registry| {
                    put(registry, record, revision);
                    registry.set_applied(revision);
                });
                self.heard(revision);
            }
            Change::Gone(service, revision) => {
                shared.with(|registry| {
                    registry.gone(&service, revision);
                    registry.set_applied(revision);
                });
                self.heard(revision);
            }
            Change::Heard(revision) => self.heard(revision),
            Change::Fronts(fronts) => {
                self.fronts.store(fronts.len() as u64, Ordering::Relaxed);
                shared.with(|registry| registry.set_fronts(Instant::now(), fronts));
                shared.wake();
            }
            Change::Away => {
                let mut away = self.lock_away();
                if away.is_none() {
                    *away = Some(Instant::now());
                    tracing::warn!("the store is away: answering from what is known, new names have to wait");
                }
            }
            Change::Back => {
                let since = self.lock_away().take();
                if let Some(since) = since {
                    tracing::info!(away = ?since.elapsed(), "the store is back");
                    tokio::spawn(make_up(self.clone()));
                }
            }
        }
    }

    fn heard(&self, revision: u64) {
        self.heard.send_if_modified(|heard| {
            let further = revision > *heard;
            *heard = revision.max(*heard);
            further
        });
    }
}

/// Renews what was renewed while the store was away.
async fn make_up(front: Arc<Front>) {
    let owed: Vec<LeaseId> = front.lock_leases().take_owed().into_iter().collect();
    let share = owed.len().div_ceil(AT_ONCE).max(1);
    for part in owed.chunks(share) {
        let (front, part) = (front.clone(), part.to_vec());
        tokio::spawn(async move {
            for lease in part {
                if front.renew(lease).await.is_err() {
                    front.lock_leases().owe(lease);
                }
            }
        });
    }
}

async fn announce(front: Weak<Front>) {
    loop {
        let Some(strong) = front.upgrade() else { return };
        let next = match strong.store.announce(strong.id).await {
            Ok(term) => term / 3,
            Err(error) => {
                tracing::debug!(%error, "the front could not be announced");
                ANNOUNCE
            }
        };
        drop(strong);
        tokio::time::sleep(next).await;
    }
}

/// Asks the store for its newest revision, for all who wait for it at once.
async fn catch_up(front: Weak<Front>) {
    loop {
        let Some(strong) = front.upgrade() else { return };
        let asked = strong.asked.load(Ordering::SeqCst);
        if asked == *strong.answered.borrow() {
            let ask = strong.ask.clone();
            // A task that waits must not keep a front that is gone.
            drop(strong);
            let _ = tokio::time::timeout(LOOK, ask.notified()).await;
            continue;
        }
        if let Ok(newest) = strong.store.newest().await {
            let mut heard = strong.heard.subscribe();
            let _ = tokio::time::timeout(super::CATCH_UP, heard.wait_for(|heard| *heard >= newest)).await;
        }
        strong.answered.send_replace(asked);
    }
}

/// Does what the registry asks of the store.
async fn tasks(front: Weak<Front>, shared: Weak<Shared>) {
    loop {
        let (Some(strong), Some(held)) = (front.upgrade(), shared.upgrade()) else { return };
        for task in held.with(|registry| registry.take_tasks()) {
            strong.perform(&held, task).await;
        }
        drop((strong, held));
        tokio::time::sleep(TASKS).await;
    }
}

impl Front {
    async fn perform(&self, shared: &Shared, task: Task) {
        match task {
            Task::Remove(record, revision) => {
                let removed = self.store.remove(record.service.clone(), revision).await;
                if let Err(error) = removed {
                    // Nobody renews its lease any more, so it ends all the same.
                    tracing::debug!(service = %record.service, %error, "could not be removed");
                }
            }
            Task::Renew(known) => {
                let record = Record::from_known(&known);
                if self.lock_leases().is_fresh(record.lease(), Instant::now()) {
                    return;
                }
                match self.renew(record.lease()).await {
                    Ok(Renewed::Until(_)) => {}
                    // The lease ended, and the service is there all the same.
                    Ok(Renewed::Lost) => {
                        let claim = record.into();
                        let until = Instant::now() + super::PAUSE;
                        let _ = self.write(shared, &claim, 0, until).await;
                    }
                    Err(_) => self.lock_leases().owe(record.lease()),
                }
            }
        }
    }
}
