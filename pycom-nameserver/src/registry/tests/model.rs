//! Random events, beside a model that keeps everything in one list and searches it.

use std::collections::{BTreeMap, HashMap};

use proptest::{collection::vec, prelude::*};

use super::{
    events::{Event, INTERFACES, event},
    *,
};

/// What should be known, as simply as it can be said: records and, where they renew, until when.
#[derive(Default)]
struct Model {
    known: BTreeMap<String, (Registration, Option<Instant>)>,
    /// Which services were not found where, and when.
    not_found: Vec<(ServiceName, Address, Instant)>,
}

/// What a registration may come to. Whether a holder is asked or refused depends on the pace of
/// probes, which has tests of its own.
#[derive(Debug, PartialEq)]
enum Expected {
    Registered,
    Renewed,
    Replaced,
    /// Refused, or to be asked, or replaced if it was not found of late.
    Contested {
        ask: bool,
        dead: bool,
    },
}

impl Model {
    fn expire(&mut self, now: Instant) {
        self.known.retain(|_, (_, until)| until.is_none_or(|until| until > now));
    }

    fn expect(&self, now: Instant, claim: &Registration) -> Expected {
        let Some((holder, _)) = self.known.get(claim.service.as_str()) else {
            return Expected::Registered;
        };
        let own = claim.instance.is_some() && claim.instance == holder.instance;
        if holder == claim {
            Expected::Renewed
        } else if holder.address == claim.address || own {
            Expected::Replaced
        } else {
            Expected::Contested {
                ask: holder.upkeep == Upkeep::Probed || claim.instance.is_some(),
                dead: self.not_found.iter().any(|(service, address, at)| {
                    *service == holder.service && *address == holder.address && now < *at + Terms::default().probe_gap
                }),
            }
        }
    }

    fn put(&mut self, now: Instant, claim: Registration) {
        let renews = claim.upkeep == Upkeep::Renews;
        let until = renews.then(|| now + Terms::default().renewal);
        self.known.insert(claim.service.to_string(), (claim, until));
    }
}

struct Run {
    registry: Registry,
    model: Model,
    now: Instant,
    asked: Vec<(Instant, Address)>,
    /// What each version of an interface was seen to stand for.
    versions: HashMap<(usize, Version), Vec<Registration>>,
}

impl Run {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            registry: Registry::new(now, Limits::default(), Terms::default()),
            model: Model::default(),
            now,
            asked: Vec::new(),
            versions: HashMap::new(),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Register { name, port, interfaces, instance, upkeep } => {
                let interfaces: Vec<String> = interfaces.iter().map(usize::to_string).collect();
                let interfaces: Vec<&str> = interfaces.iter().map(String::as_str).collect();
                let mut claim = claim(&format!("/{name}"), port, &interfaces);
                claim.instance = instance.and_then(super::instance);
                claim.upkeep = upkeep;
                let answer = self.registry.register(self.now, claim.clone());
                self.registered(claim, answer);
            }
            Event::Single { name, port, interface } => {
                let name = service(&format!("/{name}"));
                let interface = super::interface(&interface.to_string());
                let address = address(port);
                self.model.expire(self.now);
                let known = self.model.known.get(name.as_str());
                let known = known.filter(|(holder, _)| holder.address == address);
                let mut claim = Registration {
                    service: name.clone(),
                    address: address.clone(),
                    interfaces: known.map_or(Vec::new(), |(holder, _)| holder.interfaces.clone()),
                    instance: None,
                    upkeep: Upkeep::Probed,
                };
                claim.interfaces.push(interface.clone());
                let answer = self.registry.register_single(self.now, name, address, interface);
                self.registered(claim, answer);
            }
            Event::Deregister { name, port } => {
                let name = service(&format!("/{name}"));
                let owner = address(port);
                let done = self.registry.deregister(self.now, &name, Owner::Address(&owner));
                self.model.expire(self.now);
                let known = self.model.known.get(name.as_str());
                assert_eq!(done, known.is_some_and(|(holder, _)| holder.address == owner));
                if done {
                    self.model.known.remove(name.as_str());
                }
            }
            Event::Wait { milliseconds } => self.now += Duration::from_millis(milliseconds),
            Event::Probe { report } => self.probe(&report),
            Event::Expire => self.registry.expire(self.now),
        }
        self.compare();
    }

    fn registered(&mut self, mut claim: Registration, answer: Result<Outcome, RegisterError>) {
        self.model.expire(self.now);
        let mut seen = HashSet::new();
        claim.interfaces.retain(|interface| seen.insert(interface.clone()));
        let expected = self.model.expect(self.now, &claim);
        match (answer, expected) {
            (Ok(Outcome::Registered), Expected::Registered)
            | (Ok(Outcome::Renewed), Expected::Renewed)
            | (Ok(Outcome::Replaced { .. }), Expected::Replaced)
            | (Ok(Outcome::Replaced { .. }), Expected::Contested { ask: true, dead: true }) => {
                self.model.put(self.now, claim);
            }
            (Ok(Outcome::Occupied { holder, ask }), Expected::Contested { ask: true, .. }) => {
                if ask {
                    self.asked.push((self.now, holder.address.clone()));
                }
            }
            (Err(RegisterError::OtherAddress { .. }), Expected::Contested { .. }) => {}
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }

    fn probe(&mut self, report: &[Option<Result<(), ProbeFailure>>]) {
        self.registry.take_changes();
        let probes = self.registry.due_probes(self.now);
        let reports = report.iter().cycle();
        for (record, report) in probes.iter().zip(reports) {
            self.asked.push((self.now, record.address.clone()));
            assert_eq!(record.upkeep, Upkeep::Probed);
            match report {
                Some(Ok(())) => self.registry.probe_answered(self.now, record),
                Some(Err(failure)) => {
                    self.registry.probe_failed(self.now, record, *failure);
                    let (service, address) = (record.service.clone(), record.address.clone());
                    self.model.not_found.push((service, address, self.now));
                }
                None => {}
            }
        }
        self.model.expire(self.now);
        for change in self.registry.take_changes() {
            let Change::Removed { record, cause: Cause::Silent | Cause::Denied } = change else {
                continue;
            };
            // When to give up has tests of its own.
            let (removed, _) = self.model.known.remove(record.service.as_str()).unwrap();
            assert_eq!(removed.upkeep, Upkeep::Probed);
        }
    }

    fn compare(&mut self) {
        self.model.expire(self.now);
        let page = self.registry.list(self.now, &Filter::default(), None, usize::MAX);
        let records: Vec<_> = page.records.iter().map(|record| as_claim(record)).collect();
        let model: Vec<_> = self.model.known.values().map(|(claim, _)| claim.clone()).collect();
        assert_eq!(records, model);

        for number in 0..INTERFACES {
            let interface = super::interface(&number.to_string());
            let provides = |claim: &&Registration| claim.interfaces.contains(&interface);
            let found = self.registry.locate_all(self.now, &interface, None);
            let found: HashSet<_> = found.map(|record| record.service.clone()).collect();
            let of_interface: Vec<_> = model.iter().filter(provides).cloned().collect();
            let (version, count) = self.registry.version(self.now, &interface);
            assert_eq!(count, of_interface.len());
            let stands_for = self.versions.entry((number, version)).or_insert_with(|| of_interface.clone());
            assert_eq!(*stands_for, of_interface, "one version of two sets");
            let model: HashSet<_> = model.iter().filter(provides).map(|claim| claim.service.clone()).collect();
            assert_eq!(found, model);
            let one = self.registry.locate(self.now, &interface, None, |_| number);
            assert_eq!(one.is_some(), !model.is_empty());
        }
        self.registry.check();
    }

    fn check_pace(&self) {
        for (place, (at, address)) in self.asked.iter().enumerate() {
            let before = self.asked[..place].iter().rfind(|(_, other)| other == address);
            let gap = before.map(|(before, _)| *at - *before);
            assert!(gap.is_none_or(|gap| gap >= Terms::default().probe_gap), "{gap:?}");
        }
    }
}

fn as_claim(record: &Record) -> Registration {
    Registration {
        service: record.service.clone(),
        address: record.address.clone(),
        interfaces: record.interfaces.to_vec(),
        instance: record.instance,
        upkeep: record.upkeep,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_registry_knows_what_a_plain_list_would(events in vec(event(), 1..120)) {
        let mut run = Run::new();
        for event in events {
            run.take(event);
        }
        run.check_pace();
    }
}
