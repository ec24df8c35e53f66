//! Asking after services that do not renew, and after holders whose name another wants.

use std::{sync::Arc, time::Instant};

use super::{Cause, Record, Registry, Upkeep, index::RecordId, targets::Due};

/// How a probe failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeFailure {
    /// Nothing came back in time.
    Silent,
    /// Something came back, but not from this service: its address is another's now.
    Denied,
}

impl Registry {
    /// The services to be asked now whether they are still there.
    ///
    /// Each is to be sent one probe, whose outcome is to be reported. There are never more than the
    /// terms allow, over all addresses and for each.
    pub fn due_probes(&mut self, now: Instant) -> Vec<Arc<Record>> {
        self.expire(now);
        let mut probes = Vec::new();
        while let Some(due) = self.targets.due(now) {
            match due {
                Due::GivenUp(silent) => self.give_up(&silent, Cause::Silent),
                Due::Ask(_) if !self.pace.admits(now) => break,
                Due::Ask(id) => {
                    let record = self.index.record(id).clone();
                    match self.pace.address_free_at(now, &record.address) {
                        Some(free) => self.targets.postpone(id, free),
                        None => {
                            self.ask(now, id);
                            probes.push(record);
                        }
                    }
                }
            }
        }
        probes
    }

    /// Reports that a probe found its service.
    pub fn probe_answered(&mut self, now: Instant, probed: &Record) {
        self.counts.probes_answered += 1;
        self.pace.ended(now, &probed.service, &probed.address, true);
        if let Some(id) = self.still(probed) {
            self.targets.answered(now, id);
            self.probe_renews(id);
        }
    }

    /// Reports that a probe did not find its service.
    ///
    /// For a while after that, whoever registers the same name takes it over. A service that does
    /// not renew is dropped after several failures in a row; one that renews is left to its term.
    pub fn probe_failed(&mut self, now: Instant, probed: &Record, failure: ProbeFailure) {
        self.counts.probes_failed += 1;
        self.pace.ended(now, &probed.service, &probed.address, false);
        let Some(id) = self.still(probed) else {
            return;
        };
        match failure {
            ProbeFailure::Silent => {
                let silent = self.targets.silent(id);
                self.give_up(&silent, Cause::Silent);
            }
            ProbeFailure::Denied if self.targets.denied(now, id) => {
                self.give_up(&[id], Cause::Denied);
            }
            ProbeFailure::Denied => {}
        }
    }

    /// Notes that a probe is sent for this record.
    pub(super) fn ask(&mut self, now: Instant, id: RecordId) {
        let record = self.index.record(id);
        self.pace.sent(now, &record.service, &record.address);
        self.targets.asked(now, id);
        self.counts.probes += 1;
    }

    /// The record that was probed, unless its name has gone elsewhere since.
    fn still(&self, probed: &Record) -> Option<RecordId> {
        let id = self.index.find(&probed.service)?;
        Some(id).filter(|&id| self.index.record(id).address == probed.address)
    }

    fn give_up(&mut self, ids: &[RecordId], cause: Cause) {
        for &id in ids {
            debug_assert_eq!(self.index.record(id).upkeep, Upkeep::Probed);
            if self.mirror.is_some() {
                self.give_up_mirrored(id);
            } else {
                self.remove(id, cause);
            }
        }
    }
}
