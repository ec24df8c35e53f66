//! What a client knows of one instance's health, as plain data: no clock, no chance.

use std::time::{Duration, Instant};

/// How long an instance is set aside at first.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest that it is.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Calls in a row without an answer in time before an instance counts as failing: one that is slow
/// once is not.
const LATE_IN_A_ROW: u32 = 3;

/// What went wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody answers there, or the connection was lost.
    Gone,
    /// It had no room for the call.
    Full,
    /// No answer came in time.
    Late,
}

/// Whether calls go to an instance.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Since when it was last set aside, how often it was tried in vain.
    failures: u32,
    late: u32,
    aside: Option<Aside>,
}

#[derive(Debug)]
struct Aside {
    until: Instant,
    reason: String,
}

impl Health {
    /// A call went wrong; says for how long the instance is newly set aside. `chance` is from 0 to 1.
    pub(crate) fn failed(&mut self, trouble: Trouble, reason: &str, now: Instant, chance: f64) -> Option<Duration> {
        if trouble == Trouble::Late {
            self.late += 1;
            if self.late < LATE_IN_A_ROW {
                return None;
            }
        }
        match &mut self.aside {
            // Calls that were under way fail together: that is one failure.
            Some(aside) => {
                aside.reason = reason.to_owned();
                None
            }
            None => Some(self.set_aside(reason.to_owned(), now, chance)),
        }
    }

    fn set_aside(&mut self, reason: String, now: Instant, chance: f64) -> Duration {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(16));
        // Between half and the whole, so that not all clients come back at once.
        let wait = doubled.min(LONGEST_WAIT).mul_f64(0.5 + chance / 2.0);
        self.failures = self.failures.saturating_add(1);
        self.aside = Some(Aside { until: now + wait, reason });
        wait
    }

    /// It has answered; says whether it had been set aside.
    pub(crate) fn answered(&mut self) -> bool {
        self.failures = 0;
        self.late = 0;
        self.aside.take().is_some()
    }

    /// Whether there is nothing to say of it.
    pub(crate) fn is_good(&self) -> bool {
        self.aside.is_none() && self.late == 0
    }

    /// Whether a call may go there: it is not set aside, or has been for long enough.
    pub(crate) fn may_try(&self, now: Instant) -> bool {
        self.aside.as_ref().is_none_or(|aside| aside.until <= now)
    }

    /// A call is about to go there. Where it had been set aside, this is the one call that tries
    /// whether it is back: others wait as if it had failed already.
    pub(crate) fn try_now(&mut self, now: Instant, chance: f64) {
        if let Some(aside) = self.aside.take_if(|aside| aside.until <= now) {
            self.set_aside(aside.reason, now, chance);
        }
    }

    /// Until when it is set aside, if it is.
    pub(crate) fn aside_until(&self) -> Option<Instant> {
        self.aside.as_ref().map(|aside| aside.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_that_is_gone_is_set_aside_longer_each_time_up_to_a_bound() {
        let (mut health, mut now) = (Health::default(), Instant::now());
        assert_eq!(health.failed(Trouble::Gone, "refused", now, 1.0), Some(FIRST_WAIT));
        // What was under way fails with it, and says nothing new.
        assert_eq!(health.failed(Trouble::Gone, "refused", now, 1.0), None);
        let mut waits = Vec::new();
        for _ in 0..12 {
            let until = health.aside_until().unwrap();
            assert!(!health.may_try(now) && health.may_try(until));
            now = until;
            health.try_now(now, 1.0);
            assert!(!health.may_try(now), "only one call tries");
            waits.push(health.aside_until().unwrap() - now);
        }
        assert_eq!(waits[..3], [FIRST_WAIT * 2, FIRST_WAIT * 4, FIRST_WAIT * 8]);
        assert_eq!(waits[11], LONGEST_WAIT);
        assert!(health.answered() && health.is_good());
        assert_eq!(health.failed(Trouble::Gone, "refused", now, 0.0), Some(FIRST_WAIT / 2));
    }

    #[test]
    fn one_slow_answer_says_nothing_and_several_in_a_row_do() {
        let (mut health, now) = (Health::default(), Instant::now());
        for _ in 0..LATE_IN_A_ROW - 1 {
            assert_eq!(health.failed(Trouble::Late, "slow", now, 1.0), None);
        }
        assert!(!health.answered());
        for _ in 0..LATE_IN_A_ROW - 1 {
            assert_eq!(health.failed(Trouble::Late, "slow", now, 1.0), None);
        }
        assert!(health.may_try(now) && !health.is_good());
        assert!(health.failed(Trouble::Late, "slow", now, 1.0).is_some());
        assert!(!health.may_try(now));
    }
}
