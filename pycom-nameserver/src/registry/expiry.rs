//! Who must renew by when, without ever looking at all of them.

use std::time::{Duration, Instant};

use super::index::RecordId;

/// The leases in the order they end: a list threaded through a table beside the records.
///
/// All have the same term, so one that is renewed goes to the end, and nothing is searched, however
/// many there are. Were one to end earlier, its place is looked for from the end: right all the
/// same, only slower.
#[derive(Debug)]
pub(super) struct Leases {
    links: Vec<Option<Link>>,
    first: Option<RecordId>,
    last: Option<RecordId>,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    until: Instant,
    before: Option<RecordId>,
    after: Option<RecordId>,
}

impl Leases {
    pub(super) fn new() -> Self {
        Self { links: Vec::new(), first: None, last: None }
    }

    /// When the first lease ends.
    pub(super) fn next(&self) -> Option<Instant> {
        self.first.map(|first| self.link(first).until)
    }

    /// The record whose lease ended first, where one has ended. It stays until it is cleared.
    pub(super) fn ended(&self, now: Instant) -> Option<RecordId> {
        self.first.filter(|&first| self.link(first).until <= now)
    }

    /// Starts or renews a lease.
    pub(super) fn set(&mut self, id: RecordId, until: Instant) {
        self.clear(id);
        let mut before = self.last;
        while let Some(earlier) = before.filter(|&earlier| self.link(earlier).until > until) {
            before = self.link(earlier).before;
        }
        let after = match before {
            Some(before) => self.link_mut(before).after.replace(id),
            None => self.first.replace(id),
        };
        match after {
            Some(after) => self.link_mut(after).before = Some(id),
            None => self.last = Some(id),
        }
        if self.links.len() <= id.place() {
            self.links.resize(id.place() + 1, None);
        }
        self.links[id.place()] = Some(Link { until, before, after });
    }

    /// Lets every lease end later.
    pub(super) fn extend(&mut self, by: Duration) {
        for link in self.links.iter_mut().flatten() {
            link.until += by;
        }
    }

    /// Ends a lease, where there is one.
    pub(super) fn clear(&mut self, id: RecordId) {
        let Some(link) = self.links.get_mut(id.place()).and_then(Option::take) else {
            return;
        };
        match link.before {
            Some(before) => self.link_mut(before).after = link.after,
            None => self.first = link.after,
        }
        match link.after {
            Some(after) => self.link_mut(after).before = link.before,
            None => self.last = link.before,
        }
    }

    fn link(&self, id: RecordId) -> &Link {
        self.links[id.place()].as_ref().expect(LINKED)
    }

    fn link_mut(&mut self, id: RecordId) -> &mut Link {
        self.links[id.place()].as_mut().expect(LINKED)
    }

    /// Every lease, first to end first.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (RecordId, Instant)> {
        std::iter::successors(self.first, |&id| self.link(id).after).map(|id| (id, self.link(id).until))
    }
}

const LINKED: &str = "neighbours in the list are in the list";

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<const N: usize>() -> [RecordId; N] {
        std::array::from_fn(RecordId::new)
    }

    #[test]
    fn a_renewed_lease_ends_after_the_others() {
        let [a, b, c] = ids();
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut leases = Leases::new();
        leases.set(a, now + second);
        leases.set(b, now + 2 * second);
        leases.set(c, now + 3 * second);
        leases.set(a, now + 4 * second);
        assert_eq!(leases.next(), Some(now + 2 * second));
        assert_eq!(leases.ended(now + second), None);
        assert_eq!(leases.iter().map(|(id, _)| id).collect::<Vec<_>>(), [b, c, a]);
    }

    #[test]
    fn an_earlier_lease_finds_its_place() {
        let [a, b, c] = ids();
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut leases = Leases::new();
        leases.set(a, now + second);
        leases.set(b, now + 3 * second);
        leases.set(c, now + 2 * second);
        assert_eq!(leases.iter().map(|(id, _)| id).collect::<Vec<_>>(), [a, c, b]);
        leases.clear(c);
        leases.clear(a);
        leases.clear(a);
        assert_eq!(leases.iter().map(|(id, _)| id).collect::<Vec<_>>(), [b]);
        leases.clear(b);
        assert_eq!(leases.next(), None);
    }
}
