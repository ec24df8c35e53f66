use std::sync::Arc;
use std::task::{Context, Poll};

use super::MemoryNetwork;
use super::link::{Hub, Link};
use crate::transport::{Address, Closing, Incoming, Listener, Message, Peer, SendError, TransportError};

/// Listens at a name of a [`MemoryNetwork`].
pub(in crate::transport) struct MemoryListener {
    network: MemoryNetwork,
    address: Address,
    hub: Arc<Hub>,
    /// Sent, but not handed over yet.
    outbox: Vec<(Arc<Link>, Message)>,
}

impl MemoryListener {
    pub(super) fn new(network: MemoryNetwork, address: Address, hub: Arc<Hub>) -> Self {
        Self { network, address, hub, outbox: Vec::new() }
    }
}

impl Listener for MemoryListener {
    fn address(&self) -> &Address {
        &self.address
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Vec<Incoming>,
        limit: usize,
    ) -> Poll<Result<(), TransportError>> {
        if self.hub.receive(batch, limit, cx.waker()) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn send(&mut self, to: &Peer, message: Message) -> Result<(), SendError> {
        if message.frames().is_empty() {
            return Ok(());
        }
        let link = self.hub.room(to, &message)?;
        self.outbox.push((link, message));
        Ok(())
    }

    fn flush(&mut self) {
        Hub::hand_over(&mut self.outbox);
    }

    /// What was sent is in the peers' queues already.
    fn close(mut self: Box<Self>) -> Closing {
        self.flush();
        Box::pin(std::future::ready(()))
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.network.release(&self.address);
        self.hub.close();
    }
}
