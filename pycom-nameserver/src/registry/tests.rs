//! Claims about the registry as a whole.

mod events;
mod expiring;
mod listing;
mod locating;
mod model;
mod probing;
mod registering;
mod scale;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::*;
use crate::names::Address;

/// A registry and its clock.
struct Bench {
    registry: Registry,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        Self::with(Limits::default(), Terms::default())
    }

    fn with(limits: Limits, terms: Terms) -> Self {
        let start = Instant::now();
        Self { registry: Registry::new(start, limits, terms), start }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn register(&mut self, seconds: u64, claim: Registration) -> Result<Outcome, RegisterError> {
        let answer = self.registry.register(self.at(seconds), claim);
        self.registry.check();
        answer
    }

    fn single(&mut self, seconds: u64, name: &str, port: usize, interface: &str) -> Result<Outcome, RegisterError> {
        let now = self.at(seconds);
        let interface = self::interface(interface);
        let answer = self.registry.register_single(now, service(name), address(port), interface);
        self.registry.check();
        answer
    }

    fn get(&mut self, seconds: u64, name: &str) -> Option<Arc<Record>> {
        let now = self.at(seconds);
        self.registry.get(now, &service(name)).cloned()
    }

    /// The names of those who are to be probed now.
    fn probes(&mut self, seconds: u64) -> Vec<Arc<Record>> {
        let probes = self.registry.due_probes(self.at(seconds));
        self.registry.check();
        probes
    }

    fn answered(&mut self, seconds: u64, probed: &Record) {
        self.registry.probe_answered(self.at(seconds), probed);
        self.registry.check();
    }

    fn failed(&mut self, seconds: u64, probed: &Record, failure: ProbeFailure) {
        self.registry.probe_failed(self.at(seconds), probed, failure);
        self.registry.check();
    }
}

impl Registry {
    /// Panics where what is held in several places disagrees.
    fn check(&self) {
        self.index.check();
        let (renews, probed): (HashSet<_>, HashSet<_>) =
            self.index.ids().partition(|&id| self.index.record(id).upkeep == Upkeep::Renews);
        let leases: Vec<_> = self.leases.iter().collect();
        assert!(leases.is_sorted_by_key(|&(_, until)| until));
        assert_eq!(leases.len(), renews.len());
        assert!(leases.iter().all(|(id, _)| renews.contains(id)));
        self.targets.check(&probed);
    }
}

fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).unwrap()
}

fn address(port: usize) -> Address {
    // More services than one host has ports.
    let (host, port) = (1 + port / 65_536, port % 65_536);
    format!("tcp://127.0.0.{host}:{port}").parse().unwrap()
}

fn instance(number: u8) -> Option<Instance> {
    Some(Instance::from([number; 16]))
}

/// A registration in the form of 0.6.0.
fn claim(name: &str, port: usize, interfaces: &[&str]) -> Registration {
    Registration {
        service: service(name),
        address: address(port),
        interfaces: interfaces.iter().map(|name| interface(name)).collect(),
        instance: None,
        upkeep: Upkeep::Renews,
    }
}

/// The same from a service of ours.
fn claim_of(number: u8, name: &str, port: usize, interfaces: &[&str]) -> Registration {
    Registration { instance: instance(number), ..claim(name, port, interfaces) }
}

fn names(records: &[Arc<Record>]) -> Vec<&str> {
    records.iter().map(|record| record.service.as_str()).collect()
}
