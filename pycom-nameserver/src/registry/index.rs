//! The records, found by name, by interface and in the order of their names.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
    time::Instant,
};

use super::{
    Record, Registration,
    interfaces::{Interfaces, Place, Version},
    slab::{Id, Slab},
};
use crate::names::{InterfaceName, ServiceName};

/// Every record and the ways to find it. It knows nothing of time or rules.
#[derive(Debug)]
pub(super) struct Index {
    entries: Slab<Entry>,
    /// Beside the ordered map, because what is looked up on each call must not grow slower with the
    /// number of services.
    by_name: HashMap<ServiceName, RecordId>,
    in_order: BTreeMap<ServiceName, RecordId>,
    interfaces: Interfaces,
}

pub(super) type RecordId = Id<Entry>;

#[derive(Debug)]
pub(super) struct Entry {
    record: Arc<Record>,
    /// When the store last wrote it, where there is one; 0 where it has not been seen there.
    revision: u64,
    /// One for each of the record's interfaces, in the same order.
    places: Box<[Place]>,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { entries: Slab::new(), by_name: HashMap::new(), in_order: BTreeMap::new(), interfaces: Interfaces::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn interfaces(&self) -> usize {
        self.interfaces.len()
    }

    pub(super) fn find(&self, service: &ServiceName) -> Option<RecordId> {
        self.by_name.get(service).copied()
    }

    pub(super) fn record(&self, id: RecordId) -> &Arc<Record> {
        &self.entries[id].record
    }

    pub(super) fn revision(&self, id: RecordId) -> u64 {
        self.entries[id].revision
    }

    pub(super) fn set_revision(&mut self, id: RecordId, revision: u64) {
        self.entries[id].revision = revision;
    }

    pub(super) fn holders(&self, interface: &InterfaceName) -> &[RecordId] {
        self.interfaces.holders(interface)
    }

    pub(super) fn version(&self, interface: &InterfaceName) -> Version {
        self.interfaces.version(interface)
    }

    /// The records whose names come after this one, in the order of names.
    pub(super) fn after(&self, name: Option<&ServiceName>) -> impl Iterator<Item = &Arc<Record>> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.in_order.range::<ServiceName, _>((from, Bound::Unbounded)).map(|(_, &id)| self.record(id))
    }

    /// Adds a service whose name is free.
    pub(super) fn insert(&mut self, now: Instant, registration: Registration) -> RecordId {
        let name = registration.service.clone();
        let interfaces = &mut self.interfaces;
        let id = self.entries.insert_with(|id| {
            let places = join(interfaces, &registration.interfaces, id);
            Entry { record: record(now, interfaces, &places, registration), revision: 0, places }
        });
        self.by_name.insert(name.clone(), id);
        self.in_order.insert(name, id);
        id
    }

    /// Puts a new record in the place of the one of the same name, which is returned.
    pub(super) fn replace(&mut self, now: Instant, id: RecordId, registration: Registration) -> Arc<Record> {
        if *self.entries[id].record.interfaces != *registration.interfaces {
            let places = std::mem::take(&mut self.entries[id].places);
            self.leave(&places);
            self.entries[id].places = join(&mut self.interfaces, &registration.interfaces, id);
        } else {
            self.entries[id].places.iter().for_each(|place| self.interfaces.touch(place.interface));
        }
        let entry = &mut self.entries[id];
        // The maps go on holding the old record's copy of the name; the new record shares it.
        let registration = Registration { service: entry.record.service.clone(), ..registration };
        let former = &entry.record;
        let same_run = former.address == registration.address && former.instance == registration.instance;
        let since = if same_run { former.since } else { now };
        let record = record(since, &self.interfaces, &entry.places, registration);
        std::mem::replace(&mut entry.record, record)
    }

    pub(super) fn remove(&mut self, id: RecordId) -> Arc<Record> {
        let Entry { record, places, .. } = self.entries.remove(id);
        self.leave(&places);
        self.by_name.remove(&record.service);
        self.in_order.remove(&record.service);
        record
    }

    fn leave(&mut self, places: &[Place]) {
        for &place in places {
            if let Some(moved) = self.interfaces.leave(place) {
                let mut theirs = self.entries[moved].places.iter_mut();
                if let Some(theirs) = theirs.find(|theirs| theirs.interface == place.interface) {
                    *theirs = place;
                }
            }
        }
    }

    /// Panics where the ways to find a record disagree.
    #[cfg(test)]
    pub(super) fn check(&self) {
        assert_eq!(self.by_name.len(), self.entries.len());
        assert_eq!(self.in_order.len(), self.entries.len());
        let mut held = 0;
        for (id, Entry { record, places, .. }) in self.entries.iter() {
            assert_eq!(self.by_name.get(&record.service), Some(&id));
            assert_eq!(self.in_order.get(&record.service), Some(&id));
            assert_eq!(record.interfaces.len(), places.len());
            for (name, place) in record.interfaces.iter().zip(places) {
                assert_eq!(self.holders(name)[place.position as usize], id);
                assert_eq!(self.interfaces.name(place.interface), name);
            }
            // As many as there are places, so no place is anyone else's.
            held += places.len();
        }
        assert_eq!(self.interfaces.total(), held);
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.entries.iter().map(|(id, _)| id)
    }
}

fn join(interfaces: &mut Interfaces, names: &[InterfaceName], id: RecordId) -> Box<[Place]> {
    names.iter().map(|name| interfaces.join(name, id)).collect()
}

/// Takes the interfaces' names from the table, so that all records share one copy of each.
fn record(since: Instant, interfaces: &Interfaces, places: &[Place], registration: Registration) -> Arc<Record> {
    let names = places.iter().map(|place| interfaces.name(place.interface));
    Arc::new(Record {
        service: registration.service,
        address: registration.address,
        interfaces: names.cloned().collect(),
        instance: registration.instance,
        upkeep: registration.upkeep,
        since,
    })
}
