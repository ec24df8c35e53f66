//! What a service is made of, until it is bound.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::registration::{Entry, RENEWAL, Registration};
use super::running::Running;
use super::socket::SocketTask;
use super::statistics::{About, Gauge};
use super::table::Table;
use super::{IntoOffers, Limits, MethodLimit, TransferLimits, advertise};
use crate::client::{Context, NAMESERVER_INTERFACE, parse_nameservers};
use crate::error::{Error, Result};
use crate::hook::Hook;
use crate::interface::{Offer, offer};
use crate::names::ServiceName;
use crate::session::SessionLimits;
use crate::stat::{Metrics, Monitor, StatClient, StatService};
use crate::transport::{self, Address, Backend, TransportOptions};

/// A service that is being put together: interfaces, a name, nameservers, limits; then an address.
///
/// [`launch`](crate::launch()) does the same from flags and files.
///
/// ```
/// # use pycom::{interface, Result, Server};
/// struct Query;
///
/// #[interface("com.foo.example")]
/// impl Query {
///     #[method]
///     async fn double(&self, n: u32) -> u32 { 2 * n }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let running = Server::new().offer(Query).service("/com/foo/svc").bind("tcp://127.0.0.1:0").await?;
/// println!("listening at {}", running.address());
/// running.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a service does nothing until it is bound"]
pub struct Server {
    offers: Vec<Offer>,
    service: Option<String>,
    nameserver: Option<String>,
    advertise: Option<String>,
    renewal: Duration,
    limits: Limits,
    method_limits: Vec<(String, String, MethodLimit)>,
    transfers: TransferLimits,
    sessions: SessionLimits,
    hooks: Vec<Hook>,
    gauges: Vec<Gauge>,
    options: TransportOptions,
    statistics: bool,
    monitor: Monitor,
    metrics: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// One that offers nothing yet.
    pub fn new() -> Self {
        Self {
            offers: Vec::new(),
            service: None,
            nameserver: None,
            advertise: None,
            renewal: RENEWAL,
            limits: Limits::default(),
            method_limits: Vec::new(),
            transfers: TransferLimits::default(),
            sessions: SessionLimits::default(),
            hooks: Vec::new(),
            gauges: Vec::new(),
            options: TransportOptions::default(),
            statistics: true,
            monitor: Monitor::Off,
            metrics: None,
        }
    }

    /// Adds interfaces: a type with `#[interface]` on an impl block, or several in a tuple.
    pub fn offer<M>(mut self, service: impl IntoOffers<M>) -> Self {
        self.offers.extend(service.into_offers());
        self
    }

    /// Its name, e.g. `/com/foo/svc`; `/auto/` and 32 hex digits unless given.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The nameserver to register with: `tcp://host:port`, `host:port`, several with commas
    /// between them, or `local` for a service that offers the nameserver's interface itself.
    /// Without one it is found by its address only.
    pub fn nameserver(mut self, address: impl Into<String>) -> Self {
        self.nameserver = Some(address.into());
        self
    }

    /// The address that others should use, where it is not the one it is bound to: a host,
    /// `host:port`, or a whole address.
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        self.advertise = Some(address.into());
        self
    }

    /// How often it says to its nameservers that it is still there; 30 s. A nameserver that was
    /// started anew does not know it for so long at most. Those of 0.6.0, and ours, forget who says
    /// nothing for 60 s.
    pub fn renewal(mut self, renewal: Duration) -> Self {
        self.renewal = renewal;
        self
    }

    /// Its bounds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bounds how many calls of one method run at once, and how many wait for that, whatever the method itself says:
    /// `8`, or a [`MethodLimit`]. Calls over it hold up no other method; those that cannot even wait are refused as
    /// overloaded, and have surely not run.
    ///
    /// ```
    /// # use pycom::{MethodLimit, Server};
    /// let server = Server::new()
    ///     .method_limit("com.foo.example", "create", 8)
    ///     .method_limit("com.foo.example", "import", MethodLimit { calls: 1, queue: 0 });
    /// ```
    pub fn method_limit(
        mut self,
        interface: impl Into<String>,
        method: impl Into<String>,
        limit: impl Into<MethodLimit>,
    ) -> Self {
        self.method_limits.push((interface.into(), method.into(), limit.into()));
        self
    }

    /// The bounds of attachments that come and go in chunks.
    pub fn transfers(mut self, limits: TransferLimits) -> Self {
        self.transfers = limits;
        self
    }

    /// The bounds of its sessions.
    pub fn sessions(mut self, limits: SessionLimits) -> Self {
        self.sessions = limits;
        self
    }

    /// Adds a hook around every call, inside those added before.
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Whether it answers the interface [`org.pycom.stat`](crate::stat) beside those it was given; it does unless this
    /// says `false`.
    pub fn statistics(mut self, wanted: bool) -> Self {
        self.statistics = wanted;
        self
    }

    /// What it shows of the calls that pass through it to those who look on with `pycom monitor`: nothing unless this
    /// says so. It costs nothing while nobody looks on.
    pub fn monitor(mut self, shown: Monitor) -> Self {
        self.monitor = shown;
        self
    }

    /// Serves its statistics as text for Prometheus at `http://ADDRESS/metrics`, e.g. `127.0.0.1:9100`; port 0 is a
    /// free one. It does not unless it is told to.
    pub fn metrics(mut self, address: impl Into<String>) -> Self {
        self.metrics = Some(address.into());
        self
    }

    /// Adds a number of the service's own to that text: its name there (letters, digits and underscores), one sentence of
    /// help, and how it is read, which must not take long.
    ///
    /// ```
    /// let server = pycom::Server::new().gauge("com_foo_jobs", "Jobs that wait.", || 3.0);
    /// # let _ = server;
    /// ```
    pub fn gauge(
        mut self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.gauges.push(Gauge { name, help, read: Box::new(read) });
        self
    }

    /// What carries `tcp://` and `ipc://`, for callers and for the nameserver alike; see [`Backend`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.options.backend = Some(backend);
        self
    }

    pub(crate) fn transport(mut self, options: TransportOptions) -> Self {
        self.options = options;
        self
    }

    /// Binds to `address` (`tcp://host:port`, port 0 lets the system choose), begins to answer,
    /// and registers.
    ///
    /// Runs on the current tokio runtime until [`Running::stop`] or until it is dropped.
    ///
    /// # Errors
    ///
    /// Where an address or a name is wrong, the address is in use, or the nameserver refuses the
    /// name. A nameserver that is not there yet is no error: it is tried until it is.
    pub async fn bind(self, address: impl AsRef<str>) -> Result<Running> {
        let address: Address = address.as_ref().parse()?;
        let service = self.service.as_deref().map_or_else(|| Ok(ServiceName::auto()), ServiceName::new)?;
        let offers_nameserver = self.offers.iter().any(|offer| offer.description().name == NAMESERVER_INTERFACE);
        let nameserver = match self.nameserver.as_deref() {
            Some("local") if !offers_nameserver => {
                return Err(Error::configuration(
                    "the nameserver is 'local', but this program holds none; give launch a pycom_nameserver::Nameserver too, or name another with -n",
                ));
            }
            Some("local") => Nameservers::Own,
            None if offers_nameserver => Nameservers::Own,
            Some(text) => Nameservers::At(parse_nameservers(text)?),
            None => Nameservers::At(Vec::new()),
        };
        let instance = format!("{:032x}", crate::random::bits128());
        let about = Arc::new(About::new(service.clone(), instance.clone(), self.monitor));
        let own = self.statistics.then(|| offer::<StatClient, _>(StatService(about.clone())));
        let table = Arc::new(Table::new(&self.offers, own.as_ref(), &self.hooks, self.sessions)?);
        about.set_gauges(self.gauges);
        about.set_table(&table);
        let method_limits = table.method_limits(&self.method_limits)?;
        let options = TransportOptions { max_message_size: self.limits.message_size, ..self.options };
        let listener = transport::bind(&address, &options)?;
        let bound = listener.address().clone();
        let (nameservers, first, grace) = match nameserver {
            Nameservers::At(list) if list.is_empty() => (Vec::new(), None, Duration::ZERO),
            Nameservers::At(list) => (list.clone(), list.into_iter().next(), self.limits.grace),
            // Who finds it by its own nameserver finds nobody else there.
            Nameservers::Own => (vec![advertise::address(&bound, None, None)?], None, Duration::ZERO),
        };
        let advertised = advertise::address(&bound, self.advertise.as_deref(), first.as_ref())?;
        let metrics = match &self.metrics {
            Some(address) => Some(Metrics::bind(address, about.clone()).await?),
            None => None,
        };
        let (orders, received) = mpsc::channel(1);
        let (ended, outcome) = watch::channel(None);
        let task =
            SocketTask::new(listener, table, about.clone(), self.limits, method_limits, self.transfers, received)?;
        tokio::spawn(task.run(ended));

        let entry = Arc::new(Entry {
            service: service.clone(),
            address: advertised.clone(),
            interfaces: self.offers.iter().map(|offer| offer.description().name.clone()).collect(),
            instance,
        });
        let context = nameservers.iter().try_fold(Context::builder().transport(options), |builder, address| {
            builder.nameserver(address.to_string())
        })?;
        let context = context.build();
        let mut registrations = Vec::new();
        if !nameservers.is_empty() {
            for nameserver in context.nameservers()? {
                registrations.push(Registration::start(entry.clone(), nameserver, self.renewal).await?);
            }
        }
        Ok(Running {
            address: bound,
            advertised,
            service,
            orders,
            outcome,
            registrations,
            grace,
            drain: self.limits.drain,
            metrics,
            about,
        })
    }
}

enum Nameservers {
    /// The service itself.
    Own,
    At(Vec<Address>),
}
