//! Which services there are, and where: plain data and rules. Events and the time go in, answers
//! and changes come out.
//!
//! Nothing in here reads a clock, waits or sends. Whoever owns a [`Registry`] passes the time,
//! wakes at [`Registry::next_event`], sends the probes it asks for, and takes the [`Change`]s after
//! each call.
//!
//! | file | owns |
//! | --- | --- |
//! | `record` | what a service says of itself and what is known of it |
//! | `rules` | who may have a name |
//! | `register` | taking, renewing and giving up a name |
//! | `probe`, `targets`, `pace` | asking after services: reports, who and when, how often |
//! | `index`, `interfaces`, `slab` | finding records |
//! | `expiry` | who must renew by when |
//! | `filter` | the regular expressions of a list |
//! | `mirror` | what is different where a store decides, and the registry only knows |
//! | `settings`, `change`, `stat` | what may be set, what happened, what is counted |

mod change;
mod expiry;
mod filter;
mod index;
mod interfaces;
mod mirror;
mod pace;
mod probe;
mod record;
mod register;
mod rules;
mod settings;
mod slab;
mod stat;
mod targets;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::{
    change::{Cause, Change},
    filter::{Filter, FilterError, Filters, PatternError},
    interfaces::Version,
    mirror::{FrontId, Task},
    probe::ProbeFailure,
    record::{Instance, InstanceError, Record, Registration, Upkeep},
    register::{Decision, Outcome, Owner, RegisterError},
    settings::{Limits, Terms},
    stat::Stat,
};
use self::{
    expiry::Leases,
    index::{Index, RecordId},
    mirror::Mirror,
    pace::Pace,
    targets::Targets,
};
use crate::names::{InterfaceName, ServiceName};

/// All services that are known, and since when they have to be believed.
///
/// Each call first drops what has expired by the time it is given, so that an answer never holds an
/// expired record, whether or not [`expire`](Self::expire) was called in time.
#[derive(Debug)]
pub struct Registry {
    limits: Limits,
    terms: Terms,
    started: Instant,
    index: Index,
    leases: Leases,
    targets: Targets,
    pace: Pace,
    changes: Vec<Change>,
    counts: Stat,
    /// There where a store decides.
    mirror: Option<Box<Mirror>>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What was found, in the order of names.
    pub records: Vec<Arc<Record>>,
    /// After which name the next page begins; `None` where there is no more. A page may be empty
    /// and not the last.
    pub next: Option<ServiceName>,
}

impl Registry {
    /// An empty registry that starts now.
    pub fn new(now: Instant, limits: Limits, terms: Terms) -> Self {
        Self {
            index: Index::new(),
            leases: Leases::new(),
            targets: Targets::new(terms.clone()),
            pace: Pace::new(&terms),
            changes: Vec::new(),
            counts: Stat::default(),
            started: now,
            mirror: None,
            limits,
            terms,
        }
    }

    /// One service that provides this interface: the named one, or one of all that do, whichever
    /// `pick` chooses.
    ///
    /// `pick` is given how many there are and returns a number below that; a random one spreads the
    /// load.
    pub fn locate(
        &mut self,
        now: Instant,
        interface: &InterfaceName,
        service: Option<&ServiceName>,
        pick: impl FnOnce(usize) -> usize,
    ) -> Option<&Arc<Record>> {
        self.expire(now);
        let id = match service {
            Some(service) => self.provider(interface, service),
            None => {
                let holders = self.index.holders(interface);
                let count = holders.len();
                (count > 0).then(|| holders[pick(count) % count])
            }
        };
        self.count_located(id.is_some());
        id.map(|id| self.index.record(id))
    }

    /// All services that provide this interface, or the named one, in no order.
    pub fn locate_all(
        &mut self,
        now: Instant,
        interface: &InterfaceName,
        service: Option<&ServiceName>,
    ) -> impl Iterator<Item = &Arc<Record>> + use<'_> {
        self.expire(now);
        let named = service.and_then(|service| self.provider(interface, service));
        let found = named.is_some() || service.is_none() && !self.index.holders(interface).is_empty();
        self.count_located(found);
        let others = match service {
            Some(_) => &[],
            None => self.index.holders(interface),
        };
        let ids = named.into_iter().chain(others.iter().copied());
        ids.map(|id| self.index.record(id))
    }

    /// The version of an interface, and how many provide it.
    pub fn version(&mut self, now: Instant, interface: &InterfaceName) -> (Version, usize) {
        self.expire(now);
        (self.index.version(interface), self.index.holders(interface).len())
    }

    /// Those who provide an interface in its present version, in no order. Counts as no look-up.
    pub fn providers(&mut self, now: Instant, interface: &InterfaceName) -> (Version, Vec<Arc<Record>>) {
        self.expire(now);
        let records = self.index.holders(interface).iter().map(|&id| self.index.record(id).clone()).collect();
        (self.index.version(interface), records)
    }

    /// What is known under this name.
    pub fn get(&mut self, now: Instant, service: &ServiceName) -> Option<&Arc<Record>> {
        self.expire(now);
        let id = self.index.find(service)?;
        Some(self.index.record(id))
    }

    /// The services that a filter chooses, in the order of their names, from the first after the
    /// name `after`.
    ///
    /// A page ends after `limit` of them, or after looking at as many as [`Limits::looked_at`].
    pub fn list(&mut self, now: Instant, filter: &Filter, after: Option<&ServiceName>, limit: usize) -> Page {
        self.expire(now);
        let limit = limit.max(1);
        let mut page = Page { records: Vec::new(), next: None };
        let mut left = self.index.after(after).peekable();
        let mut looked_at = 0;
        while let Some(record) = left.next() {
            looked_at += 1;
            if filter.matches(record) {
                page.records.push(record.clone());
            }
            let ends = page.records.len() >= limit || looked_at >= self.limits.looked_at;
            if ends && left.peek().is_some() {
                page.next = Some(record.service.clone());
                break;
            }
        }
        page
    }

    /// What is held, and what has been done since the start.
    pub fn stat(&mut self, now: Instant) -> Stat {
        self.expire(now);
        Stat {
            uptime: now.saturating_duration_since(self.started),
            services: self.index.len(),
            interfaces: self.index.interfaces(),
            ..self.counts
        }
    }

    /// When [`expire`](Self::expire) and [`due_probes`](Self::due_probes) next have something to
    /// do, `now` at the earliest.
    pub fn next_event(&self, now: Instant) -> Option<Instant> {
        let free = self.pace.free_at().unwrap_or(now);
        let probe = self.targets.next().map(|probe| probe.max(free));
        let next = match (self.leases.next(), probe) {
            (Some(lease), Some(probe)) => Some(lease.min(probe)),
            (lease, probe) => lease.or(probe),
        };
        let doubt = self.mirror.as_ref().and_then(|mirror| mirror.doubted_until());
        let next = next.into_iter().chain(doubt).min()?;
        Some(next.max(now))
    }

    /// Drops all that were not renewed in time.
    pub fn expire(&mut self, now: Instant) {
        while let Some(id) = self.leases.ended(now) {
            self.remove(id, Cause::Expired);
        }
        if self.mirror.is_some() {
            self.end_doubts(now);
        }
    }

    /// Says that nobody looked for so long: the process was stopped, and the renewals of that time
    /// wait unread. Every term goes on where it was, so that nobody is dropped for it.
    pub fn was_away(&mut self, absence: Duration) {
        self.leases.extend(absence);
    }

    /// What has changed since this was last called, in order. To be called after each call that may
    /// change something: they are kept until then.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    fn provider(&self, interface: &InterfaceName, service: &ServiceName) -> Option<RecordId> {
        let id = self.index.find(service)?;
        Some(id).filter(|&id| self.index.record(id).provides(interface))
    }

    fn count_located(&mut self, found: bool) {
        match found {
            true => self.counts.located += 1,
            false => self.counts.missed += 1,
        }
    }

    fn remove(&mut self, id: RecordId, cause: Cause) {
        self.leases.clear(id);
        self.targets.forget(id);
        if let Some(mirror) = &mut self.mirror {
            mirror.forget(id);
        }
        let record = self.index.remove(id);
        match cause {
            Cause::Expired => self.counts.expired += 1,
            Cause::Silent | Cause::Denied => self.counts.given_up += 1,
            Cause::Deregistered => self.counts.deregistered += 1,
        }
        self.changes.push(Change::Removed { record, cause });
    }
}
