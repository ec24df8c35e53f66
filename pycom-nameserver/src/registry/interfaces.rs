//! Which records provide an interface. Each interface's name is held once, however many provide it.

use std::collections::HashMap;

use super::{
    index::RecordId,
    slab::{Id, Slab},
};
use crate::names::InterfaceName;

/// The holders of every interface that has any.
#[derive(Debug)]
pub(super) struct Interfaces {
    by_name: HashMap<InterfaceName, Id<Holders>>,
    holders: Slab<Holders>,
    /// The last version that was given to any.
    version: Version,
}

/// Which holders an interface had, and what was known of them: the same version means the same of
/// both. An interface that nobody provides has the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

#[derive(Debug)]
pub(super) struct Holders {
    name: InterfaceName,
    records: Vec<RecordId>,
    version: Version,
}

/// Where a record stands among the holders of one interface. The record keeps it, so that it can
/// leave without being looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) interface: Id<Holders>,
    pub(super) position: u32,
}

impl Interfaces {
    pub(super) fn new() -> Self {
        Self { by_name: HashMap::new(), holders: Slab::new(), version: Version::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.holders.len()
    }

    pub(super) fn name(&self, interface: Id<Holders>) -> &InterfaceName {
        &self.holders[interface].name
    }

    /// The records that provide an interface, in no order.
    pub(super) fn holders(&self, name: &InterfaceName) -> &[RecordId] {
        match self.by_name.get(name) {
            Some(&id) => &self.holders[id].records,
            None => &[],
        }
    }

    /// The version of an interface: what it was when it last changed.
    pub(super) fn version(&self, name: &InterfaceName) -> Version {
        self.by_name.get(name).map(|&id| self.holders[id].version).unwrap_or_default()
    }

    /// Notes that what is known of a holder has changed.
    pub(super) fn touch(&mut self, interface: Id<Holders>) {
        self.version.0 += 1;
        self.holders[interface].version = self.version;
    }

    /// Adds a record that is not there yet.
    pub(super) fn join(&mut self, name: &InterfaceName, record: RecordId) -> Place {
        let interface = match self.by_name.get(name) {
            Some(&id) => id,
            None => {
                let empty = Holders { name: name.clone(), records: Vec::new(), version: self.version };
                let id = self.holders.insert_with(|_| empty);
                self.by_name.insert(name.clone(), id);
                id
            }
        };
        self.touch(interface);
        let records = &mut self.holders[interface].records;
        let position = u32::try_from(records.len()).expect("fewer than 2^32 holders");
        records.push(record);
        Place { interface, position }
    }

    /// Removes the record that stands at `place`. The last holder takes its position: it is
    /// returned, to be told so.
    pub(super) fn leave(&mut self, place: Place) -> Option<RecordId> {
        self.touch(place.interface);
        let holders = &mut self.holders[place.interface];
        let position = place.position as usize;
        holders.records.swap_remove(position);
        if let Some(&moved) = holders.records.get(position) {
            return Some(moved);
        }
        if holders.records.is_empty() {
            let holders = self.holders.remove(place.interface);
            self.by_name.remove(&holders.name);
        } else if holders.records.len() < holders.records.capacity() / 4 {
            holders.records.shrink_to(holders.records.len() * 2);
        }
        None
    }

    /// How many places are taken, and every interface has at least one.
    #[cfg(test)]
    pub(super) fn total(&self) -> usize {
        assert_eq!(self.by_name.len(), self.holders.len());
        assert!(self.holders.iter().all(|(_, holders)| !holders.records.is_empty()));
        self.holders.iter().map(|(_, holders)| holders.records.len()).sum()
    }
}
