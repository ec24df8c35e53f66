//! `inproc://` addresses: peers in the same process, through bounded queues, without a socket.

mod connector;
mod link;
mod listener;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::Waker;

use self::connector::MemoryConnector;
use self::link::{Hub, lock};
use self::listener::MemoryListener;
use super::{Address, TransportError};

/// The names of `inproc://` addresses and who listens at them. Clones are handles of the same network.
///
/// There is one for the process; tests make their own, and do not meet.
#[derive(Clone, Debug, Default)]
pub struct MemoryNetwork {
    names: Arc<Mutex<HashMap<Address, Name>>>,
}

#[derive(Debug, Default)]
struct Name {
    hub: Option<Arc<Hub>>,
    /// Connectors that wait for somebody to listen.
    waiting: Vec<Waker>,
}

impl MemoryNetwork {
    /// A network of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The network that all of the process shares unless told otherwise.
    pub fn process() -> &'static Self {
        static PROCESS: LazyLock<MemoryNetwork> = LazyLock::new(MemoryNetwork::new);
        &PROCESS
    }

    /// Listens at `address`; replies to one peer that wait may take `peer_backlog` bytes.
    pub(super) fn bind(&self, address: &Address, peer_backlog: usize) -> Result<MemoryListener, TransportError> {
        let mut names = lock(&self.names);
        let name = names.entry(address.clone()).or_default();
        if name.hub.is_some() {
            return Err(TransportError::AddressInUse { address: address.clone() });
        }
        let hub = Arc::new(Hub::new(peer_backlog));
        name.hub = Some(Arc::clone(&hub));
        name.waiting.drain(..).for_each(Waker::wake);
        Ok(MemoryListener::new(self.clone(), address.clone(), hub))
    }

    pub(super) fn connect(&self, address: &Address) -> MemoryConnector {
        MemoryConnector::new(self.clone(), address.clone())
    }

    /// Who listens at a name; if nobody does, `waker` is woken when somebody begins to.
    fn find(&self, address: &Address, waker: &Waker) -> Option<Arc<Hub>> {
        let mut names = lock(&self.names);
        let name = names.entry(address.clone()).or_default();
        if name.hub.is_none() && !name.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
            name.waiting.push(waker.clone());
        }
        name.hub.clone()
    }

    fn release(&self, address: &Address) {
        lock(&self.names).remove(address);
    }
}
