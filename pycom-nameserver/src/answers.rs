//! What the nameserver's methods give.

use std::time::Instant;

use pycom::stat::ServiceStatistics;
use serde::{Deserialize, Serialize};

use crate::front::StoreStatistics;
use crate::names::{Address, InterfaceName, ServiceName};
use crate::registry::{Record, Stat};

/// One service, as `locate` and `list_services` give it: with the keys of both originals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Listed {
    /// Its name.
    pub service: ServiceName,
    /// Where it is reached.
    pub address: Address,
    /// What it offers.
    #[serde(default)]
    pub interfaces: Vec<InterfaceName>,
    /// The last of what it offers: 0.4.1's clients know only one.
    #[serde(default)]
    pub interface: Option<InterfaceName>,
    /// Seconds since this run of it was first heard of.
    #[serde(default)]
    pub age: f64,
}

impl Listed {
    /// What is said of a service at this time.
    pub(crate) fn new(record: &Record, now: Instant) -> Self {
        Self {
            service: record.service.clone(),
            address: record.address.clone(),
            interfaces: record.interfaces.to_vec(),
            interface: record.interfaces.last().cloned(),
            age: now.saturating_duration_since(record.since).as_secs_f64(),
        }
    }
}

/// Where one service is, as `locate` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Located {
    /// Where it is reached.
    pub address: Address,
    /// Its name.
    pub service: ServiceName,
    /// What it offers.
    pub interfaces: Vec<InterfaceName>,
}

impl From<&Record> for Located {
    fn from(record: &Record) -> Self {
        Self {
            address: record.address.clone(),
            service: record.service.clone(),
            interfaces: record.interfaces.to_vec(),
        }
    }
}

/// What `locate` gives: one service, or all where a list was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Found {
    /// All of them.
    Many(Vec<Located>),
    /// One, chosen at random.
    One(Located),
}

/// One of those that provide a watched interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Provider {
    /// Where it is reached.
    pub address: Address,
    /// Its name.
    pub service: ServiceName,
    /// What it offers.
    pub interfaces: Vec<InterfaceName>,
    /// Which run of the service it is: 32 hexadecimal digits. The originals do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

impl From<&Record> for Provider {
    fn from(record: &Record) -> Self {
        Self {
            address: record.address.clone(),
            service: record.service.clone(),
            interfaces: record.interfaces.to_vec(),
            instance: record.instance.map(|instance| instance.to_string()),
        }
    }
}

/// What `watch` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Watched {
    /// What the list stands for; given to the next call, that one waits until there is another.
    /// Means something to this run of this nameserver only.
    pub cursor: String,
    /// Everyone who provides the interface, in no order.
    pub services: Vec<Provider>,
}

/// Nothing: an empty object, as the originals answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Empty {}

/// What the nameserver holds and has done since it started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct Statistics {
    /// Version of the nameserver.
    pub version: String,
    /// Seconds since it started.
    pub uptime: f64,
    /// Services known now.
    pub services: usize,
    /// Interfaces that at least one of them offers.
    pub interfaces: usize,
    /// Names taken that were free.
    pub registrations: u64,
    /// Registrations that said nothing new.
    pub renewals: u64,
    /// Names given a new record: restarted, moved, other interfaces.
    pub replaced: u64,
    /// Registrations refused.
    pub refused: u64,
    /// Services that took their leave.
    pub deregistered: u64,
    /// Services dropped because they did not renew.
    pub expired: u64,
    /// Services dropped because they did not answer.
    pub given_up: u64,
    /// Look-ups that found something.
    pub located: u64,
    /// Look-ups that found nothing.
    pub missed: u64,
    /// Probes sent.
    pub probes: u64,
    /// Calls of `watch` that wait now.
    #[serde(default)]
    pub watchers: usize,
    /// What it has counted of its calls, like every service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<ServiceStatistics>,
    /// The store that this nameserver stands on, where there is one.
    #[serde(default)]
    pub store: Option<StoreStatistics>,
}

impl From<Stat> for Statistics {
    fn from(stat: Stat) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime: stat.uptime.as_secs_f64(),
            services: stat.services,
            interfaces: stat.interfaces,
            registrations: stat.registrations,
            renewals: stat.renewals,
            replaced: stat.replaced,
            refused: stat.refused,
            deregistered: stat.deregistered,
            expired: stat.expired,
            given_up: stat.given_up,
            located: stat.located,
            missed: stat.missed,
            probes: stat.probes,
            watchers: 0,
            calls: None,
            store: None,
        }
    }
}
