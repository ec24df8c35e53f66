//! The addresses of services that must be asked whether they are still there.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use super::{
    Terms,
    index::RecordId,
    slab::{Id, Slab},
};
use crate::names::Address;

/// Who is to be asked when, and who has not answered.
///
/// An address is asked and an address falls silent, so silence is counted for all services at it
/// together; that it answers but has no such service concerns only the one asked after.
#[derive(Debug)]
pub(super) struct Targets {
    terms: Terms,
    targets: Slab<Target>,
    by_address: HashMap<Address, TargetId>,
    members: HashMap<RecordId, Member>,
    /// Each address at the time at which it is asked next.
    schedule: BTreeSet<(Instant, TargetId)>,
}

type TargetId = Id<Target>;

#[derive(Debug)]
struct Target {
    address: Address,
    /// Its services, at the time at which each wants to be asked after.
    queue: BTreeSet<(Instant, RecordId)>,
    /// Not asked before this, where it was silent or was put off.
    free: Instant,
    next: Instant,
    heard: Instant,
    /// The first and the last probe since it was heard.
    asked: Option<(Instant, Instant)>,
    silent: u32,
}

#[derive(Debug)]
struct Member {
    target: TargetId,
    due: Instant,
    denied: u32,
}

/// What to do about the address whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask after this service.
    Ask(RecordId),
    /// Drop all of these: the address has been silent for too long.
    GivenUp(Vec<RecordId>),
}

impl Targets {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            targets: Slab::new(),
            by_address: HashMap::new(),
            members: HashMap::new(),
            schedule: BTreeSet::new(),
        }
    }

    /// Starts to ask after a service, or goes on: that it registered shows that it is there.
    pub(super) fn watch(&mut self, now: Instant, id: RecordId, address: &Address) {
        self.forget(id);
        let target = match self.by_address.get(address) {
            Some(&target) => target,
            None => {
                let target = self.targets.insert_with(|_| Target::new(now, address.clone()));
                self.by_address.insert(address.clone(), target);
                target
            }
        };
        let due = now + self.terms.probe_every;
        let denied = 0;
        self.members.insert(id, Member { target, due, denied });
        self.targets[target].queue.insert((due, id));
        self.targets[target].hear(now);
        self.reschedule(target);
    }

    /// Whether a service is asked after.
    pub(super) fn asks_after(&self, id: RecordId) -> bool {
        self.members.contains_key(&id)
    }

    /// All that are asked after at the same address as this one, and were not denied there of late.
    pub(super) fn at_the_address_of(&self, id: RecordId) -> Vec<RecordId> {
        let Some(member) = self.members.get(&id) else { return Vec::new() };
        let mut ids = self.targets[member.target].ids();
        ids.retain(|id| self.members.get(id).is_some_and(|member| member.denied == 0));
        ids
    }

    /// Stops asking after a service.
    pub(super) fn forget(&mut self, id: RecordId) {
        let Some(Member { target, due, .. }) = self.members.remove(&id) else {
            return;
        };
        self.targets[target].queue.remove(&(due, id));
        self.reschedule(target);
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.schedule.first().map(|&(next, _)| next)
    }

    /// What is due now, if anything.
    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        let &(_, target) = self.schedule.first().filter(|(next, _)| *next <= now)?;
        let target = &self.targets[target];
        if target.given_up(now, &self.terms) {
            return Some(Due::GivenUp(target.ids()));
        }
        target.queue.first().map(|&(_, id)| Due::Ask(id))
    }

    /// Puts off asking the address of this service.
    pub(super) fn postpone(&mut self, id: RecordId, until: Instant) {
        if let Some(member) = self.members.get(&id) {
            self.targets[member.target].free = until;
            self.reschedule(member.target);
        }
    }

    /// Notes that this service was asked after.
    pub(super) fn asked(&mut self, now: Instant, id: RecordId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let place = member.target;
        let target = &mut self.targets[place];
        target.queue.remove(&(member.due, id));
        member.due = now + self.terms.probe_every;
        target.queue.insert((member.due, id));
        target.asked = Some((target.asked.map_or(now, |(first, _)| first), now));
        self.reschedule(place);
    }

    /// Notes that this service was found.
    pub(super) fn answered(&mut self, now: Instant, id: RecordId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.denied = 0;
            self.targets[member.target].hear(now);
        }
    }

    /// Notes that its address has no such service, and says whether that was once too often.
    pub(super) fn denied(&mut self, now: Instant, id: RecordId) -> bool {
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        member.denied += 1;
        self.targets[member.target].hear(now);
        member.denied >= self.terms.probe_failures
    }

    /// Notes that its address did not answer, and says whom to drop because that was once too
    /// often.
    pub(super) fn silent(&mut self, id: RecordId) -> Vec<RecordId> {
        let Some(member) = self.members.get(&id) else {
            return Vec::new();
        };
        let target = &mut self.targets[member.target];
        // Heard since it was asked: the probe says less than that.
        let Some((_, last)) = target.asked else {
            return Vec::new();
        };
        target.silent += 1;
        if target.silent >= self.terms.probe_failures {
            return target.ids();
        }
        // Several services at one address are asked after more often than one. That must not count
        // a short absence as several failures, so after a failure the address has the whole
        // interval to come back.
        target.free = last + self.terms.probe_every;
        let place = member.target;
        self.reschedule(place);
        Vec::new()
    }

    fn reschedule(&mut self, id: TargetId) {
        let target = &mut self.targets[id];
        self.schedule.remove(&(target.next, id));
        match target.queue.first() {
            Some(&(due, _)) => {
                target.next = due.max(target.free);
                self.schedule.insert((target.next, id));
            }
            None => {
                let target = self.targets.remove(id);
                self.by_address.remove(&target.address);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn check(&self, expected: &std::collections::HashSet<RecordId>) {
        assert_eq!(self.members.len(), expected.len());
        assert_eq!(self.by_address.len(), self.targets.len());
        assert_eq!(self.schedule.len(), self.targets.len());
        let queued = self.targets.iter().map(|(_, target)| target.queue.len());
        assert_eq!(queued.sum::<usize>(), self.members.len());
        for (id, member) in &self.members {
            assert!(expected.contains(id));
            assert!(self.targets[member.target].queue.contains(&(member.due, *id)));
        }
        for (id, target) in self.targets.iter() {
            assert!(self.schedule.contains(&(target.next, id)));
            assert_eq!(self.by_address.get(&target.address), Some(&id));
        }
    }
}

impl Target {
    fn new(now: Instant, address: Address) -> Self {
        Self { address, queue: BTreeSet::new(), free: now, next: now, heard: now, asked: None, silent: 0 }
    }

    fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
        self.silent = 0;
    }

    /// Where probes are held up by their number, an address may come to be asked only after all the
    /// time that it has. So it also has a whole interval for the answer to its first probe.
    fn given_up(&self, now: Instant, terms: &Terms) -> bool {
        self.asked.is_some_and(|(first, _)| now >= self.heard + terms.silence && now >= first + terms.probe_every)
    }

    fn ids(&self) -> Vec<RecordId> {
        self.queue.iter().map(|&(_, id)| id).collect()
    }
}
