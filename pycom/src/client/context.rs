//! Where components come from.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::component::Component;
use super::connections::Connections;
use super::locate::{self, NAMESERVER_INTERFACE, Target};
use super::stub::Client;
use crate::error::{Error, Result};
use crate::hook::Hook;
use crate::names::{InterfaceName, ServiceName};
use crate::transport::{Address, Backend, TransportOptions};

/// How long a call waits for its answer unless told otherwise; the original's 5 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Finds components and holds their connections. Cheap to clone; clones are the same context.
///
/// ```no_run
/// # async fn example() -> pycom::Result<()> {
/// let context = pycom::Context::new("tcp://192.168.10.1:2012")?;
/// let query = context.locate("com.foo.example").await?;
/// println!("{} at {}", query.interface(), query.address());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    nameservers: Vec<Address>,
    timeout: Duration,
    hooks: Arc<[Hook]>,
    connections: Connections,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("nameservers", &self.0.nameservers).finish_non_exhaustive()
    }
}

/// Puts a [`Context`] together.
#[derive(Debug, Default)]
pub struct ContextBuilder {
    nameservers: Vec<Address>,
    timeout: Option<Duration>,
    hooks: Vec<Hook>,
    options: TransportOptions,
}

impl ContextBuilder {
    /// Adds nameservers: one address, or several with commas between them. A bare `host:port` is
    /// taken as TCP. Those that do not answer are passed over.
    ///
    /// # Errors
    ///
    /// Where one of them is no address to connect to.
    pub fn nameserver(mut self, addresses: impl AsRef<str>) -> Result<Self> {
        self.nameservers.extend(parse_nameservers(addresses.as_ref())?);
        Ok(self)
    }

    /// How long calls wait for their answer; 5 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Adds a hook around every call made from this context, inside those added before.
    #[must_use]
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// The largest frame that is sent or received, in bytes; 16 MiB by default. A service refuses
    /// what is over its own.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.options.max_message_size = bytes;
        self
    }

    /// What carries `tcp://` and `ipc://`; see [`Backend`]. It need not be what the services use.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.options.backend = Some(backend);
        self
    }

    pub(crate) fn transport(mut self, options: TransportOptions) -> Self {
        self.options = options;
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        Context(Arc::new(Inner {
            nameservers: self.nameservers,
            timeout: self.timeout.unwrap_or(DEFAULT_TIMEOUT),
            hooks: self.hooks.into(),
            connections: Connections::new(self.options),
        }))
    }
}

/// Reads one address, or several with commas between them.
pub(crate) fn parse_nameservers(text: &str) -> Result<Vec<Address>> {
    let mut addresses = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let address: Address = part.parse()?;
        address.check_connectable()?;
        addresses.push(address);
    }
    if addresses.is_empty() {
        return Err(Error::configuration("the nameserver's address is empty; give one like tcp://127.0.0.1:2012"));
    }
    Ok(addresses)
}

impl Context {
    /// A context that asks the nameserver at `nameserver`: `tcp://host:port`, `host:port`, or
    /// several with commas between them. Connects when it is first used.
    ///
    /// # Errors
    ///
    /// Where that is no address to connect to.
    pub fn new(nameserver: impl AsRef<str>) -> Result<Self> {
        Ok(Self::builder().nameserver(nameserver)?.build())
    }

    /// A context with more to say.
    ///
    /// ```
    /// use std::time::Duration;
    /// let context = pycom::Context::builder()
    ///     .nameserver("tcp://127.0.0.1:2012,tcp://127.0.0.1:2013")?
    ///     .timeout(Duration::from_secs(1))
    ///     .build();
    /// # let _ = context;
    /// # Ok::<(), pycom::Error>(())
    /// ```
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }

    /// Finds a service that offers `interface`; a random one, if there are several.
    ///
    /// # Errors
    ///
    /// [`Error::ServiceNotFound`] if there is none, [`Error::ServiceNotAvailable`] if no
    /// nameserver answers.
    pub async fn locate(&self, interface: impl AsRef<str>) -> Result<Component> {
        self.find(InterfaceName::new(interface)?, None).await
    }

    /// Finds the service of this name, which must offer `interface`.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate).
    pub async fn locate_service(&self, interface: impl AsRef<str>, service: impl AsRef<str>) -> Result<Component> {
        self.find(InterfaceName::new(interface)?, Some(ServiceName::new(service)?)).await
    }

    async fn find(&self, interface: InterfaceName, service: Option<ServiceName>) -> Result<Component> {
        let mut found = locate::ask(self, &interface, service.as_ref(), false, None).await?;
        if found.is_empty() {
            let name = crate::names::escaped(interface.as_str());
            return Err(Error::service_not_found(format!("Interface not found: {name}")));
        }
        let chosen = found.swap_remove(crate::random::below(found.len()));
        Ok(Component::new(self.clone(), interface, Target::located(service, chosen)))
    }

    /// The component at a known address; no nameserver is asked, and nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Where the address is none to connect to, or the name is none.
    pub fn connect(&self, address: impl AsRef<str>, interface: impl AsRef<str>) -> Result<Component> {
        let interface = InterfaceName::new(interface)?;
        let address = Address::from_str(address.as_ref())?;
        address.check_connectable()?;
        Ok(Component::new(self.clone(), interface, Target::Fixed { address }))
    }

    /// The nameserver itself, the first where there are several.
    ///
    /// # Errors
    ///
    /// Where the context has none.
    pub fn nameserver(&self) -> Result<Component> {
        self.nameservers()?.into_iter().next().ok_or_else(no_nameserver)
    }

    /// The stub for a service that offers its interface.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate).
    pub async fn client<C: Client>(&self) -> Result<C> {
        Ok(C::from_component(self.locate(C::DESCRIPTION.name).await?))
    }

    /// As [`client`](Self::client), and asks the service whether it offers what the stub needs.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate), and [`Error::BadReply`] naming the first difference.
    ///
    /// ```no_run
    /// # use pycom::{interface, Context, Result};
    /// # struct Query;
    /// # #[interface("com.foo.example")]
    /// # impl Query {
    /// #     #[method]
    /// #     pub async fn double(&self, n: u32) -> u32 { 2 * n }
    /// # }
    /// # async fn example(context: Context) -> Result<()> {
    /// let query: QueryClient = context.verified_client().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verified_client<C: Client>(&self) -> Result<C> {
        let stub = self.client::<C>().await?;
        stub.verify().await?;
        Ok(stub)
    }

    /// The nameservers, as components.
    pub(crate) fn nameservers(&self) -> Result<Vec<Component>> {
        if self.0.nameservers.is_empty() {
            return Err(no_nameserver());
        }
        let interface = InterfaceName::new(NAMESERVER_INTERFACE)?;
        let fixed = |address: &Address| Target::Fixed { address: address.clone() };
        Ok(self
            .0
            .nameservers
            .iter()
            .map(|address| Component::new(self.clone(), interface.clone(), fixed(address)))
            .collect())
    }

    pub(crate) fn nameserver_addresses(&self) -> &[Address] {
        &self.0.nameservers
    }

    pub(super) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    pub(super) fn hooks(&self) -> Arc<[Hook]> {
        self.0.hooks.clone()
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.0.connections
    }
}

fn no_nameserver() -> Error {
    Error::configuration(
        "no nameserver is configured; name one with Context::new, pycom::configure, -n or PYCOM_NAMESERVER",
    )
}

/// Where `pycom-nameserver` listens unless told otherwise.
const USUAL_NAMESERVER: &str = "tcp://127.0.0.1:2012";

/// The context behind [`configure`] and [`locate()`].
static DEFAULT: RwLock<Option<Context>> = RwLock::new(None);

/// Sets the nameserver of the default context: `tcp://host:port`, `host:port`, or several with
/// commas between them.
///
/// A convenience for programs that need one context only; libraries take a [`Context`].
///
/// ```no_run
/// # async fn example() -> pycom::Result<()> {
/// pycom::configure("192.168.10.1:2012")?;
/// let query = pycom::locate("com.foo.example").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Where that is no address to connect to.
pub fn configure(nameserver: impl AsRef<str>) -> Result<()> {
    let context = Context::new(nameserver)?;
    *DEFAULT.write().unwrap_or_else(PoisonError::into_inner) = Some(context);
    Ok(())
}

/// The default context: what [`configure`] set, else what `PYCOM_NAMESERVER` names, else the usual
/// nameserver of this machine, `tcp://127.0.0.1:2012`.
///
/// # Errors
///
/// Where `PYCOM_NAMESERVER` is no address to connect to.
pub fn default_context() -> Result<Context> {
    if let Some(context) = &*DEFAULT.read().unwrap_or_else(PoisonError::into_inner) {
        return Ok(context.clone());
    }
    let said = std::env::var("PYCOM_NAMESERVER").ok().filter(|text| !text.is_empty());
    configure(said.as_deref().unwrap_or(USUAL_NAMESERVER))?;
    default_context()
}

/// Finds a service that offers `interface`, by the default context.
///
/// # Errors
///
/// As [`Context::locate`].
pub async fn locate(interface: impl AsRef<str>) -> Result<Component> {
    default_context()?.locate(interface).await
}
