//! Percentiles of times that were counted in buckets.

use serde::{Deserialize, Serialize};

/// How long calls took, in microseconds, within 1.6 %.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_us: f64,
    /// 99 of 100 took no longer.
    pub p99_us: f64,
    /// 999 of 1,000 took no longer.
    pub p999_us: f64,
    /// The longest, exactly.
    pub max_us: f64,
}

impl Latency {
    /// Of these buckets; nothing where they are empty.
    pub(crate) fn of(buckets: &[(u64, u64)], longest: u64) -> Option<Self> {
        let at = |share| percentile(buckets, share).map(|nanoseconds| nanoseconds.min(longest) as f64 / 1e3);
        Some(Self { p50_us: at(0.5)?, p99_us: at(0.99)?, p999_us: at(0.999)?, max_us: longest as f64 / 1e3 })
    }
}

/// The time, in nanoseconds, that this share of the calls (0 to 1) did not exceed; nothing where there are no calls.
/// `buckets` are those of [`MethodStatistics`](super::MethodStatistics), in order.
///
/// ```
/// use pycom::stat::percentile;
/// assert_eq!(percentile(&[(1_000, 98), (50_000, 2)], 0.5), Some(1_000));
/// assert_eq!(percentile(&[(1_000, 98), (50_000, 2)], 0.99), Some(50_000));
/// assert_eq!(percentile(&[], 0.99), None);
/// ```
pub fn percentile(buckets: &[(u64, u64)], share: f64) -> Option<u64> {
    let total: u64 = buckets.iter().map(|(_, count)| count).sum();
    // At least the first call.
    let wanted = (share.clamp(0.0, 1.0) * total as f64).ceil().max(1.0) as u64;
    let mut seen = 0;
    buckets.iter().find_map(|(time, count)| {
        seen += count;
        (seen >= wanted).then_some(*time)
    })
}
