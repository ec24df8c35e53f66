// Made by `pycom generate org.pycom.nameserver`. Needs the crates pycom, serde and serde_json.

/// Knows which services there are, and where.
#[pycom::interface("org.pycom.nameserver")]
pub trait Nameserver {
    /// Takes a service off the list; says whether it was on it. Only the service itself can: by the
    /// address it registered, and by its instance where it named one.
    #[method(idempotent)]
    async fn deregister(
        &self,
        service: ServiceName,
        address: Option<Address>,
    ) -> pycom::Result<bool>;

    /// Lists services, in the order of their names.
    ///
    /// `interface` and `service` are regular expressions, matched from the start of the name.
    /// `after` and `limit` ask for a part of the list: what follows a name, and how many.
    #[method(idempotent)]
    async fn list_services(
        &self,
        interface: Option<String>,
        service: Option<String>,
        after: Option<ServiceName>,
        limit: Option<usize>,
    ) -> pycom::Result<Vec<Listed>>;

    /// Finds a service that offers an interface: a random one of several, or with `as_list` all of
    /// them. `service` asks for one by name.
    #[method(idempotent)]
    async fn locate(
        &self,
        interface: InterfaceName,
        service: Option<ServiceName>,
        as_list: Option<bool>,
    ) -> pycom::Result<Found>;

    /// Registers a service, or says that it is still there.
    ///
    /// With `interfaces`, the name holds for 60 s unless said again. With `interface` alone, the
    /// form of 0.4.1, it is added to what the service offers, and the service is asked now and
    /// then whether it is still there.
    #[method(idempotent)]
    async fn register(
        &self,
        address: Address,
        service: ServiceName,
        interfaces: Option<Vec<InterfaceName>>,
        interface: Option<InterfaceName>,
    ) -> pycom::Result<Empty>;

    /// What the nameserver holds and has done since it started. With `methods: false` without what it
    /// has counted of each method, which `org.pycom.stat` tells too.
    #[method(idempotent)]
    async fn stat(&self, methods: Option<bool>) -> pycom::Result<Statistics>;

    /// Everyone who provides an interface, as soon as that is not what `cursor` stands for.
    ///
    /// Without a cursor, or with one of another nameserver or another run, that is at once. Else
    /// the call waits for `wait` milliseconds, 20,000 at most and unless given, and never past its
    /// own deadline; if nothing has changed by then, it gives the same again.
    #[method(idempotent)]
    async fn watch(
        &self,
        interface: InterfaceName,
        cursor: Option<String>,
        wait: Option<u64>,
    ) -> pycom::Result<Watched>;
}

/// tcp://host:port
pub type Address = String;

/// Nothing: an empty object, as the originals answer.
pub type Empty = std::collections::BTreeMap<String, serde_json::Value>;

/// What `locate` gives: one service, or all where a list was asked for.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Found {
    /// All of them.
    Array(Vec<Located>),
    /// One, chosen at random.
    Located(Located),
}

pub type InterfaceName = String;

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

/// One service, as `locate` and `list_services` give it: with the keys of both originals.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Listed {
    /// Where it is reached.
    pub address: Address,
    /// Seconds since this run of it was first heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<f64>,
    /// The last of what it offers: 0.4.1's clients know only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<InterfaceName>,
    /// What it offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<InterfaceName>>,
    /// Its name.
    pub service: ServiceName,
}

/// Where one service is, as `locate` gives it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Located {
    /// Where it is reached.
    pub address: Address,
    /// What it offers.
    pub interfaces: Vec<InterfaceName>,
    /// Its name.
    pub service: ServiceName,
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

/// One of those that provide a watched interface.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Provider {
    /// Where it is reached.
    pub address: Address,
    /// Which run of the service it is: 32 hexadecimal digits. The originals do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What it offers.
    pub interfaces: Vec<InterfaceName>,
    /// Its name.
    pub service: ServiceName,
}

pub type ServiceName = String;

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

/// What the nameserver holds and has done since it started.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Statistics {
    /// What it has counted of its calls, like every service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<ServiceStatistics>,
    /// Services that took their leave.
    pub deregistered: u64,
    /// Services dropped because they did not renew.
    pub expired: u64,
    /// Services dropped because they did not answer.
    pub given_up: u64,
    /// Interfaces that at least one of them offers.
    pub interfaces: usize,
    /// Look-ups that found something.
    pub located: u64,
    /// Look-ups that found nothing.
    pub missed: u64,
    /// Probes sent.
    pub probes: u64,
    /// Registrations refused.
    pub refused: u64,
    /// Names taken that were free.
    pub registrations: u64,
    /// Registrations that said nothing new.
    pub renewals: u64,
    /// Names given a new record: restarted, moved, other interfaces.
    pub replaced: u64,
    /// Services known now.
    pub services: usize,
    /// The store that this nameserver stands on, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreStatistics>,
    /// Seconds since it started.
    pub uptime: f64,
    /// Version of the nameserver.
    pub version: String,
    /// Calls of `watch` that wait now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watchers: Option<usize>,
}

/// What a front says of itself and its store.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StoreStatistics {
    /// Services that the store has lost, and that are still believed for a while.
    pub doubted: usize,
    /// The node that is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// This front.
    pub front: String,
    /// Fronts that live.
    pub fronts: u64,
    /// What it is: `etcd`, `memory`.
    pub kind: String,
    /// The engine's name for its leader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// Whether all there is has been read once.
    pub loaded: bool,
    /// How far the store's history has been heard.
    pub revision: u64,
    /// Seconds since the store went away; null while it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<f64>,
    /// Answers given while it was away.
    pub stale_answers: u64,
    /// Registrations refused because it was away.
    pub unavailable: u64,
}

/// What `watch` gives.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Watched {
    /// What the list stands for; given to the next call, that one waits until there is another.
    /// Means something to this run of this nameserver only.
    pub cursor: String,
    /// Everyone who provides the interface, in no order.
    pub services: Vec<Provider>,
}
