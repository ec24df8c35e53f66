use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::MemoryNetwork;
use super::link::Link;
use crate::transport::{Address, ConnectionEvent, Connector, Message, Refusal, Refused};

/// Connects to a name of a [`MemoryNetwork`].
pub(in crate::transport) struct MemoryConnector {
    network: MemoryNetwork,
    address: Address,
    state: State,
    /// Sent, but not handed over yet.
    outbox: Vec<Message>,
    /// Of the owner's last poll.
    waker: Option<Waker>,
}

enum State {
    /// About to try; a failure is to be told.
    Trying,
    /// Told that nobody listens; connects as soon as somebody does.
    Waiting,
    Connected(Arc<Link>),
}

impl MemoryConnector {
    pub(super) fn new(network: MemoryNetwork, address: Address) -> Self {
        Self { network, address, state: State::Trying, outbox: Vec::new(), waker: None }
    }

    /// What follows where there is no link.
    fn poll_link(&mut self, cx: &mut Context<'_>) -> Option<ConnectionEvent> {
        // A listener that goes gives its name back first, so that a hub that takes no links is not found again.
        while let Some(hub) = self.network.find(&self.address, cx.waker()) {
            if let Some(link) = hub.link() {
                self.state = State::Connected(link);
                return Some(ConnectionEvent::Up);
            }
        }
        matches!(std::mem::replace(&mut self.state, State::Waiting), State::Trying)
            .then(|| ConnectionEvent::AttemptFailed("nobody listens at this name".to_owned()))
    }
}

impl Connector for MemoryConnector {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut Vec<ConnectionEvent>, limit: usize) -> Poll<()> {
        self.flush();
        let before = events.len();
        if !matches!(self.state, State::Connected(_)) {
            events.extend(self.poll_link(cx));
        }
        if let State::Connected(link) = &self.state {
            let so_far = events.len() - before;
            link.look(events, limit.max(1) - so_far, cx.waker());
            if matches!(events.last(), Some(ConnectionEvent::Lost(_))) {
                self.outbox.clear();
                self.state = State::Waiting;
            }
        }
        if events.len() > before {
            return Poll::Ready(());
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send(&mut self, message: Message) -> Result<(), Refused> {
        match &self.state {
            _ if message.frames().is_empty() => Ok(()),
            State::Connected(link) => match link.room() {
                Ok(()) => {
                    self.outbox.push(message);
                    Ok(())
                }
                Err(reason) => Err(Refused { message, reason }),
            },
            State::Trying | State::Waiting => Err(Refused { message, reason: Refusal::NotConnected }),
        }
    }

    fn flush(&mut self) {
        if let State::Connected(link) = &self.state {
            link.hand_over(&mut self.outbox);
        }
    }

    fn connect_now(&mut self) {
        if matches!(self.state, State::Waiting) {
            self.state = State::Trying;
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Drop for MemoryConnector {
    fn drop(&mut self) {
        self.flush();
        if let State::Connected(link) = &self.state {
            link.leave();
        }
    }
}
