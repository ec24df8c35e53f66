//! Where several nameservers keep together what they know: the one seam between a front and its engine.
//!
//! The nameserver by itself needs none of this: its [`registry`](crate::registry) is its memory. A
//! [front](crate::Nameserver::over) decides from its own image of the store, and the store only confirms.
//!
//! | file | owns |
//! | --- | --- |
//! | `memory` | a store for several fronts in one process |
//! | `etcd` | the store on etcd (feature `etcd`) |
//! | `address` | what `--store` says |

mod address;
#[cfg(feature = "etcd")]
mod etcd;
mod memory;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use address::{StoreAddress, StoreAddressError};
#[cfg(feature = "etcd")]
pub use etcd::{Etcd, Settings, SettingsError};
pub use memory::Memory;

use crate::names::{Address, InterfaceName, ServiceName};
use crate::registry::{FrontId, Instance, Registration, Upkeep};

/// A point in the store's history: each write has a higher one than all before.
pub type Revision = u64;

/// What the store holds of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name, which is the key.
    pub service: ServiceName,
    /// Where it is reached.
    pub address: Address,
    /// What it offers.
    pub interfaces: Vec<InterfaceName>,
    /// Which run of it this is, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instance_text")]
    pub instance: Option<Instance>,
    /// Who keeps it there: the service, or a front that asks after it.
    #[serde(with = "upkeep_text")]
    pub upkeep: Upkeep,
    /// When this run of it was first heard of: seconds since 1970.
    #[serde(default)]
    pub since: u64,
}

impl Record {
    /// The lease that this record lives by.
    pub fn lease(&self) -> LeaseId {
        LeaseId::of(self.instance, &self.service, &self.address)
    }

    /// Whether it says of the service what a registration does.
    pub fn says(&self, claim: &Registration) -> bool {
        self.address == claim.address
            && self.instance == claim.instance
            && self.upkeep == claim.upkeep
            && self.interfaces == claim.interfaces
    }
}

impl From<Record> for Registration {
    fn from(record: Record) -> Self {
        let Record { service, address, interfaces, instance, upkeep, .. } = record;
        Registration { service, address, interfaces, instance, upkeep }
    }
}

/// The lease of one run of a process: computed, so that any front can renew it without asking whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub i64);

impl LeaseId {
    /// That of an instance; of one that names none, that of its address and name.
    pub fn of(instance: Option<Instance>, service: &ServiceName, address: &Address) -> Self {
        let hash = match instance {
            Some(instance) => hash(&[instance.to_string().as_bytes()]),
            None => hash(&[address.to_string().as_bytes(), b" ", service.as_str().as_bytes()]),
        };
        // 63 bits, and never 0, which would be none.
        LeaseId(i64::try_from(hash >> 1).unwrap_or(i64::MAX).max(1))
    }
}

/// The same number for the same bytes in every front of every version: FNV-1a, its bits mixed once more.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let fnv = parts
        .iter()
        .copied()
        .flatten()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

/// How long leases live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseTerms {
    /// Of services that renew: 60 s.
    pub renews: Duration,
    /// Of services that are asked after: 180 s.
    pub probed: Duration,
    /// Of a front: 15 s.
    pub front: Duration,
}

impl Default for LeaseTerms {
    fn default() -> Self {
        Self { renews: Duration::from_secs(60), probed: Duration::from_secs(180), front: Duration::from_secs(15) }
    }
}

impl LeaseTerms {
    /// That of a record.
    pub fn of(&self, upkeep: Upkeep) -> Duration {
        match upkeep {
            Upkeep::Renews => self.renews,
            Upkeep::Probed => self.probed,
        }
    }
}

/// What a store tells, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A snapshot of all records begins; it is that of this revision.
    Begin(Revision),
    /// A part of the snapshot.
    Part(Vec<(Record, Revision)>),
    /// The snapshot is whole. What follows is what happened after it.
    Whole,
    /// A record was written.
    Put(Record, Revision),
    /// A name is free again.
    Gone(ServiceName, Revision),
    /// Nothing else happened up to this revision.
    Heard(Revision),
    /// The fronts that live.
    Fronts(Vec<FrontId>),
    /// The engine cannot be reached: what was told may be out of date.
    Away,
    /// The engine is there again, and all that happened meanwhile has been told.
    Back,
}

/// What a write presumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// That the name is free.
    Absent,
    /// That its record was last written at this revision.
    Unchanged(Revision),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is there.
    Done(Revision),
    /// What it presumed is not so; this is what there is.
    Conflict(Option<(Record, Revision)>),
}

/// What became of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The lease lives for so long from now.
    Until(Duration),
    /// There is no such lease, and nothing that lived by it.
    Lost,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The engine did not answer. What was asked may have been done all the same.
    #[error("the store does not answer: {0}; is its engine running?")]
    Away(String),
    /// The engine answered that it will not.
    #[error("the store refuses: {0}; look at the engine's log, and at user and password")]
    Refused(String),
}

/// What a store says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// `memory`, `etcd`.
    pub kind: &'static str,
    /// The node that is used, where there are several.
    pub endpoint: Option<String>,
    /// The engine's name for its leader.
    pub leader: Option<String>,
}

/// The outcome of what a store is asked.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A replicated, durable map of services with leases. All fronts of a fleet have the same.
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// All that happens from now on: first a snapshot, then each change. Ends with the runtime.
    fn changes(&self) -> mpsc::Receiver<Change>;

    /// Writes a record, under the lease of its instance, which is granted if need be.
    fn put(&self, record: Record, expect: Expect) -> Answer<'_, Written>;

    /// Frees a name, if its record was last written at this revision.
    fn remove(&self, service: ServiceName, seen: Revision) -> Answer<'_, Written>;

    /// Gives a lease another term.
    fn renew(&self, lease: LeaseId) -> Answer<'_, Renewed>;

    /// Ends a lease, and with it all that lives by it.
    fn release(&self, lease: LeaseId) -> Answer<'_, ()>;

    /// How far the history goes now; [`Change::Heard`] tells when it has been told so far.
    fn newest(&self) -> Answer<'_, Revision>;

    /// Says that a front lives, for another [`LeaseTerms::front`], which is returned.
    fn announce(&self, front: FrontId) -> Answer<'_, Duration>;

    /// What there is to know about it.
    fn status(&self) -> Status;
}

mod upkeep_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::registry::Upkeep;

    pub(super) fn serialize<S: Serializer>(upkeep: &Upkeep, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match upkeep {
            Upkeep::Renews => "renews",
            Upkeep::Probed => "probed",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Upkeep, D::Error> {
        match &*std::borrow::Cow::<str>::deserialize(deserializer)? {
            "renews" => Ok(Upkeep::Renews),
            "probed" => Ok(Upkeep::Probed),
            _ => Err(D::Error::custom("upkeep is 'renews' or 'probed'")),
        }
    }
}

mod instance_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::registry::Instance;

    pub(super) fn serialize<S: Serializer>(instance: &Option<Instance>, serializer: S) -> Result<S::Ok, S::Error> {
        match instance {
            Some(instance) => serializer.collect_str(instance),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instance>, D::Error> {
        let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(instance: Option<Instance>) -> Record {
        Record {
            service: "/com/foo/svc".parse().unwrap(),
            address: "tcp://127.0.0.1:1".parse().unwrap(),
            interfaces: vec!["com.foo.example".parse().unwrap()],
            instance,
            upkeep: Upkeep::Renews,
            since: 5,
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_fields_of_later_versions_do_no_harm() {
        for instance in [None, Some(Instance::from([7; 16]))] {
            let text = serde_json::to_string(&record(instance)).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record(instance));
            let later = text.replacen('{', r#"{"weight": [1], "#, 1);
            assert_eq!(serde_json::from_str::<Record>(&later).unwrap(), record(instance));
        }
        assert!(serde_json::from_str::<Record>(r#"{"service": "/a"}"#).is_err());
    }

    #[test]
    fn a_lease_is_that_of_the_instance_or_else_of_the_address_and_the_name() {
        let one = record(Some(Instance::from([1; 16])));
        let same = Record { service: "/com/foo/other".parse().unwrap(), ..one.clone() };
        assert_eq!(one.lease(), same.lease());
        assert_ne!(one.lease(), record(Some(Instance::from([2; 16]))).lease());
        let auto = record(None);
        let elsewhere = Record { address: "tcp://127.0.0.1:2".parse().unwrap(), ..auto.clone() };
        assert_ne!(auto.lease(), elsewhere.lease());
        assert!(auto.lease().0 > 0);
        // Written down: fronts of different versions have to agree.
        assert_eq!(hash(&[b"com.foo", b".example"]), hash(&[b"com.foo.example"]));
        assert_eq!(hash(&[]), 0xefd0_1f60_ba99_2926);
    }
}
