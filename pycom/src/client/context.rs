//! Where components come from.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::attend::attend;
use super::balance::Balance;
use super::changes::Changes;
use super::component::Component;
use super::component::Target;
use super::connections::Connections;
use super::events::{Events, Listeners};
use super::group::Group;
use super::locate::{self, NAMESERVER_INTERFACE, Nameservers};
use super::stub::Client;
use super::transfer::{Peers, THRESHOLD};
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
    nameservers: Arc<Nameservers>,
    timeout: Duration,
    balance: Balance,
    hooks: Arc<[Hook]>,
    connections: Connections,
    listeners: Listeners,
    groups: Mutex<Groups>,
    peers: Peers,
    chunks_above: usize,
}

type Groups = HashMap<(InterfaceName, Option<ServiceName>), Arc<Group>>;

/// Groups that a context remembers; over it, those that nobody holds are forgotten.
const KNOWN_GROUPS: usize = 64;

impl Drop for Inner {
    fn drop(&mut self) {
        let groups = self.groups.get_mut().unwrap_or_else(PoisonError::into_inner);
        groups.values().for_each(|group| group.abandon());
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("nameservers", &self.0.nameservers.addresses()).finish_non_exhaustive()
    }
}

/// Puts a [`Context`] together.
#[derive(Debug, Default)]
pub struct ContextBuilder {
    nameservers: Vec<Address>,
    timeout: Option<Duration>,
    balance: Balance,
    hooks: Vec<Hook>,
    options: TransportOptions,
    chunks_above: Option<usize>,
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

    /// How calls are spread over the instances of an interface; by default to the less busy of two
    /// random ones.
    #[must_use]
    pub fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
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

    /// Attachments of more bytes than this go in chunks, smaller ones in one frame with their call;
    /// 1 MiB by default. Services that know no chunks, as those of Python, get all in one frame.
    #[must_use]
    pub fn chunks_above(mut self, bytes: usize) -> Self {
        self.chunks_above = Some(bytes);
        self
    }

    pub(crate) fn transport(mut self, options: TransportOptions) -> Self {
        self.options = options;
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        let listeners = Listeners::default();
        Context(Arc::new(Inner {
            nameservers: Arc::new(Nameservers::new(self.nameservers)),
            timeout: self.timeout.unwrap_or(DEFAULT_TIMEOUT),
            balance: self.balance,
            hooks: self.hooks.into(),
            chunks_above: self.chunks_above.unwrap_or(THRESHOLD).min(self.options.max_message_size),
            peers: Peers::default(),
            connections: Connections::new(self.options, listeners.clone()),
            listeners,
            groups: Mutex::default(),
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

    /// Finds everyone who offers `interface`. Calls of the component are spread over them; see
    /// [`Balance`].
    ///
    /// Who there is, the context remembers and keeps current while it is called: no nameserver is
    /// asked again for each component, nor where all of them are away.
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
        let group = self.group(&interface, service.as_ref());
        if !group.is_live() || group.members().listed().is_empty() {
            let deadline = Instant::now() + self.0.timeout;
            match locate::ask(self, &interface, service.as_ref(), deadline).await {
                Ok(found) => group.told(found),
                // With no nameserver there, clients go on with what they know.
                Err(Error::ServiceNotAvailable(_)) if !group.members().instances().is_empty() => {}
                Err(error) => return Err(error),
            }
            attend(self, &group);
        }
        let first = group.any().ok_or_else(|| locate::not_found(&interface))?;
        Ok(Component::new(self.clone(), interface, Target::Group { group, first }))
    }

    /// Who comes to offer `interface`, and who goes, as a stream: first everyone who is there, then
    /// each change. Needs a runtime.
    ///
    /// A nameserver of ours tells at once; Python's is asked every 10 seconds.
    ///
    /// ```no_run
    /// # async fn example(context: pycom::Context) -> pycom::Result<()> {
    /// use pycom::Change;
    /// let mut changes = context.watch("com.foo.example")?;
    /// loop {
    ///     match changes.next().await {
    ///         Change::Added { service, address, .. } => println!("{service} at {address}"),
    ///         Change::Removed { service, .. } => println!("{service} is gone"),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Where the name is none, or the context has no nameserver.
    pub fn watch(&self, interface: impl AsRef<str>) -> Result<Changes> {
        let interface = InterfaceName::new(interface)?;
        if self.nameserver_addresses().is_empty() {
            return Err(no_nameserver());
        }
        let group = self.group(&interface, None);
        attend(self, &group);
        Ok(Changes::new(self.clone(), group))
    }

    /// What happens to the connections of this context, and to the instances that its calls are
    /// spread over, as a stream, from now on.
    pub fn events(&self) -> Events {
        self.0.listeners.listen()
    }

    fn group(&self, interface: &InterfaceName, service: Option<&ServiceName>) -> Arc<Group> {
        let mut groups = self.0.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if groups.len() >= KNOWN_GROUPS {
            groups.retain(|_, group| {
                // One more is held by the task that keeps it current.
                let held = Arc::strong_count(group) > 1 + usize::from(group.is_attended());
                if !held {
                    group.abandon();
                }
                held
            });
        }
        let key = (interface.clone(), service.cloned());
        let make = || Arc::new(Group::new(interface.clone(), service.cloned()));
        groups.entry(key).or_insert_with(make).clone()
    }

    /// The same without what is known: for the tasks that find it out, so that they do not keep
    /// themselves alive.
    pub(super) fn inside(&self) -> Context {
        let Inner { nameservers, timeout, balance, hooks, connections, listeners, peers, chunks_above, .. } = &*self.0;
        Context(Arc::new(Inner {
            nameservers: nameservers.clone(),
            timeout: *timeout,
            balance: *balance,
            hooks: hooks.clone(),
            connections: connections.clone(),
            listeners: listeners.clone(),
            groups: Mutex::default(),
            peers: peers.clone(),
            chunks_above: *chunks_above,
        }))
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
        if self.nameserver_addresses().is_empty() {
            return Err(no_nameserver());
        }
        let interface = InterfaceName::new(NAMESERVER_INTERFACE)?;
        let fixed = |address: &Address| Target::Fixed { address: address.clone() };
        Ok(self
            .nameserver_addresses()
            .iter()
            .map(|address| Component::new(self.clone(), interface.clone(), fixed(address)))
            .collect())
    }

    pub(crate) fn nameserver_addresses(&self) -> &[Address] {
        self.0.nameservers.addresses()
    }

    pub(super) fn known_nameservers(&self) -> &Nameservers {
        &self.0.nameservers
    }

    pub(super) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    pub(super) fn balance(&self) -> Balance {
        self.0.balance
    }

    pub(super) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    pub(super) fn hooks(&self) -> Arc<[Hook]> {
        self.0.hooks.clone()
    }

    pub(super) fn peers(&self) -> &Peers {
        &self.0.peers
    }

    pub(super) fn chunks_above(&self) -> usize {
        self.0.chunks_above
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
