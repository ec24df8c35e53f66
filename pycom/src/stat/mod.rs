//! What a service tells of itself: how often its methods are called, how long they take, what they are busy with.
//!
//! Every service of ours answers the interface `org.pycom.stat` beside those it was given, unless
//! [`Server::statistics`](crate::Server::statistics) says otherwise. It is not registered with
//! nameservers: ask at the address of the service.
//!
//! ```
//! # use pycom::{interface, Result};
//! # struct Query;
//! # #[interface("com.foo.example")]
//! # impl Query {
//! #     #[method]
//! #     async fn double(&self, n: u32) -> u32 { 2 * n }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! use pycom::stat::StatClient;
//!
//! let service = pycom::Server::new().offer(Query).bind("tcp://127.0.0.1:0").await?;
//! let context = pycom::Context::builder().build();
//! let component = context.connect(service.address().to_string(), "com.foo.example")?;
//! component.invoke("double", serde_json::json!({ "n": 21 })).await?;
//!
//! let stat = StatClient::connect(&context, &service.address().to_string())?.stat(None).await?;
//! let double = stat.method("com.foo.example", "double").unwrap();
//! assert_eq!((double.calls, double.in_flight), (1, 0));
//! # service.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! | file | owns |
//! | --- | --- |
//! | `service` | the interface |
//! | `times` | percentiles of what was counted in buckets |
//! | `prometheus` | the same as text for Prometheus |
//! | `http` | that text over HTTP |

mod http;
mod prometheus;
mod service;
#[cfg(test)]
mod tests;
mod times;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use http::Metrics;
pub(crate) use prometheus::write as prometheus_text;
pub use service::StatClient;
pub(crate) use service::{LONGEST_WAIT, StatService};
pub use times::{Latency, percentile};

/// Name of the interface.
pub const INTERFACE: &str = "org.pycom.stat";

/// What a service shows of the calls that pass through it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Monitor {
    /// Nothing.
    #[default]
    Off,
    /// Which methods are called by whom, how long they take, how large requests and replies are.
    Calls,
    /// Also arguments and answers, to those who ask for them.
    Payloads,
}

/// What a service has counted since it started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct ServiceStatistics {
    /// Name of the service.
    pub service: String,
    /// Which run of it this is: 32 hex digits, new at each start.
    pub instance: String,
    /// Version of the pycom library in it.
    pub version: String,
    /// When it started: seconds since 1970, by its clock.
    pub since: f64,
    /// Seconds since it started.
    pub uptime: f64,
    /// What its clock says now: seconds since 1970.
    #[serde(default)]
    pub clock: f64,
    /// Whether it is about to end and takes no new calls.
    #[serde(default)]
    pub draining: bool,
    /// Sessions that it keeps.
    #[serde(default)]
    pub sessions: u64,
    /// What is counted of each method, those of interfaces of ours included.
    #[serde(default)]
    pub methods: Vec<MethodStatistics>,
    /// Requests that named no method of this service, or were no requests: by code.
    #[serde(default)]
    pub bad_requests: BTreeMap<String, u64>,
    /// Replies that were dropped because their callers read too slowly.
    #[serde(default)]
    pub dropped_slow: u64,
    /// Replies that were dropped because their callers are gone.
    #[serde(default)]
    pub dropped_gone: u64,
}

impl ServiceStatistics {
    /// What was counted of a method.
    pub fn method(&self, interface: &str, method: &str) -> Option<&MethodStatistics> {
        self.methods.iter().find(|counted| counted.interface == interface && counted.method == method)
    }
}

/// What a service has counted of one method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct MethodStatistics {
    /// Its interface.
    pub interface: String,
    /// Its remote name.
    pub method: String,
    /// Calls that were answered, with a result or an error.
    pub calls: u64,
    /// Errors among them, by code; `other` stands for those that are not counted apart.
    #[serde(default)]
    pub errors: BTreeMap<String, u64>,
    /// Calls that run now.
    #[serde(default)]
    pub in_flight: u64,
    /// Calls that wait to run.
    #[serde(default)]
    pub queued: u64,
    /// Calls that were turned away unrun: no room, no time left, the service was ending.
    #[serde(default)]
    pub refused: u64,
    /// Calls that were given up by their callers before they had ended.
    #[serde(default)]
    pub cancelled: u64,
    /// Bytes of requests, all frames together.
    #[serde(default)]
    pub bytes_in: u64,
    /// Bytes of replies, all frames together.
    #[serde(default)]
    pub bytes_out: u64,
    /// How long calls took, from their arrival to their reply; nothing before the first.
    #[serde(default)]
    pub latency: Option<Latency>,
    /// How long they took all together, in seconds.
    #[serde(default)]
    pub time: f64,
    /// Calls by how long they took: nanoseconds (within 1.6 %) and their number. Only where it was asked for: the
    /// difference of two answers says how long the calls between them took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<(u64, u64)>,
}

impl MethodStatistics {
    /// Errors of all codes together.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// Calls that passed through a service, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct Passed {
    /// To be given with the next call of `monitor`.
    pub cursor: u64,
    /// The calls, in the order in which they ended.
    #[serde(default)]
    pub records: Vec<CallRecord>,
    /// Calls that came too fast to be kept until now.
    #[serde(default)]
    pub missed: u64,
}

/// One call that passed through a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct CallRecord {
    /// Its interface.
    pub interface: String,
    /// Its method.
    pub method: String,
    /// When it came: seconds since 1970, by the clock of the service.
    pub start: f64,
    /// Seconds from its arrival to its reply.
    pub duration: f64,
    /// 0, or the code of its error.
    pub code: i64,
    /// Bytes of the request.
    pub bytes_in: u64,
    /// Bytes of the reply.
    pub bytes_out: u64,
    /// The connection that it came over.
    pub peer: String,
    /// Its arguments as JSON, cut off at 4,096 bytes: where payloads were asked for, and are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<String>,
    /// Its answer as JSON, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}
