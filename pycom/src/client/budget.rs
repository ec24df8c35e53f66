//! How many calls may be sent again: so few that an overload is not multiplied by those who meet it.

use std::sync::atomic::{AtomicI32, Ordering};

/// In tenths: one call that is sent again costs this much.
const COST: i32 = 10;

/// What a call that went well gives back: one in five may be sent again for long.
const GAIN: i32 = 2;

/// What may be saved.
const MOST: i32 = 10 * COST;

/// Calls that may be sent again.
#[derive(Debug)]
pub(crate) struct Budget(AtomicI32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicI32::new(MOST))
    }
}

impl Budget {
    /// A call went well. Where everything does, nothing is written.
    pub(crate) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < MOST {
            self.update(|saved| Some((saved + GAIN).min(MOST)));
        }
    }

    /// Whether a call may be sent again.
    pub(crate) fn spend(&self) -> bool {
        self.update(|saved| (saved >= COST).then(|| saved - COST))
    }

    fn update(&self, change: impl FnMut(i32) -> Option<i32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_five_may_be_sent_again_once_what_was_saved_is_spent() {
        let budget = Budget::default();
        let spent = (0..100).filter(|_| budget.spend()).count();
        assert_eq!(spent, 10);
        let again = (0..100).filter(|_| {
            budget.earn();
            budget.spend()
        });
        assert_eq!(again.count(), 20);
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 10);
    }
}
