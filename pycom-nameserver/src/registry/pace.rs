//! How often others may be asked, and what they said a moment ago.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::Terms;
use crate::names::{Address, ServiceName};

/// Keeps probes rare: so many a second in all, and one in a while to each address.
///
/// It counts the probes of the last second instead of filling a bucket, so that no second at all
/// sees more of them.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: usize,
    gap: Duration,
    /// When the last probes were sent, at most `per_second` of them.
    sent: VecDeque<Instant>,
    /// The addresses that may not be asked again yet.
    recent: HashMap<Address, Recent>,
    /// When each of these was last touched, for forgetting them in order.
    touched: VecDeque<(Instant, Address)>,
}

#[derive(Debug)]
struct Recent {
    at: Instant,
    service: ServiceName,
    found: Option<bool>,
}

/// What recent probes say about a service at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It was found there.
    Alive,
    /// It was not.
    Dead,
    /// It is being asked.
    UnderWay,
    /// It must not be asked yet.
    NotYet,
    /// Nothing, and it may be asked.
    Nothing,
}

const SECOND: Duration = Duration::from_secs(1);

impl Pace {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            per_second: terms.probes_per_second.max(1),
            gap: terms.probe_gap,
            sent: VecDeque::new(),
            recent: HashMap::new(),
            touched: VecDeque::new(),
        }
    }

    /// The earliest time at which anyone may be asked; `None` is at once.
    pub(super) fn free_at(&self) -> Option<Instant> {
        let full = self.sent.len() >= self.per_second;
        self.sent.front().filter(|_| full).map(|&at| at + SECOND)
    }

    /// The earliest time at which this address may be asked; `None` is at once.
    pub(super) fn address_free_at(&self, now: Instant, address: &Address) -> Option<Instant> {
        let recent = self.recent.get(address)?;
        Some(recent.at + self.gap).filter(|&at| at > now)
    }

    pub(super) fn admits(&self, now: Instant) -> bool {
        self.free_at().is_none_or(|at| at <= now)
    }

    /// What is known about a service that is said to be at this address.
    pub(super) fn known(&self, now: Instant, service: &ServiceName, address: &Address) -> Known {
        match self.recent.get(address) {
            Some(recent) if now < recent.at + self.gap => match recent.found {
                Some(true) => Known::Alive,
                // That another service is not there, or is being asked, says nothing about this
                // one.
                _ if recent.service != *service => Known::NotYet,
                Some(false) => Known::Dead,
                None => Known::UnderWay,
            },
            _ if self.admits(now) => Known::Nothing,
            _ => Known::NotYet,
        }
    }

    /// Notes that a probe is sent now.
    pub(super) fn sent(&mut self, now: Instant, service: &ServiceName, address: &Address) {
        if self.sent.len() >= self.per_second {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
        self.touch(now, service, address, None);
    }

    /// Notes how a probe ended.
    pub(super) fn ended(&mut self, now: Instant, service: &ServiceName, address: &Address, found: bool) {
        // Nobody is asked again so soon: if the service was heard, it was after this probe was
        // sent.
        if found || self.known(now, service, address) != Known::Alive {
            self.touch(now, service, address, Some(found));
        }
    }

    /// Notes that a service registered, which shows that it is there.
    pub(super) fn heard(&mut self, service: &ServiceName, address: &Address) {
        if let Some(recent) = self.recent.get_mut(address)
            && recent.service == *service
        {
            recent.found = Some(true);
        }
    }

    fn touch(&mut self, now: Instant, service: &ServiceName, address: &Address, found: Option<bool>) {
        self.forget(now);
        let recent = Recent { at: now, service: service.clone(), found };
        self.recent.insert(address.clone(), recent);
        self.touched.push_back((now, address.clone()));
    }

    fn forget(&mut self, now: Instant) {
        let over = |at: Instant| at + self.gap <= now;
        while self.touched.front().is_some_and(|(at, _)| over(*at)) {
            let Some((_, address)) = self.touched.pop_front() else {
                return;
            };
            // Touched again since, it has a later entry of its own.
            if self.recent.get(&address).is_some_and(|recent| over(recent.at)) {
                self.recent.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> ServiceName {
        ServiceName::new(name).unwrap()
    }

    fn address(number: usize) -> Address {
        format!("tcp://10.0.0.1:{number}").parse().unwrap()
    }

    #[test]
    fn no_second_sees_more_probes_than_allowed() {
        let start = Instant::now();
        let mut pace = Pace::new(&Terms::default());
        let mut sent = Vec::new();
        for step in 0..2_000 {
            let now = start + Duration::from_millis(step * 7 % 10 + step * 5);
            if pace.admits(now) {
                pace.sent(now, &service("/a"), &address(step as usize));
                sent.push(now);
            }
        }
        assert!(sent.len() > 400);
        assert!(sent.windows(51).all(|window| window[50] - window[0] >= SECOND));
    }

    #[test]
    fn what_was_learned_is_good_for_a_while() {
        let now = Instant::now();
        let (a, b, there) = (service("/a"), service("/b"), address(1));
        let mut pace = Pace::new(&Terms::default());
        assert_eq!(pace.known(now, &a, &there), Known::Nothing);
        pace.sent(now, &a, &there);
        assert_eq!(pace.known(now, &a, &there), Known::UnderWay);
        assert_eq!(pace.known(now, &b, &there), Known::NotYet);
        pace.ended(now, &a, &there, false);
        assert_eq!(pace.known(now, &a, &there), Known::Dead);
        assert_eq!(pace.known(now, &b, &there), Known::NotYet);
        pace.heard(&a, &there);
        assert_eq!(pace.known(now, &b, &there), Known::Alive);
        pace.ended(now, &a, &there, false);
        assert_eq!(pace.known(now, &a, &there), Known::Alive);
        let later = now + Terms::default().probe_gap;
        assert_eq!(pace.known(later, &a, &there), Known::Nothing);
    }

    #[test]
    fn old_addresses_are_forgotten() {
        let start = Instant::now();
        let mut pace = Pace::new(&Terms::default());
        for second in 0..1_000 {
            let now = start + SECOND * second;
            pace.sent(now, &service("/a"), &address(second as usize));
            pace.ended(now, &service("/a"), &address(second as usize), true);
        }
        assert!(pace.recent.len() <= 5 && pace.touched.len() <= 10);
    }
}
