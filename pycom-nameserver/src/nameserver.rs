//! The interface `org.pycom.nameserver`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pycom::{Address, Error, InterfaceName, Request, Response, Result, ServiceName, interface};

use crate::answers::{Empty, Found, Listed, Located, Statistics};
use crate::registry::{
    Filter, FilterError, Filters, Instance, Limits, Outcome, Owner, RegisterError, Registration, Registry, Terms,
    Upkeep,
};
use crate::upkeep::{Shared, Starter};

/// Extension of a registration: which run of the service it is.
const INSTANCE: &str = "org.pycom.instance";

/// Extension of the answer to a registration: how many seconds it holds. Services that see it need
/// not send a message per interface, as they do for the originals.
const LEASE: &str = "org.pycom.lease";

/// Extension of the answer to `list_services`: after which name the next page begins.
const NEXT: &str = "org.pycom.next";

/// Services that `list_services` gives at most, unless asked for fewer.
const PAGE: usize = 10_000;

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
    allow_ipc: bool,
    upkeep: Starter,
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

    /// An empty nameserver with limits and terms of one's own.
    pub fn with(limits: Limits, terms: Terms) -> Self {
        let registry = Registry::new(Instant::now(), limits, terms.clone());
        Self {
            shared: Arc::new(Shared::new(registry)),
            filters: Mutex::new(Filters::new()),
            terms,
            allow_ipc: false,
            upkeep: Starter::new(),
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
                Outcome::Occupied { .. } => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
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

    fn filter(&self, interface: Option<&str>, service: Option<&str>) -> Result<Filter> {
        let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        filters.get(interface, service).map_err(|error: FilterError| Error::bad_request(error.to_string()))
    }
}

fn refused(error: RegisterError) -> Error {
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
    /// What the nameserver holds and has done since it started.
    #[method(idempotent)]
    pub async fn stat(&self) -> Statistics {
        self.upkeep.start(&self.shared);
        self.shared.with(|registry| registry.stat(Instant::now())).into()
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
        self.upkeep.start(&self.shared);
        address.check_registrable(self.allow_ipc).map_err(|error| Error::bad_request(error.to_string()))?;
        let mut response = Response::new(Empty {});
        match (interfaces, interface) {
            (Some(interfaces), _) => {
                let instance = instance(&request)?;
                let upkeep = Upkeep::Renews;
                let claim = Registration { service, address, interfaces, instance, upkeep };
                self.claim(|registry| registry.register(Instant::now(), claim.clone())).await?;
                let mut extensions = pycom::Extensions::new();
                extensions.insert(LEASE, &self.terms.renewal.as_secs())?;
                response = response.extensions(extensions);
            }
            (None, Some(interface)) => {
                let claim = |registry: &mut Registry| {
                    registry.register_single(Instant::now(), service.clone(), address.clone(), interface.clone())
                };
                self.claim(claim).await?;
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
        let own = match (instance(&request)?, &address) {
            (Some(instance), _) => self.shared.with(|r| r.deregister(now, &service, Owner::Instance(instance))),
            (None, Some(address)) => self.shared.with(|r| r.deregister(now, &service, Owner::Address(address))),
            (None, None) => {
                return Err(Error::bad_request("Argument 'address' is required for org.pycom.nameserver.deregister"));
            }
        };
        Ok(own)
    }

    /// Finds a service that offers an interface: a random one of several, or with `as_list` all of
    /// them. `service` asks for one by name.
    #[method(idempotent)]
    pub async fn locate(
        &self,
        interface: InterfaceName,
        service: Option<ServiceName>,
        as_list: Option<bool>,
    ) -> Result<Found> {
        let now = Instant::now();
        let found = self.shared.with(|registry| {
            if as_list == Some(true) {
                let all: Vec<Located> =
                    registry.locate_all(now, &interface, service.as_ref()).map(|record| (&**record).into()).collect();
                (!all.is_empty()).then_some(Found::Many(all))
            } else {
                let one = registry.locate(now, &interface, service.as_ref(), |count| fastrand::usize(..count));
                one.map(|record| Found::One((&**record).into()))
            }
        });
        found.ok_or_else(|| Error::service_not_found(format!("Interface not found: {}", interface)))
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
        let mut extensions = pycom::Extensions::new();
        if let Some(after) = after {
            extensions.insert(NEXT, &after)?;
        }
        Ok(Response::new(listed).extensions(extensions))
    }
}
