//! Taking, renewing and giving up a name.

use std::{sync::Arc, time::Instant};

use super::{
    Cause, Change, Instance, Record, Registration, Registry, Upkeep,
    index::RecordId,
    pace::Known,
    rules::{Standing, judge},
};
use crate::names::{Address, InterfaceName, ServiceName};

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The name was free and is taken.
    Registered,
    /// All was known, and is good for another term.
    Renewed,
    /// The name has a new record.
    Replaced {
        /// What was known before.
        former: Arc<Record>,
    },
    /// Nothing yet: another has the name, and is to be asked if it is still there.
    ///
    /// Report the answer by [`Registry::probe_answered`] or [`Registry::probe_failed`], then
    /// register again, once: a holder that was not found gives way. Occupied again counts as
    /// [`RegisterError::OtherAddress`].
    Occupied {
        /// Who has the name.
        holder: Arc<Record>,
        /// Whether to send a probe. If not, one is under way: wait for its outcome instead.
        ask: bool,
    },
}

/// What is to become of a registration: said without doing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The name is free and is to be taken.
    Add,
    /// All is known: a renewal.
    Keep,
    /// The name is to have a new record.
    Replace,
    /// As [`Outcome::Occupied`].
    Occupied {
        /// Who has the name.
        holder: Arc<Record>,
        /// Whether to send a probe.
        ask: bool,
    },
}

/// Why a registration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another has the name. The text is that of 0.6.0, and travels with code 5.
    #[error("Service {service} already registered on a different address")]
    OtherAddress {
        /// The name.
        service: ServiceName,
    },
    /// The service has too many interfaces.
    #[error("service {service} has {count} interfaces, at most {limit} are taken")]
    TooManyInterfaces {
        /// The name of the service.
        service: ServiceName,
        /// How many it has.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
    /// There is no room for another service.
    #[error("no room for service {service} beside {limit} others: raise the limit or use another nameserver")]
    Full {
        /// The name of the service.
        service: ServiceName,
        /// How many there may be.
        limit: usize,
    },
}

/// What shows that a registration is one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The address it gave.
    Address(&'a Address),
    /// The instance it gave. Better, where there is one: a late leave-taking cannot remove the next
    /// run at the same address.
    Instance(Instance),
}

impl Registry {
    /// Registers a service with all its interfaces, or renews it.
    ///
    /// The same address, or the same instance, says something about its own name and is believed at
    /// once. Another address is refused while the name is held, or the holder is asked first:
    /// [`Outcome::Occupied`].
    pub fn register(&mut self, now: Instant, mut claim: Registration) -> Result<Outcome, RegisterError> {
        let (decision, id) = self.decide_at(now, &mut claim)?;
        Ok(match (decision, id) {
            (Decision::Add, _) | (_, None) => self.add(now, claim),
            (Decision::Replace, Some(id)) => self.replace(now, id, claim),
            (Decision::Occupied { holder, ask }, _) => Outcome::Occupied { holder, ask },
            (Decision::Keep, Some(id)) => {
                self.keep(now, id);
                self.counts.renewals += 1;
                Outcome::Renewed
            }
        })
    }

    /// What [`register`](Self::register) would do, where somebody else has to do it first. A holder that is to be asked
    /// counts as asked.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    pub fn decide(&mut self, now: Instant, claim: &mut Registration) -> Result<Decision, RegisterError> {
        self.decide_at(now, claim).map(|(decision, _)| decision)
    }

    fn decide_at(
        &mut self,
        now: Instant,
        claim: &mut Registration,
    ) -> Result<(Decision, Option<RecordId>), RegisterError> {
        self.expire(now);
        let limit = self.limits.interfaces;
        if claim.interfaces.len() > limit {
            self.counts.refused += 1;
            return Err(RegisterError::TooManyInterfaces {
                count: claim.interfaces.len(),
                service: claim.service.clone(),
                limit,
            });
        }
        drop_repeated(&mut claim.interfaces);

        let Some(id) = self.index.find(&claim.service) else {
            let limit = self.limits.services;
            if self.index.len() >= limit {
                self.counts.refused += 1;
                return Err(RegisterError::Full { service: claim.service.clone(), limit });
            }
            return Ok((Decision::Add, None));
        };
        let decision = match judge(self.index.record(id), claim) {
            Standing::Own => Decision::Replace,
            Standing::Same => Decision::Keep,
            Standing::Contested { ask } => self.contest(now, id, claim, ask)?,
        };
        Ok((decision, Some(id)))
    }

    /// Registers one more interface of a service that does not renew: the form of 0.4.1, which
    /// calls once for each of its interfaces.
    ///
    /// A message with both `interface` and `interfaces` comes from a service that renews: that is
    /// [`register`](Self::register).
    pub fn register_single(
        &mut self,
        now: Instant,
        service: ServiceName,
        address: Address,
        interface: InterfaceName,
    ) -> Result<Outcome, RegisterError> {
        let claim = self.joined(now, service, address, interface);
        self.register(now, claim)
    }

    /// The registration that [`register_single`](Self::register_single) makes of one more interface and what is known.
    pub fn joined(
        &mut self,
        now: Instant,
        service: ServiceName,
        address: Address,
        interface: InterfaceName,
    ) -> Registration {
        self.expire(now);
        let known = self.index.find(&service).map(|id| self.index.record(id));
        let mut interfaces = match known.filter(|record| record.address == address) {
            Some(record) => record.interfaces.to_vec(),
            None => Vec::new(),
        };
        if !interfaces.contains(&interface) {
            interfaces.push(interface);
        }
        Registration { service, address, interfaces, instance: None, upkeep: Upkeep::Probed }
    }

    /// Takes a service off, if it is the owner's. Says whether it was.
    pub fn deregister(&mut self, now: Instant, service: &ServiceName, owner: Owner<'_>) -> bool {
        self.expire(now);
        let Some(id) = self.index.find(service) else {
            return false;
        };
        let record = self.index.record(id);
        let own = match owner {
            Owner::Address(address) => record.address == *address,
            Owner::Instance(instance) => record.instance == Some(instance),
        };
        if own {
            self.remove(id, Cause::Deregistered);
        }
        own
    }

    fn add(&mut self, now: Instant, claim: Registration) -> Outcome {
        let id = self.index.insert(now, claim);
        self.keep(now, id);
        self.counts.registrations += 1;
        self.changes.push(Change::Added(self.index.record(id).clone()));
        Outcome::Registered
    }

    fn replace(&mut self, now: Instant, id: RecordId, claim: Registration) -> Outcome {
        let former = self.index.replace(now, id, claim);
        self.keep(now, id);
        self.counts.replaced += 1;
        self.changes.push(Change::Changed { former: former.clone(), record: self.index.record(id).clone() });
        Outcome::Replaced { former }
    }

    /// Decides between the holder of a name and another that wants it.
    fn contest(
        &mut self,
        now: Instant,
        id: RecordId,
        claim: &Registration,
        may_ask: bool,
    ) -> Result<Decision, RegisterError> {
        let holder = self.index.record(id).clone();
        let known = match may_ask {
            true => self.pace.known(now, &holder.service, &holder.address),
            false => Known::NotYet,
        };
        match known {
            Known::Dead => Ok(Decision::Replace),
            Known::Nothing => {
                self.ask(now, id);
                Ok(Decision::Occupied { holder, ask: true })
            }
            Known::UnderWay => Ok(Decision::Occupied { holder, ask: false }),
            // What cannot be asked now keeps its name; the other will try again.
            Known::Alive | Known::NotYet => {
                self.counts.refused += 1;
                Err(RegisterError::OtherAddress { service: claim.service.clone() })
            }
        }
    }

    /// Gives a record its next term, in the way of its upkeep.
    fn keep(&mut self, now: Instant, id: RecordId) {
        let record = self.index.record(id);
        self.pace.heard(&record.service, &record.address);
        if self.mirror.is_some() {
            return self.keep_mirrored(now, id);
        }
        match record.upkeep {
            Upkeep::Renews => {
                self.targets.forget(id);
                self.leases.set(id, now + self.terms.renewal);
            }
            Upkeep::Probed => {
                self.leases.clear(id);
                self.targets.watch(now, id, &record.address);
            }
        }
    }
}

/// Keeps the first of each. There are few, so that looking through them is quicker than hashing.
fn drop_repeated(interfaces: &mut Vec<InterfaceName>) {
    let mut kept = 0;
    for next in 0..interfaces.len() {
        if !interfaces[..kept].contains(&interfaces[next]) {
            interfaces.swap(kept, next);
            kept += 1;
        }
    }
    interfaces.truncate(kept);
}
