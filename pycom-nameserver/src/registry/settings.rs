//! What an operator may set: how much is held, and how long.

use std::time::Duration;

/// How much the registry holds, and how much one call may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Services in all: 200,000, the nameserver itself among them.
    pub services: usize,
    /// Interfaces of one service: 64.
    pub interfaces: usize,
    /// Records that one page of a list looks at, found or not: 4,096. A longer search is continued
    /// by the next page, so that no search keeps everyone else waiting.
    pub looked_at: usize,
    /// Calls of `watch` that wait at once: 512, half of the calls that a service runs by default.
    /// One more is refused as overloaded.
    pub watchers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { services: 200_000, interfaces: 64, looked_at: 4_096, watchers: 512 }
    }
}

/// How long things are believed, and how often they are asked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long a service that renews is known without renewing: 60 s. The originals renew every 30
    /// s.
    pub renewal: Duration,
    /// How often a service that does not renew is asked whether it is there: every 20 s.
    pub probe_every: Duration,
    /// How many probes in a row an address may leave without an answer before its services are
    /// dropped: 3.
    pub probe_failures: u32,
    /// How long an address that was asked may give no answer before its services are dropped,
    /// however few the probes: 180 s.
    pub silence: Duration,
    /// Least time between two probes of one address, and how long the outcome of one is good for: 5
    /// s.
    pub probe_gap: Duration,
    /// Most probes in any second, over all addresses: 50 (0 counts as 1). The nameserver must not
    /// be made to flood others.
    pub probes_per_second: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            renewal: Duration::from_secs(60),
            probe_every: Duration::from_secs(20),
            probe_failures: 3,
            silence: Duration::from_secs(180),
            probe_gap: Duration::from_secs(5),
            probes_per_second: 50,
        }
    }
}
