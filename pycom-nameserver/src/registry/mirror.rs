//! The registry as the image of a store: what is different where that decides.
//!
//! Nothing is dropped by its own clock, a registration is only judged here, and what changes is what the store says has
//! changed, each record with the revision of its last write.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{Cause, Change, Limits, Outcome, Record, Registration, Registry, Terms, Upkeep, index::RecordId};
use crate::names::ServiceName;

/// One front, new at each start.
pub type FrontId = u64;

/// What whoever owns the registry is to do with the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// This service was found by a probe: its lease is good for another term.
    Renew(std::sync::Arc<Record>),
    /// This one was not: it is to be removed, unless it was written again since.
    Remove(std::sync::Arc<Record>, u64),
}

/// What is kept beside the records.
#[derive(Debug)]
pub(super) struct Mirror {
    me: FrontId,
    /// Those who share the probing, this one included.
    fronts: Vec<FrontId>,
    /// How far the store's history has been heard.
    applied: u64,
    /// The snapshot that is being read: its revision, and the records seen in it so far.
    seen: Option<(u64, HashSet<RecordId>)>,
    /// Records that a snapshot no longer had, kept for a while: their services may be about to register again.
    doubted: HashSet<RecordId>,
    doubted_until: Option<Instant>,
    grace: Duration,
    tasks: Vec<Task>,
}

impl Mirror {
    pub(super) fn doubted_until(&self) -> Option<Instant> {
        self.doubted_until
    }

    /// Forgets a record, whose number may be given to another.
    pub(super) fn forget(&mut self, id: RecordId) {
        self.doubted.remove(&id);
        if let Some((_, seen)) = &mut self.seen {
            seen.remove(&id);
        }
    }

    /// Whether this front asks after an address. All fronts that know each other agree on one of them, and where one
    /// comes or goes only its share moves (rendezvous hashing).
    fn in_charge(&self, record: &Record) -> bool {
        let address = record.address.to_string();
        let weight = |front: FrontId| crate::store::hash(&[&front.to_be_bytes(), address.as_bytes()]);
        let highest = self.fronts.iter().copied().chain([self.me]).max_by_key(|&front| (weight(front), front));
        highest == Some(self.me)
    }
}

impl Registry {
    /// An empty image of a store, which one front of several holds.
    pub fn mirror(now: Instant, limits: Limits, terms: Terms, me: FrontId) -> Self {
        let grace = terms.renewal / 2;
        let mirror = Mirror {
            me,
            fronts: Vec::new(),
            applied: 0,
            seen: None,
            doubted: HashSet::new(),
            doubted_until: None,
            grace,
            tasks: Vec::new(),
        };
        Self { mirror: Some(Box::new(mirror)), ..Self::new(now, limits, terms) }
    }

    /// How far the store's history has been heard.
    pub fn applied(&self) -> u64 {
        self.mirror.as_ref().map_or(0, |mirror| mirror.applied)
    }

    /// Notes how far the store's history has been heard.
    pub fn set_applied(&mut self, revision: u64) {
        if let Some(mirror) = &mut self.mirror {
            mirror.applied = mirror.applied.max(revision);
        }
    }

    /// What the store has to be told since this was last called.
    pub fn take_tasks(&mut self) -> Vec<Task> {
        self.mirror.as_mut().map(|mirror| std::mem::take(&mut mirror.tasks)).unwrap_or_default()
    }

    /// The revision of what is known under a name; 0 where the store does not have it.
    pub fn revision(&self, service: &ServiceName) -> Option<u64> {
        self.index.find(service).map(|id| self.index.revision(id))
    }

    /// The store holds this record, since that revision. Older news than what is known change nothing.
    pub fn put(&mut self, now: Instant, since: Instant, registration: Registration, revision: u64) {
        let known = self.index.find(&registration.service);
        let reading = self.mirror.as_ref().and_then(|mirror| mirror.seen.as_ref()).map(|&(at, _)| at);
        let id = match known {
            Some(id) if self.index.revision(id) >= reading.map_or(revision, |at| at + 1) => {
                self.see(id);
                return;
            }
            Some(id) => {
                if !says_the_same(self.index.record(id), &registration) {
                    let former = self.index.replace(since, id, registration);
                    self.changes.push(Change::Changed { former, record: self.index.record(id).clone() });
                }
                id
            }
            None => {
                let id = self.index.insert(since, registration);
                self.changes.push(Change::Added(self.index.record(id).clone()));
                id
            }
        };
        self.index.set_revision(id, revision);
        self.see(id);
        self.keep_mirrored(now, id);
    }

    /// The store no longer holds this name, since that revision.
    pub fn gone(&mut self, service: &ServiceName, revision: u64) {
        if let Some(id) = self.index.find(service)
            && self.index.revision(id) <= revision
        {
            // Nobody says why; what takes its leave is far less often seen than what falls silent.
            self.remove(id, Cause::Expired);
        }
    }

    /// A whole new image begins, that of a revision: all that [`put`](Self::put) is given until
    /// [`end_snapshot`](Self::end_snapshot).
    pub fn begin_snapshot(&mut self, at: u64) {
        let Some(mirror) = &mut self.mirror else { return };
        mirror.seen = Some((at, HashSet::new()));
        if at < mirror.applied {
            // Another history: the engine has been emptied, or put back. The numbers of before say nothing in it.
            self.index.ids().collect::<Vec<_>>().into_iter().for_each(|id| self.index.set_revision(id, 0));
        }
    }

    /// The image is whole, and is that of a revision: what was not in it is no longer there.
    ///
    /// Where that is more than half of all, the store has probably lost it, and the services will say so themselves: what
    /// is missing stays for half of a renewal's term.
    pub fn end_snapshot(&mut self, now: Instant) {
        let Some(mirror) = &mut self.mirror else { return };
        let Some((at, seen)) = mirror.seen.take() else { return };
        mirror.applied = at;
        let missing = |id: &RecordId| !seen.contains(id) && self.index.revision(*id) <= at;
        let missing: Vec<RecordId> = self.index.ids().filter(missing).collect();
        if missing.len() * 2 > self.index.len() {
            mirror.doubted_until = Some(now + mirror.grace);
            mirror.doubted.extend(&missing);
            for id in missing {
                self.index.set_revision(id, 0);
            }
        } else {
            missing.into_iter().for_each(|id| self.remove(id, Cause::Expired));
        }
    }

    /// How many records are known here and not to the store.
    pub fn doubted(&self) -> usize {
        self.mirror.as_ref().map_or(0, |mirror| mirror.doubted.len())
    }

    /// The fronts that live now, which share the probing.
    pub fn set_fronts(&mut self, now: Instant, fronts: Vec<FrontId>) {
        let Some(mirror) = &mut self.mirror else { return };
        mirror.fronts = fronts;
        let probed: Vec<RecordId> =
            self.index.ids().filter(|&id| self.index.record(id).upkeep == Upkeep::Probed).collect();
        for id in probed {
            self.share(now, id);
        }
    }

    /// Notes what became of a registration in the store.
    pub(crate) fn note(&mut self, outcome: Option<&Outcome>) {
        match outcome {
            Some(Outcome::Registered) => self.counts.registrations += 1,
            Some(Outcome::Renewed) => self.counts.renewals += 1,
            Some(Outcome::Replaced { .. }) => self.counts.replaced += 1,
            Some(Outcome::Occupied { .. }) | None => self.counts.refused += 1,
        }
    }

    pub(super) fn keep_mirrored(&mut self, now: Instant, id: RecordId) {
        match self.index.record(id).upkeep {
            Upkeep::Renews => self.targets.forget(id),
            Upkeep::Probed => {
                self.targets.forget(id);
                self.share(now, id);
            }
        }
    }

    /// Asks after a record that does not renew, if it is this front's turn.
    fn share(&mut self, now: Instant, id: RecordId) {
        let record = self.index.record(id).clone();
        let mine = self.mirror.as_ref().is_some_and(|mirror| mirror.in_charge(&record));
        match (mine, self.targets.asks_after(id)) {
            (true, false) => self.targets.watch(now, id, &record.address),
            (false, true) => self.targets.forget(id),
            _ => {}
        }
    }

    /// A probe has found a service that does not renew: its lease is renewed for it, and those of all others at its
    /// address. Each is asked after by itself, but an address is not asked so often that each lease could wait for that.
    pub(super) fn probe_renews(&mut self, id: RecordId) {
        if let Some(mirror) = &mut self.mirror {
            let found = self.targets.at_the_address_of(id);
            mirror.tasks.extend(found.into_iter().map(|id| Task::Renew(self.index.record(id).clone())));
        }
    }

    /// A service that does not renew was not found: the store is to be told, and until it says so nothing has changed.
    pub(super) fn give_up_mirrored(&mut self, id: RecordId) {
        self.targets.forget(id);
        let task = Task::Remove(self.index.record(id).clone(), self.index.revision(id));
        self.counts.given_up += 1;
        if let Some(mirror) = &mut self.mirror {
            mirror.tasks.push(task);
        }
    }

    fn see(&mut self, id: RecordId) {
        let Some(mirror) = &mut self.mirror else { return };
        if let Some((_, seen)) = &mut mirror.seen {
            seen.insert(id);
        }
        mirror.doubted.remove(&id);
    }

    /// Drops what no service has confirmed in time.
    pub(super) fn end_doubts(&mut self, now: Instant) {
        let Some(mirror) = &mut self.mirror else { return };
        if mirror.doubted_until.is_none_or(|until| until > now) {
            return;
        }
        mirror.doubted_until = None;
        for id in std::mem::take(&mut mirror.doubted) {
            self.remove(id, Cause::Expired);
        }
    }
}

fn says_the_same(record: &Record, registration: &Registration) -> bool {
    record.address == registration.address
        && record.instance == registration.instance
        && record.upkeep == registration.upkeep
        && *record.interfaces == *registration.interfaces
}
