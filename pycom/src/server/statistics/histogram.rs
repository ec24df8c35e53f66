//! How long calls took: buckets of the same relative width, written by one thread and read by any.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Nanoseconds of one unit, as a power of two: shorter times are not told apart.
const UNIT: u32 = 6;

/// Buckets of each power of two, as a power of two.
const STEPS: u32 = 5;

/// Powers of two that are told apart; with these the longest time is over half an hour.
const OCTAVES: u32 = 31;

const BUCKETS: usize = ((OCTAVES + 1) << STEPS) as usize;

/// Times, counted. The middle of a bucket is within 1.6 % of every time in it, or within 32 ns.
///
/// One thread records, without locked instructions; others read what they see.
pub(crate) struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
    longest: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts a time. To be called by one thread at a time.
    pub(crate) fn record(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        super::add(&self.buckets[bucket(nanoseconds)], 1);
        super::add(&self.sum, nanoseconds);
        if nanoseconds > self.longest.load(Ordering::Relaxed) {
            self.longest.store(nanoseconds, Ordering::Relaxed);
        }
    }

    /// The buckets in which there is something: the middle in nanoseconds, and how many.
    pub(crate) fn read(&self) -> Vec<(u64, u64)> {
        let counts = self.buckets.iter().enumerate().map(|(place, count)| (place, count.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).map(|(place, count)| (middle(place), count)).collect()
    }

    /// All times together, in nanoseconds.
    pub(crate) fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// The longest, in nanoseconds.
    pub(crate) fn longest(&self) -> u64 {
        self.longest.load(Ordering::Relaxed)
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let units = nanoseconds >> UNIT;
    let place = match units >> STEPS {
        0 => units,
        _ => {
            let octave = u64::from(units.ilog2() - STEPS);
            ((octave + 1) << STEPS) + ((units >> octave) & ((1 << STEPS) - 1))
        }
    };
    usize::try_from(place).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

fn middle(place: usize) -> u64 {
    let place = place as u64;
    let (octave, step) = (place >> STEPS, place & ((1 << STEPS) - 1));
    let (low, width) = match octave {
        0 => (step, 1),
        _ => (((1 << STEPS) + step) << (octave - 1), 1 << (octave - 1)),
    };
    (low << UNIT) + (width << UNIT) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_middle_of_its_bucket_is_near_every_time(nanoseconds in 0_u64..(1 << (UNIT + STEPS + OCTAVES))) {
            let near = middle(bucket(nanoseconds));
            let off = near.abs_diff(nanoseconds);
            prop_assert!(off <= 32 || off as f64 <= nanoseconds as f64 * 0.016, "{nanoseconds} is taken for {near}");
        }

        #[test]
        fn longer_times_have_later_buckets(a: u64, b: u64) {
            prop_assert!(bucket(a.min(b)) <= bucket(a.max(b)));
        }
    }

    #[test]
    fn every_bucket_holds_its_own_middle() {
        for place in 0..BUCKETS {
            assert_eq!(bucket(middle(place)), place);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn what_is_recorded_is_read() {
        let histogram = Histogram::default();
        for microseconds in [10, 10, 2000] {
            histogram.record(Duration::from_micros(microseconds));
        }
        let read = histogram.read();
        assert_eq!(read.iter().map(|(_, count)| count).collect::<Vec<_>>(), [&2, &1]);
        assert_eq!((histogram.sum(), histogram.longest()), (2_020_000, 2_000_000));
    }
}
