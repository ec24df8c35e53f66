//! The interface `org.pycom.nameserver`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pycom::{Address, Error, InterfaceName, Request, Response, Result, ServiceName, interface};

use crate::answers::{Empty, Found, Listed, Located, Statistics, Watched};
use crate::front::Front;
use crate::registry::{
    Filter, FilterError, Filters, Instance, Limits, Outcome, Owner, RegisterError, Registration, Registry, Terms,
    Upkeep, Version,
};
use crate::store::Store;
use crate::upkeep::{Shared, Starter};
use crate::watchers::Watchers;

/// Extension of a registration: which run of the service it is.
const INSTANCE: &str = "org.pycom.instance";

/// Extension of the answer to a registration: how many seconds it holds. Services that see it need
/// not send a message per interface, as they do for the originals.
const LEASE: &str = "org.pycom.lease";

/// Extension of the answer to `list_services`: after which name the next page begins.
const NEXT: &str = "org.pycom.next";

/// Extension of an answer from a front whose store is away: for how many seconds it has been.
const STALE: &str = "org.pycom.stale";

/// Services that `list_services` gives at most, unless asked for fewer.
const PAGE: usize = 10_000;

/// The longest that a call of `watch` waits.
const LONGEST_WATCH: Duration = Duration::from_secs(20);

/// How long before its caller's deadline a call of `watch` is answered.
const WATCH_MARGIN: Duration = Duration::from_millis(500);

/// How long changes are gathered before they are told, for each service in the list: whoever
/// watches few is told at once, and who watches 100,000 is not sent all of them for each one.
const GATHER: Duration = Duration::from_micros(10);

/// A nameserver: offer it like any service.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pycom::Result<()> {
/// use pycom_nameserver::{Nameserver, SERVICE};
///
/// let nameserver = pycom::Server::new().offer(Nameserver::new()).service(SERVICE).bind("tcp://127.0.0.1:0").await?;
/// let context = pycom::Context::new(nameserver.address().to_string())?;
/// let found = context.locate("org.pycom.nameserver").await?;
/// assert_eq!(found.service().unwrap().as_str(), SERVICE);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Nameserver {
    shared: Arc<Shared>,
    filters: Mutex<Filters>,
    terms: Terms,
    /// Random, so that no cursor of another run is taken for one of this.
    run: u64,
    allow_ipc: bool,
    upkeep: Starter,
    /// There where a store decides.
    front: Option<Arc<Front>>,
}

impl Default for Nameserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Nameserver {
    /// An empty nameserver with the usual limits and terms.
    pub fn new() -> Self {
        Self::with(Limits::default(), Terms::default())
    }

    /// As [`new`](Self::new), for a service that is a nameserver and nothing else: with room for
    /// 65,536 calls of `watch`. Its server needs the [`limits`](crate::limits) that go with it.
    pub fn alone() -> Self {
        Self::with(Limits { watchers: crate::WATCHERS, ..Limits::default() }, Terms::default())
    }

    /// An empty nameserver with limits and terms of one's own.
    pub fn with(limits: Limits, terms: Terms) -> Self {
        let watchers = Watchers::new(limits.watchers);
        let registry = Registry::new(Instant::now(), limits, terms.clone());
        Self {
            shared: Arc::new(Shared::new(registry, watchers)),
            filters: Mutex::new(Filters::new()),
            terms,
            run: fastrand::u64(..),
            allow_ipc: false,
            upkeep: Starter::new(),
            front: None,
        }
    }

    /// One of several nameservers over a store: all of them know the same, and any of them may be asked. With the usual
    /// limits and terms, and room for 65,536 calls of `watch`.
    ///
    /// Each needs a name of its own to register under, if it does.
    pub fn over(store: impl Store) -> Self {
        let limits = Limits { watchers: crate::WATCHERS, ..Limits::default() };
        Self::over_with(Arc::new(store), limits, Terms::default())
    }

    /// As [`over`](Self::over), with limits and terms of one's own. How long names last is the store's to say; a service
    /// is told [`Terms::renewal`].
    pub fn over_with(store: Arc<dyn Store>, limits: Limits, terms: Terms) -> Self {
        let id = fastrand::u64(..);
        let (watchers, renewal) = (Watchers::new(limits.watchers), terms.renewal);
        let registry = Registry::mirror(Instant::now(), limits, terms.clone(), id);
        let nameserver = Self {
            shared: Arc::new(Shared::new(registry, watchers)),
            filters: Mutex::new(Filters::new()),
            terms,
            run: fastrand::u64(..),
            allow_ipc: false,
            upkeep: Starter::new(),
            front: Some(Arc::new(Front::new(id, store, renewal))),
        };
        if tokio::runtime::Handle::try_current().is_ok() {
            nameserver.start();
        }
        nameserver
    }

    /// What adds the registry's own numbers to a server's text for Prometheus: `pycom_nameserver_services`, `_interfaces`
    /// and `_watchers`, and with a store `pycom_store_loaded`, `_revision`, `_stale_seconds`, `_fronts`, `_doubted`,
    /// `_stale_answers` and `_unavailable`.
    ///
    /// ```
    /// use pycom_nameserver::Nameserver;
    /// let nameserver = Nameserver::new();
    /// let server = nameserver.gauges()(pycom::Server::new()).offer(nameserver).metrics("127.0.0.1:0");
    /// # let _ = server;
    /// ```
    pub fn gauges(&self) -> impl FnOnce(pycom::Server) -> pycom::Server + Send + use<> {
        let (shared, front) = (Arc::downgrade(&self.shared), self.front.as_ref().map(Arc::downgrade));
        move |server| match (shared.upgrade(), front.map(|front| front.upgrade())) {
            (Some(shared), front) => crate::gauges::add(server, &shared, front.flatten().as_ref()),
            (None, _) => server,
        }
    }

    /// Starts the tasks beside the registry, once: with the first call, when there is a runtime.
    fn start(&self) {
        self.upkeep.start(&self.shared, self.front.as_ref());
    }

    /// What goes beside an answer from what is known: that it may be out of date.
    fn freshness(&self) -> Result<pycom::Extensions> {
        let mut extensions = pycom::Extensions::new();
        if let Some(front) = &self.front {
            self.start();
            front.check_loaded()?;
            if let Some(stale) = front.stale() {
                extensions.insert(STALE, &stale.as_secs())?;
            }
        }
        Ok(extensions)
    }

    /// Runs a look-up, and runs it again where it finds nothing and another front may have heard of something.
    async fn look<T>(&self, look: impl Fn(&mut Registry) -> Option<T>) -> Option<T> {
        let found = self.shared.with(&look);
        match &self.front {
            Some(front) if found.is_none() => {
                front.catch_up().await;
                self.shared.with(look)
            }
            _ => found,
        }
    }

    /// Lets services register `ipc://` addresses, which only reach clients on the same machine.
    #[must_use]
    pub fn allow_ipc(mut self) -> Self {
        self.allow_ipc = true;
        self
    }

    /// Registers; where the name is another's who may be gone, that one is asked first.
    async fn claim(&self, claim: impl Fn(&mut Registry) -> Result<Outcome, RegisterError>) -> Result<()> {
        for _ in 0..2 {
            match self.shared.with(&claim).map_err(refused)? {
                Outcome::Occupied { holder, ask: true } => self.shared.probe(&holder).await,
                Outcome::Occupied { .. } => tokio::time::sleep(Duration::from_millis(200)).await,
                Outcome::Registered | Outcome::Renewed | Outcome::Replaced { .. } => return Ok(()),
            }
        }
        match self.shared.with(&claim).map_err(refused)? {
            Outcome::Occupied { holder, .. } => {
                Err(refused(RegisterError::OtherAddress { service: holder.service.clone() }))
            }
            _ => Ok(()),
        }
    }

    /// Returns once an interface has another version than this, or the time is over.
    async fn changed(&self, interface: &InterfaceName, seen: Version, until: tokio::time::Instant) -> Result<()> {
        let Some(watcher) = self.shared.watchers.enter(interface) else {
            let (_, most) = self.shared.watchers.count();
            let text = format!("{most} calls of watch wait (limit); ask again later, or another nameserver");
            return Err(Error::overloaded(text));
        };
        loop {
            let mut rung = std::pin::pin!(watcher.rung());
            rung.as_mut().enable();
            let (now, providers) = self.shared.with(|registry| registry.version(Instant::now(), interface));
            if now != seen || tokio::time::timeout_at(until, rung).await.is_err() {
                return Ok(());
            }
            let gathered = tokio::time::Instant::now() + GATHER * u32::try_from(providers).unwrap_or(u32::MAX);
            tokio::time::sleep_until(gathered.min(until)).await;
        }
    }

    fn filter(&self, interface: Option<&str>, service: Option<&str>) -> Result<Filter> {
        let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        filters.get(interface, service).map_err(|error: FilterError| Error::bad_request(error.to_string()))
    }
}

/// The version that a cursor of this run stands for.
fn version(run: u64, cursor: &str) -> Option<Version> {
    let (its, version) = cursor.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    (number(its)? == run).then_some(Version(number(version)?))
}

pub(crate) fn refused(error: RegisterError) -> Error {
    match error {
        RegisterError::OtherAddress { .. } => Error::access_denied(error.to_string()),
        RegisterError::Full { .. } => Error::overloaded(error.to_string()),
        _ => Error::bad_request(error.to_string()),
    }
}

fn instance(request: &Request) -> Result<Option<Instance>> {
    let wrong = |problem: String| Error::bad_request(format!("Extension {INSTANCE} is wrong: {problem}"));
    let said: Option<String> = request.extensions().get(INSTANCE).map_err(|error| wrong(error.to_string()))?;
    said.map(|text| text.parse::<Instance>().map_err(|error| wrong(error.to_string()))).transpose()
}

/// Knows which services there are, and where.
#[interface("org.pycom.nameserver")]
impl Nameserver {
    /// What the nameserver holds and has done since it started. With `methods: false` without what it
    /// has counted of each method, which `org.pycom.stat` tells too.
    #[method(idempotent)]
    pub async fn stat(&self, request: Request, methods: Option<bool>) -> Statistics {
        self.start();
        let (stat, store) = self.shared.with(|registry| {
            let store = self.front.as_ref().map(|front| front.statistics(registry));
            (registry.stat(Instant::now()), store)
        });
        let (watchers, _) = self.shared.watchers.count();
        let calls = (methods != Some(false)).then(|| request.statistics()).flatten();
        Statistics { watchers, store, calls, ..stat.into() }
    }

    /// Registers a service, or says that it is still there.
    ///
    /// With `interfaces`, the name holds for 60 s unless said again. With `interface` alone, the
    /// form of 0.4.1, it is added to what the service offers, and the service is asked now and
    /// then whether it is still there.
    #[method(idempotent)]
    pub async fn register(
        &self,
        request: Request,
        address: Address,
        service: ServiceName,
        interfaces: Option<Vec<InterfaceName>>,
        interface: Option<InterfaceName>,
    ) -> Result<Response<Empty>> {
        self.start();
        let left = request.time_left();
        address.check_registrable(self.allow_ipc).map_err(|error| Error::bad_request(error.to_string()))?;
        let mut response = Response::new(Empty {});
        match (interfaces, interface) {
            (Some(interfaces), _) => {
                let instance = instance(&request)?;
                let upkeep = Upkeep::Renews;
                let claim = Registration { service, address, interfaces, instance, upkeep };
                match &self.front {
                    Some(front) => front.register(&self.shared, left, |_| claim.clone()).await?,
                    None => self.claim(|registry| registry.register(Instant::now(), claim.clone())).await?,
                }
                let mut extensions = pycom::Extensions::new();
                extensions.insert(LEASE, &self.terms.renewal.as_secs())?;
                response = response.extensions(extensions);
            }
            (None, Some(interface)) => {
                let names = || (service.clone(), address.clone(), interface.clone());
                match &self.front {
                    Some(front) => {
                        let join = |registry: &mut Registry| {
                            let (service, address, interface) = names();
                            registry.joined(Instant::now(), service, address, interface)
                        };
                        front.register(&self.shared, left, join).await?;
                    }
                    None => {
                        let claim = |registry: &mut Registry| {
                            let (service, address, interface) = names();
                            registry.register_single(Instant::now(), service, address, interface)
                        };
                        self.claim(claim).await?;
                    }
                }
            }
            (None, None) => {
                let text = "Argument 'interfaces' is required for org.pycom.nameserver.register";
                return Err(Error::bad_request(text));
            }
        }
        Ok(response)
    }

    /// Takes a service off the list; says whether it was on it. Only the service itself can: by the
    /// address it registered, and by its instance where it named one.
    #[method(idempotent)]
    pub async fn deregister(&self, request: Request, service: ServiceName, address: Option<Address>) -> Result<bool> {
        let now = Instant::now();
        let owner = match (instance(&request)?, &address) {
            (Some(instance), _) => Owner::Instance(instance),
            (None, Some(address)) => Owner::Address(address),
            (None, None) => {
                return Err(Error::bad_request("Argument 'address' is required for org.pycom.nameserver.deregister"));
            }
        };
        match &self.front {
            Some(front) => front.deregister(&self.shared, &service, owner).await,
            None => Ok(self.shared.with(|registry| registry.deregister(now, &service, owner))),
        }
    }

    /// Finds a service that offers an interface: a random one of several, or with `as_list` all of
    /// them. `service` asks for one by name.
    #[method(idempotent)]
    pub async fn locate(
        &self,
        interface: InterfaceName,
        service: Option<ServiceName>,
        as_list: Option<bool>,
    ) -> Result<Response<Found>> {
        let extensions = self.freshness()?;
        let look = |registry: &mut Registry| {
            let now = Instant::now();
            if as_list == Some(true) {
                let all: Vec<Located> =
                    registry.locate_all(now, &interface, service.as_ref()).map(|record| (&**record).into()).collect();
                (!all.is_empty()).then_some(Found::Many(all))
            } else {
                let one = registry.locate(now, &interface, service.as_ref(), |count| fastrand::usize(..count));
                one.map(|record| Found::One((&**record).into()))
            }
        };
        let found = self.look(look).await;
        let found = found.ok_or_else(|| Error::service_not_found(format!("Interface not found: {}", interface)))?;
        Ok(Response::new(found).extensions(extensions))
    }

    /// Everyone who provides an interface, as soon as that is not what `cursor` stands for.
    ///
    /// Without a cursor, or with one of another nameserver or another run, that is at once. Else
    /// the call waits for `wait` milliseconds, 20,000 at most and unless given, and never past its
    /// own deadline; if nothing has changed by then, it gives the same again.
    #[method(idempotent)]
    pub async fn watch(
        &self,
        request: Request,
        interface: InterfaceName,
        cursor: Option<String>,
        wait: Option<u64>,
    ) -> Result<Response<Watched>> {
        self.start();
        self.freshness()?;
        let longest = wait.map_or(LONGEST_WATCH, Duration::from_millis).min(LONGEST_WATCH);
        let left = request.time_left().map(|left| left.saturating_sub(WATCH_MARGIN));
        let until = tokio::time::Instant::now() + left.map_or(longest, |left| left.min(longest));
        if let Some(seen) = cursor.and_then(|cursor| version(self.run, &cursor)) {
            tokio::select! {
                changed = self.changed(&interface, seen, until) => changed?,
                // A nameserver that ends does not wait for who watches.
                () = request.draining() => {}
            }
        }
        let (Version(version), records) = self.shared.with(|r| r.providers(Instant::now(), &interface));
        let services = records.iter().map(|record| (&**record).into()).collect();
        let watched = Watched { cursor: format!("{:016x}-{version:x}", self.run), services };
        Ok(Response::new(watched).extensions(self.freshness()?))
    }

    /// Lists services, in the order of their names.
    ///
    /// `interface` and `service` are regular expressions, matched from the start of the name.
    /// `after` and `limit` ask for a part of the list: what follows a name, and how many.
    #[method(idempotent)]
    pub fn list_services(
        &self,
        interface: Option<String>,
        service: Option<String>,
        after: Option<ServiceName>,
        limit: Option<usize>,
    ) -> Result<Response<Vec<Listed>>> {
        let filter = self.filter(interface.as_deref(), service.as_deref())?;
        let limit = limit.unwrap_or(PAGE).min(PAGE);
        let (mut listed, mut after) = (Vec::new(), after);
        loop {
            let wanted = limit - listed.len();
            let now = Instant::now();
            let page = self.shared.with(|registry| registry.list(now, &filter, after.as_ref(), wanted));
            listed.extend(page.records.iter().map(|record| Listed::new(record, now)));
            after = page.next;
            if after.is_none() || listed.len() >= limit {
                break;
            }
        }
        let mut extensions = self.freshness()?;
        if let Some(after) = after {
            extensions.insert(NEXT, &after)?;
        }
        Ok(Response::new(listed).extensions(extensions))
    }
}
