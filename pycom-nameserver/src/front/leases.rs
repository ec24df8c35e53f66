//! Which leases were renewed a moment ago, and which are owed a renewal.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::store::LeaseId;

/// Leases that a front has to do with. It owns none.
#[derive(Debug)]
pub(super) struct Leases {
    /// How long a renewed lease needs no other message.
    fresh: Duration,
    /// When each was renewed last: those of now, and those of before, so that old ones are forgotten without a search.
    now: HashMap<LeaseId, Instant>,
    before: HashMap<LeaseId, Instant>,
    turned: Instant,
    /// Renewals that were answered while the store was away.
    owed: HashSet<LeaseId>,
}

impl Leases {
    pub(super) fn new(now: Instant, fresh: Duration) -> Self {
        Self { fresh, now: HashMap::new(), before: HashMap::new(), turned: now, owed: HashSet::new() }
    }

    pub(super) fn is_fresh(&self, lease: LeaseId, now: Instant) -> bool {
        let renewed = self.now.get(&lease).or_else(|| self.before.get(&lease));
        renewed.is_some_and(|&at| now.saturating_duration_since(at) < self.fresh)
    }

    pub(super) fn renewed(&mut self, lease: LeaseId, now: Instant) {
        if now.saturating_duration_since(self.turned) >= self.fresh {
            self.before = std::mem::take(&mut self.now);
            self.turned = now;
        }
        self.now.insert(lease, now);
        self.owed.remove(&lease);
    }

    /// Notes that none of them is known to live.
    pub(super) fn forget(&mut self) {
        self.now.clear();
        self.before.clear();
    }

    /// Notes a renewal that the store has not heard of.
    pub(super) fn owe(&mut self, lease: LeaseId) {
        self.owed.insert(lease);
    }

    pub(super) fn take_owed(&mut self) -> HashSet<LeaseId> {
        std::mem::take(&mut self.owed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Duration = Duration::from_secs(10);

    #[test]
    fn a_lease_is_fresh_for_a_while_and_then_forgotten() {
        let start = Instant::now();
        let mut leases = Leases::new(start, FRESH);
        for step in 0..1_000_u32 {
            let now = start + Duration::from_secs(1) * step;
            let lease = LeaseId(i64::from(step));
            assert!(!leases.is_fresh(lease, now));
            leases.renewed(lease, now);
            assert!(leases.is_fresh(lease, now + FRESH / 2) && !leases.is_fresh(lease, now + FRESH));
            assert!(step < 5 || leases.is_fresh(LeaseId(i64::from(step - 5)), now));
        }
        assert!(leases.now.len() + leases.before.len() <= 21);
    }

    #[test]
    fn what_is_owed_is_owed_once() {
        let mut leases = Leases::new(Instant::now(), FRESH);
        leases.owe(LeaseId(1));
        leases.owe(LeaseId(1));
        leases.owe(LeaseId(2));
        leases.renewed(LeaseId(2), Instant::now());
        assert_eq!(leases.take_owed(), HashSet::from([LeaseId(1)]));
        assert!(leases.take_owed().is_empty());
    }
}
