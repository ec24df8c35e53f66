//! What a service counts: per method, in the task that owns its socket, and read by whoever asks.
//!
//! | file | owns |
//! | --- | --- |
//! | `histogram` | how long calls took |
//! | `monitor` | the latest calls, one by one, while somebody looks on |
//! | `about` | what a running service knows of itself |

mod about;
mod histogram;
mod monitor;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

pub(crate) use about::{About, Gauge};
pub(crate) use histogram::Histogram;
pub(crate) use monitor::{Ended, Seen, Watch};

use crate::stat::{Latency, MethodStatistics};

/// Codes that are counted apart; further ones count as `other`.
const CODES: usize = 64;

/// Adds to a number that only the calling thread changes: no locked instruction.
fn add(number: &AtomicU64, more: u64) {
    number.store(number.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
}

/// A number that one thread changes and any thread reads.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        add(&self.0, more);
    }

    pub(crate) fn take(&self, less: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).saturating_sub(less), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Errors by code. They are rare: the lock is taken for each, and free but while somebody reads.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<BTreeMap<i64, u64>>, Count);

impl Codes {
    pub(crate) fn add(&self, code: i64) {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if codes.len() < CODES || codes.contains_key(&code) {
            *codes.entry(code).or_default() += 1;
        } else {
            self.1.add(1);
        }
    }

    /// By code as text; `other` for those that are not counted apart.
    pub(crate) fn read(&self) -> BTreeMap<String, u64> {
        let codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read: BTreeMap<String, u64> = codes.iter().map(|(code, count)| (code.to_string(), *count)).collect();
        if self.1.get() > 0 {
            read.insert("other".into(), self.1.get());
        }
        read
    }
}

/// What is counted of one method. The task that owns the socket changes it.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) calls: Count,
    pub(crate) errors: Codes,
    pub(crate) in_flight: Count,
    pub(crate) queued: Count,
    pub(crate) refused: Count,
    pub(crate) cancelled: Count,
    pub(crate) bytes_in: Count,
    pub(crate) bytes_out: Count,
    /// Made with the first call: most methods of a service are never called.
    times: OnceLock<Histogram>,
}

impl Counters {
    /// A call was answered `time` after it came.
    pub(crate) fn answered(&self, code: i64, time: Duration, bytes_out: usize) {
        self.calls.add(1);
        self.bytes_out.add(bytes_out as u64);
        self.times.get_or_init(Histogram::default).record(time);
        if code != crate::error::code::OK {
            self.errors.add(code);
        }
    }

    pub(crate) fn read(&self, interface: &str, method: &str) -> MethodStatistics {
        let times = self.times.get();
        let buckets = times.map(Histogram::read).unwrap_or_default();
        MethodStatistics {
            interface: interface.into(),
            method: method.into(),
            calls: self.calls.get(),
            errors: self.errors.read(),
            in_flight: self.in_flight.get(),
            queued: self.queued.get(),
            refused: self.refused.get(),
            cancelled: self.cancelled.get(),
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
            latency: Latency::of(&buckets, times.map_or(0, Histogram::longest)),
            time: times.map_or(0.0, |times| times.sum() as f64 / 1e9),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_read() {
        let counters = Counters::default();
        for (code, microseconds) in [(0, 100), (0, 100), (17, 900)] {
            counters.answered(code, Duration::from_micros(microseconds), 10);
        }
        let read = counters.read("com.foo.example", "create");
        assert_eq!((read.calls, read.bytes_out), (3, 30));
        assert_eq!(read.errors, BTreeMap::from([("17".to_owned(), 1)]));
        let latency = read.latency.unwrap();
        assert!((98.0..102.0).contains(&latency.p50_us), "{latency:?}");
        assert_eq!(latency.max_us, 900.0);
        assert!((read.time - 0.0011).abs() < 1e-9);
    }

    #[test]
    fn codes_without_end_are_bounded() {
        let codes = Codes::default();
        for code in 0..1000 {
            codes.add(code);
        }
        let read = codes.read();
        assert_eq!(read.len(), CODES + 1);
        assert_eq!(read["other"], 1000 - CODES as u64);
    }
}
