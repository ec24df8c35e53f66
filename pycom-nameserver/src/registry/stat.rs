//! What is counted.

use std::time::Duration;

/// What a registry holds and what it has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// How long it has been running.
    pub uptime: Duration,
    /// Services known now.
    pub services: usize,
    /// Interfaces that at least one of them provides.
    pub interfaces: usize,
    /// Names taken that were free.
    pub registrations: u64,
    /// Registrations that said nothing new.
    pub renewals: u64,
    /// Names given a new record: restarted, moved, taken over, other interfaces.
    pub replaced: u64,
    /// Registrations refused.
    pub refused: u64,
    /// Services that took their leave.
    pub deregistered: u64,
    /// Services dropped because they did not renew.
    pub expired: u64,
    /// Services dropped because their address did not answer, or not for them.
    pub given_up: u64,
    /// Look-ups that found something.
    pub located: u64,
    /// Look-ups that found nothing.
    pub missed: u64,
    /// Probes asked for.
    pub probes: u64,
    /// Probes that found their service.
    pub probes_answered: u64,
    /// Probes that did not.
    pub probes_failed: u64,
}
