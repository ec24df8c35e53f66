//! The store on etcd.
//!
//! | key | value | lease |
//! | --- | --- | --- |
//! | `PREFIX/service/NAME, escaped` | the record | that of the instance |
//! | `PREFIX/front/ID` | version | that of the front |
//!
//! | file | owns |
//! | --- | --- |
//! | `settings` | nodes, prefix, TLS, user |
//! | `link` | the connection to one node at a time, the leader where it can be had, and the renewals on it |
//! | `follow` | the snapshot and the watch |
//! | `keys` | names as keys |

mod follow;
mod keys;
mod link;
mod settings;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use etcd_client::{Compare, CompareOp, GetOptions, LeaseGrantOptions, PutOptions, Txn, TxnOp, TxnOpResponse};
use tokio::sync::{Notify, mpsc};

pub use self::settings::{Settings, SettingsError};
use self::{
    keys::Keys,
    link::{Fault, Links},
};
use super::{
    Answer, Change, Expect, LeaseId, LeaseTerms, Record, Renewed, Revision, Status, Store, StoreError, Written,
};
use crate::names::ServiceName;
use crate::registry::FrontId;

/// Leases remembered as granted a while ago; over it the memory starts anew.
const GRANTED: usize = 10_000;

/// Changes that wait to be taken in. Many more wait in etcd.
const CHANGES: usize = 256;

/// A store on etcd, given several of its nodes. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Etcd(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Keys,
    terms: LeaseTerms,
    links: Links,
    /// Leases that were there a while ago: their records can be written without granting them first.
    granted: Mutex<HashSet<LeaseId>>,
    /// Rung when somebody wants to hear how far the history goes.
    progress: Notify,
}

impl Etcd {
    /// A store with these settings. Connects when it is first used.
    ///
    /// # Errors
    ///
    /// Where a certificate, key or node is none.
    pub fn new(settings: Settings, terms: LeaseTerms) -> Result<Self, SettingsError> {
        let keys = Keys::new(&settings.prefix);
        let links = Links::new(settings.nodes(), settings.options()?);
        Ok(Self(Arc::new(Inner { keys, terms, links, granted: Mutex::default(), progress: Notify::new() })))
    }
}

impl Inner {
    async fn grant(&self, lease: LeaseId, term: std::time::Duration) -> Result<(), Fault> {
        let seconds = i64::try_from(term.as_secs()).unwrap_or(i64::MAX).max(1);
        let options = LeaseGrantOptions::new().with_id(lease.0);
        let granted = self
            .links
            .call(|mut client| async move { client.lease_grant(seconds, Some(options)).await.map(|_| ()) })
            .await;
        match granted {
            Err(Fault::LeaseExists) | Ok(()) => {}
            Err(fault) => return Err(fault),
        }
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if granted.len() >= GRANTED {
            granted.clear();
        }
        granted.insert(lease);
        Ok(())
    }

    fn is_granted(&self, lease: LeaseId) -> bool {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner).contains(&lease)
    }

    async fn put(&self, record: Record, expect: Expect) -> Result<Written, StoreError> {
        let (lease, term) = (record.lease(), self.terms.of(record.upkeep));
        let key = self.keys.service(&record.service);
        let value = serde_json::to_vec(&record).map_err(|error| StoreError::Refused(error.to_string()))?;
        let put = TxnOp::put(key.clone(), value, Some(PutOptions::new().with_lease(lease.0)));
        let compare = match expect {
            Expect::Absent => Compare::create_revision(key.clone(), CompareOp::Equal, 0),
            Expect::Unchanged(seen) => Compare::mod_revision(key.clone(), CompareOp::Equal, signed(seen)),
        };
        let txn = Txn::new().when([compare]).and_then([put]).or_else([TxnOp::get(key, None)]);
        if !self.is_granted(lease) {
            self.grant(lease, term).await?;
        }
        match self.write(txn.clone()).await {
            Err(Fault::NoLease) => {
                self.grant(lease, term).await?;
                Ok(self.write(txn).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn remove(&self, service: ServiceName, seen: Revision) -> Result<Written, StoreError> {
        let key = self.keys.service(&service);
        let compare = Compare::mod_revision(key.clone(), CompareOp::Equal, signed(seen));
        let txn = Txn::new().when([compare]).and_then([TxnOp::delete(key.clone(), None)]);
        Ok(self.write(txn.or_else([TxnOp::get(key, None)])).await?)
    }

    /// Runs a transaction that either writes, or reads the one key it is about.
    async fn write(&self, txn: Txn) -> Result<Written, Fault> {
        let answer = self.links.call(|mut client| async move { client.txn(txn).await }).await?;
        if answer.succeeded() {
            return Ok(Written::Done(answer.header().map_or(0, |header| unsigned(header.revision()))));
        }
        let held = answer.op_responses().into_iter().find_map(|response| match response {
            TxnOpResponse::Get(get) => get.kvs().first().map(|kv| (kv.value().to_vec(), unsigned(kv.mod_revision()))),
            _ => None,
        });
        let Some((value, revision)) = held else { return Ok(Written::Conflict(None)) };
        match serde_json::from_slice(&value) {
            Ok(record) => Ok(Written::Conflict(Some((record, revision)))),
            Err(error) => Err(Fault::Refused(format!("its record cannot be read: {error}"))),
        }
    }

    async fn renew(&self, lease: LeaseId) -> Result<Renewed, StoreError> {
        let renewed = self.links.renew(lease).await?;
        if renewed == Renewed::Lost {
            self.granted.lock().unwrap_or_else(PoisonError::into_inner).remove(&lease);
        }
        Ok(renewed)
    }

    async fn release(&self, lease: LeaseId) -> Result<(), StoreError> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner).remove(&lease);
        match self.links.call(|mut client| async move { client.lease_revoke(lease.0).await }).await {
            Ok(_) | Err(Fault::NoLease) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn newest(&self) -> Result<Revision, StoreError> {
        let key = self.keys.services();
        let options = GetOptions::new().with_count_only();
        let answer = self.links.call(|mut client| async move { client.get(key, Some(options)).await }).await?;
        self.progress.notify_one();
        Ok(answer.header().map_or(0, |header| unsigned(header.revision())))
    }

    async fn announce(&self, front: FrontId) -> Result<std::time::Duration, StoreError> {
        let lease = LeaseId(signed(front >> 1).max(1));
        if self.renew(lease).await? == Renewed::Lost {
            self.grant(lease, self.terms.front).await?;
            let key = self.keys.front(front);
            let value = serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }).to_string();
            let options = PutOptions::new().with_lease(lease.0);
            self.links.call(|mut client| async move { client.put(key, value, Some(options)).await }).await?;
        }
        Ok(self.terms.front)
    }
}

impl Store for Etcd {
    fn changes(&self) -> mpsc::Receiver<Change> {
        let (sender, changes) = mpsc::channel(CHANGES);
        tokio::spawn(follow::follow(Arc::downgrade(&self.0), sender));
        changes
    }

    fn put(&self, record: Record, expect: Expect) -> Answer<'_, Written> {
        Box::pin(self.0.put(record, expect))
    }

    fn remove(&self, service: ServiceName, seen: Revision) -> Answer<'_, Written> {
        Box::pin(self.0.remove(service, seen))
    }

    fn renew(&self, lease: LeaseId) -> Answer<'_, Renewed> {
        Box::pin(self.0.renew(lease))
    }

    fn release(&self, lease: LeaseId) -> Answer<'_, ()> {
        Box::pin(self.0.release(lease))
    }

    fn newest(&self) -> Answer<'_, Revision> {
        Box::pin(self.0.newest())
    }

    fn announce(&self, front: FrontId) -> Answer<'_, std::time::Duration> {
        Box::pin(self.0.announce(front))
    }

    fn status(&self) -> Status {
        let (endpoint, leader) = self.0.links.status();
        Status { kind: "etcd", endpoint, leader }
    }
}

/// etcd counts with a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
