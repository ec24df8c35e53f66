//! The connections of one context: one per address, shared by all its components.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::connection::{Connection, Handover, IDLE};
use super::events::Listeners;
use super::in_flight::Ended;
use crate::fast_map::FastMap;
use crate::protocol::{self, Outgoing};
use crate::transport::{Address, TransportError, TransportOptions};
use crate::wire::Body;

/// Connections that are tried for one call, where their tasks have ended: the first may have been of a runtime that is gone,
/// and one that is made in a runtime that shuts down ends at once.
const CONNECTIONS: usize = 4;

/// Connections by address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections {
    options: Arc<TransportOptions>,
    listeners: Listeners,
    open: Arc<Mutex<FastMap<Address, (Connection, Instant)>>>,
    next_id: Arc<AtomicU64>,
}

/// Why a request was not sent.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// The socket could not be set up.
    Transport(TransportError),
    /// Too many calls were under way until the deadline.
    Full,
}

impl Connections {
    pub(crate) fn new(options: TransportOptions, listeners: Listeners) -> Self {
        // Ids start anywhere: a reply to a call of a former process finds nobody.
        let next_id = Arc::new(AtomicU64::new(crate::random::bits64()));
        Self { options: Arc::new(options), listeners, open: Arc::default(), next_id }
    }

    /// The largest frame that is sent, in bytes.
    pub(crate) fn max_frame(&self) -> usize {
        self.options.max_message_size
    }

    /// The connection to `address`; opens it where there is none, or none that lives.
    fn get(&self, address: &Address, now: Instant) -> Result<Connection, TransportError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((connection, used)) = open.get_mut(address)
            && !connection.is_closed()
        {
            *used = now;
            return Ok(connection.clone());
        }
        // New addresses are rare: the moment to let go of those that nobody has used for long.
        open.retain(|_, (connection, used)| !connection.is_closed() && now.duration_since(*used) < IDLE);
        let connection = Connection::open(address, &self.options, self.listeners.clone())?;
        open.insert(address.clone(), (connection.clone(), now));
        Ok(connection)
    }

    /// Sends a request to `address`, at `now`, and waits for what comes back.
    pub(crate) async fn call(
        &self,
        address: &Address,
        request: Outgoing,
        now: Instant,
        deadline: Instant,
    ) -> Result<Result<Body, Ended>, NotSent> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut message = protocol::address_request(id, request);
        for _ in 0..CONNECTIONS {
            let connection = self.get(address, now).map_err(NotSent::Transport)?;
            match connection.call(id, message, deadline).await {
                Ok(ended) => return Ok(ended),
                Err(Handover::Full) => return Err(NotSent::Full),
                Err(Handover::Closed(back)) => message = back,
            }
        }
        Ok(Err(Ended::NotConnected("this program's runtime is shutting down".into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Command;

    /// A task that is under way while its runtime shuts down goes on to its next await: it must come to one.
    #[test]
    fn where_the_runtime_shuts_down_a_call_ends() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (told, outcome) = std::sync::mpsc::channel();
        let (began, has_begun) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            began.send(()).unwrap();
            // Until nothing that is spawned here runs any more.
            while !tokio::spawn(std::future::pending::<()>()).is_finished() {
                std::thread::yield_now();
            }
            let address: Address = "tcp://127.0.0.1:1".parse().unwrap();
            let now = Instant::now();
            let request = protocol::write_command(Command::Cancel, Vec::new(), None);
            let ended = Connections::default().call(&address, request, now, now + IDLE).await;
            told.send(format!("{ended:?}")).unwrap();
        });
        has_begun.recv().unwrap();
        runtime.shutdown_background();
        let ended = outcome.recv_timeout(IDLE).expect("the call ends");
        assert!(ended.contains("NotConnected") && ended.contains("shutting down"), "{ended}");
    }
}
