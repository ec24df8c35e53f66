//! What a listener and its connectors share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::fast_map::FastMap;
use crate::transport::{ConnectionEvent, Incoming, Message, Peer, Refusal, SendError};

/// Messages that wait on their way from one connector to the listener.
const CAPACITY: usize = 1024;

/// A panic elsewhere leaves queues that are still whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A listener's side: what arrived from all peers, in the order of arrival.
#[derive(Debug)]
pub(super) struct Hub {
    peer_backlog: usize,
    state: Mutex<HubState>,
}

#[derive(Debug, Default)]
struct HubState {
    closed: bool,
    next_peer: u64,
    links: FastMap<Peer, Arc<Link>>,
    arrived: VecDeque<(Arc<Link>, Incoming)>,
    waker: Option<Waker>,
}

/// A connector's side: one connection.
///
/// Both sides hand over in batches: each takes the lock of the other once for many messages, and wakes it once.
#[derive(Debug)]
pub(super) struct Link {
    peer: Peer,
    hub: Arc<Hub>,
    /// Sent by the connector and not yet received by the listener.
    under_way: AtomicUsize,
    /// Of replies that the connector has not taken yet.
    reply_bytes: AtomicUsize,
    cut: AtomicBool,
    state: Mutex<LinkState>,
}

#[derive(Debug, Default)]
struct LinkState {
    replies: VecDeque<Message>,
    wants_room: bool,
    waker: Option<Waker>,
}

impl Hub {
    pub(super) fn new(peer_backlog: usize) -> Self {
        Self { peer_backlog, state: Mutex::default() }
    }

    /// A new link, unless the listener is gone.
    pub(super) fn link(self: &Arc<Self>) -> Option<Arc<Link>> {
        let mut state = lock(&self.state);
        if state.closed {
            return None;
        }
        let peer = Peer::new(&state.next_peer.to_be_bytes());
        state.next_peer += 1;
        let link = Arc::new(Link {
            peer: peer.clone(),
            hub: Arc::clone(self),
            under_way: AtomicUsize::new(0),
            reply_bytes: AtomicUsize::new(0),
            cut: AtomicBool::new(false),
            state: Mutex::default(),
        });
        state.links.insert(peer, Arc::clone(&link));
        Some(link)
    }

    /// Moves up to `limit` messages to `batch`; if there are none, `waker` is woken at the next.
    pub(super) fn receive(&self, batch: &mut Vec<Incoming>, limit: usize, waker: &Waker) -> bool {
        let mut state = lock(&self.state);
        let count = state.arrived.len().min(limit);
        for (link, incoming) in state.arrived.drain(..count) {
            link.received();
            batch.push(incoming);
        }
        if count == 0 {
            state.waker = Some(waker.clone());
        }
        count > 0
    }

    /// The link of a peer that has room for a reply, which counts from now on.
    pub(super) fn room(&self, to: &Peer, reply: &Message) -> Result<Arc<Link>, SendError> {
        let link = lock(&self.state).links.get(to).cloned().ok_or(SendError::PeerGone)?;
        let bytes = reply.memory();
        let waiting = link.reply_bytes.fetch_add(bytes, Ordering::Relaxed);
        if waiting > 0 && waiting + bytes > self.peer_backlog {
            link.reply_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(SendError::PeerSlow);
        }
        Ok(link)
    }

    /// Hands replies over to their peers.
    pub(super) fn hand_over(replies: &mut Vec<(Arc<Link>, Message)>) {
        let mut replies = replies.drain(..).peekable();
        while let Some((link, first)) = replies.next() {
            let mut state = lock(&link.state);
            state.replies.push_back(first);
            while let Some((_, next)) = replies.next_if(|(other, _)| Arc::ptr_eq(other, &link)) {
                state.replies.push_back(next);
            }
            wake(state);
        }
    }

    /// The listener goes, and every connector sees it.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.arrived.clear();
        for (_, link) in state.links.drain() {
            link.cut.store(true, Ordering::Release);
            wake(lock(&link.state));
        }
    }
}

impl Link {
    /// Whether one more message can be sent, which counts as under way from now on.
    pub(super) fn room(&self) -> Result<(), Refusal> {
        if self.cut.load(Ordering::Acquire) {
            return Err(Refusal::NotConnected);
        }
        if self.under_way.load(Ordering::Acquire) >= CAPACITY {
            lock(&self.state).wants_room = true;
            return Err(Refusal::NoRoom);
        }
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Hands messages over to the listener.
    pub(super) fn hand_over(self: &Arc<Self>, messages: &mut Vec<Message>) {
        if messages.is_empty() {
            return;
        }
        let mut hub = lock(&self.hub.state);
        if hub.closed {
            messages.clear();
            return;
        }
        let incoming = |message| (Arc::clone(self), Incoming { peer: self.peer.clone(), message });
        hub.arrived.extend(messages.drain(..).map(incoming));
        let waker = hub.waker.take();
        drop(hub);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Appends what is there, replies first; if nothing is, `waker` is woken when something comes.
    pub(super) fn look(&self, events: &mut Vec<ConnectionEvent>, limit: usize, waker: &Waker) {
        let before = events.len();
        let mut state = lock(&self.state);
        let count = state.replies.len().min(limit);
        let bytes: usize = state.replies.iter().take(count).map(Message::memory).sum();
        self.reply_bytes.fetch_sub(bytes, Ordering::Relaxed);
        events.extend(state.replies.drain(..count).map(ConnectionEvent::Message));
        if events.len() - before == limit {
            return;
        }
        if self.cut.load(Ordering::Acquire) {
            events.push(ConnectionEvent::Lost("the listener is gone".to_owned()));
        } else if state.wants_room && self.under_way.load(Ordering::Acquire) <= CAPACITY / 2 {
            state.wants_room = false;
            events.push(ConnectionEvent::Room);
        } else if events.len() == before {
            state.waker = Some(waker.clone());
        }
    }

    /// The connector goes; what it sent before still arrives.
    pub(super) fn leave(&self) {
        lock(&self.hub.state).links.remove(&self.peer);
    }

    /// The listener has received one message; when half of the room is free again, the connector is told.
    fn received(&self) {
        if self.under_way.fetch_sub(1, Ordering::AcqRel) == CAPACITY / 2 + 1 {
            wake(lock(&self.state));
        }
    }
}

/// Wakes the connector, after the lock is free.
fn wake(mut state: MutexGuard<'_, LinkState>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
