// Made by `pycom generate org.pycom.stat`. Needs the crates pycom, serde and serde_json.

/// Tells how a service fares: its calls, errors, durations, and what it is busy with.
#[pycom::interface("org.pycom.stat")]
pub trait Stat {
    /// The same as text for Prometheus, format 0.0.4.
    #[method(idempotent)]
    async fn metrics(&self) -> pycom::Result<String>;

    /// The calls that have ended since `cursor`, as soon as there is one or `wait` milliseconds are over (20,000 at
    /// most). Without a cursor it answers at once with the one to begin at. Only where the service allows it, and
    /// `payloads` likewise. Calls of this interface are not shown.
    #[method(idempotent)]
    async fn monitor(
        &self,
        cursor: Option<u64>,
        wait: Option<u64>,
        payloads: Option<bool>,
    ) -> pycom::Result<Passed>;

    /// Everything that is counted, since the service started. With `buckets` also how many calls took how long, so that
    /// who asks twice knows the percentiles of the time between.
    #[method(idempotent)]
    async fn stat(&self, buckets: Option<bool>) -> pycom::Result<ServiceStatistics>;
}

/// One call that passed through a service.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CallRecord {
    /// Its answer as JSON, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Its arguments as JSON, cut off at 4,096 bytes: where payloads were asked for, and are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<String>,
    /// Bytes of the request.
    pub bytes_in: u64,
    /// Bytes of the reply.
    pub bytes_out: u64,
    /// 0, or the code of its error.
    pub code: i64,
    /// Seconds from its arrival to its reply.
    pub duration: f64,
    /// Its interface.
    pub interface: String,
    /// Its method.
    pub method: String,
    /// The connection that it came over.
    pub peer: String,
    /// When it came: seconds since 1970, by the clock of the service.
    pub start: f64,
}

/// How long calls took, in microseconds, within 1.6 %.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Latency {
    /// The longest, exactly.
    pub max_us: f64,
    /// Half of them took no longer.
    pub p50_us: f64,
    /// 999 of 1,000 took no longer.
    pub p999_us: f64,
    /// 99 of 100 took no longer.
    pub p99_us: f64,
}

/// What a service has counted of one method.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MethodStatistics {
    /// Calls by how long they took: nanoseconds (within 1.6 %) and their number. Only where it was asked for: the
    /// difference of two answers says how long the calls between them took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<(u64, u64)>>,
    /// Bytes of requests, all frames together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
    /// Bytes of replies, all frames together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    /// Calls that were answered, with a result or an error.
    pub calls: u64,
    /// Calls that were given up by their callers before they had ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<u64>,
    /// Errors among them, by code; `other` stands for those that are not counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<std::collections::BTreeMap<String, u64>>,
    /// Calls that run now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
    /// Its interface.
    pub interface: String,
    /// How long calls took, from their arrival to their reply; nothing before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Its remote name.
    pub method: String,
    /// Calls that wait to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<u64>,
    /// Calls that were turned away unrun: no room, no time left, the service was ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
    /// How long they took all together, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
}

/// Calls that passed through a service, and where to go on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Passed {
    /// To be given with the next call of `monitor`.
    pub cursor: u64,
    /// Calls that came too fast to be kept until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// The calls, in the order in which they ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<CallRecord>>,
}

/// What a service has counted since it started.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ServiceStatistics {
    /// Requests that named no method of this service, or were no requests: by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad_requests: Option<std::collections::BTreeMap<String, u64>>,
    /// What its clock says now: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<f64>,
    /// Whether it is about to end and takes no new calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<bool>,
    /// Replies that were dropped because their callers are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_gone: Option<u64>,
    /// Replies that were dropped because their callers read too slowly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_slow: Option<u64>,
    /// Which run of it this is: 32 hex digits, new at each start.
    pub instance: String,
    /// What is counted of each method, those of interfaces of ours included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<MethodStatistics>>,
    /// Name of the service.
    pub service: String,
    /// Sessions that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// When it started: seconds since 1970, by its clock.
    pub since: f64,
    /// Seconds since it started.
    pub uptime: f64,
    /// Version of the pycom library in it.
    pub version: String,
}
