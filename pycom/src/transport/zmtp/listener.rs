use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep_until, timeout};

use super::handshake::Role;
use super::link::{Ended, Link, SCRATCH};
use super::place::Acceptor;
use super::ready::{LinkWaker, Ready};
use super::stream::Stream;
use crate::fast_map::FastMap;
use crate::transport::dropped::Dropped;
use crate::transport::{
    Address, Closing, Incoming, Listener, Message, Peer, SendError, TransportError, TransportOptions,
};

/// Connections accepted before others get their turn.
const ACCEPTED: usize = 64;

/// Wait after the system gave no connection, for want of descriptors or memory; doubled up to the second.
const ACCEPT_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// A peer that takes nothing for so long is cut where its share of memory is wanted.
const PATIENCE: Duration = Duration::from_secs(10);

/// Accepts connections, as a ROUTER does.
pub(in crate::transport) struct ZmtpListener {
    /// Present until the listener is closed.
    acceptor: Option<Acceptor>,
    address: Address,
    options: TransportOptions,
    links: FastMap<u64, Entry>,
    next_key: u64,
    ready: Ready,
    /// Woken, and not yet looked at.
    turn: VecDeque<u64>,
    arrived: VecDeque<Incoming>,
    /// Sent to, and not yet flushed.
    unflushed: Vec<u64>,
    /// Bytes that wait for all peers together.
    waiting: usize,
    handshakes: Handshakes,
    accept_again: Option<(Duration, Pin<Box<Sleep>>)>,
    scratch: Box<[u8]>,
    dropped: Dropped,
}

struct Entry {
    link: Link,
    waker: Waker,
    woken: Arc<LinkWaker>,
    unflushed: bool,
    /// When the system last took bytes, or when the first began to wait.
    moved: Instant,
}

/// When connections must be ready to be used.
#[derive(Default)]
struct Handshakes {
    /// In order, as all take the same time at most.
    until: VecDeque<(Instant, u64)>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Handshakes {
    /// The next connection whose time is over.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Option<u64> {
        let (until, key) = *self.until.front()?;
        let until = tokio::time::Instant::from_std(until);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx).is_ready().then(|| {
            self.until.pop_front();
            key
        })
    }
}

impl ZmtpListener {
    pub(in crate::transport) fn bind(address: &Address, options: &TransportOptions) -> Result<Self, TransportError> {
        let (acceptor, address) =
            Acceptor::bind(address, options.backlog).map_err(|error| TransportError::binding(address, error))?;
        Ok(Self {
            acceptor: Some(acceptor),
            address,
            options: options.clone(),
            links: FastMap::default(),
            next_key: 0,
            ready: Ready::default(),
            turn: VecDeque::new(),
            arrived: VecDeque::new(),
            unflushed: Vec::new(),
            waiting: 0,
            handshakes: Handshakes::default(),
            accept_again: None,
            scratch: vec![0; SCRATCH].into(),
            dropped: Dropped::default(),
        })
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) {
        if let Some((_, sleep)) = &mut self.accept_again
            && sleep.as_mut().poll(cx).is_pending()
        {
            return;
        }
        for _ in 0..ACCEPTED {
            let Some(acceptor) = &self.acceptor else { return };
            match acceptor.poll_accept(cx) {
                Poll::Ready(Ok(stream)) => self.accepted(stream),
                Poll::Ready(Err(error)) => return self.accept_later(&error, cx),
                Poll::Pending => {
                    self.accept_again = None;
                    return;
                }
            }
        }
        cx.waker().wake_by_ref();
    }

    fn accepted(&mut self, stream: Stream) {
        let key = self.next_key;
        self.next_key += 1;
        let woken = self.ready.waker(key);
        let link = Link::new(stream, Role::Router, self.options.max_message_size);
        self.waiting += link.outbox.bytes();
        let waker = Waker::from(woken.clone());
        let now = Instant::now();
        self.handshakes.until.push_back((now + self.options.handshake_timeout, key));
        self.links.insert(key, Entry { link, waker, woken, unflushed: false, moved: now });
        self.turn.push_back(key);
    }

    /// One that was reset while it waited concerns nobody; where the system lacks something, it has to be given time.
    fn accept_later(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return cx.waker().wake_by_ref();
        }
        let wait = self.accept_again.as_ref().map_or(ACCEPT_AGAIN.0, |(wait, _)| (*wait * 2).min(ACCEPT_AGAIN.1));
        tracing::warn!(address = %self.address, %error, "no connection can be accepted; raise the limit of open files (ulimit -n)");
        let mut sleep = Box::pin(tokio::time::sleep(wait));
        let _ = sleep.as_mut().poll(cx);
        self.accept_again = Some((wait, sleep));
    }

    fn poll_handshakes(&mut self, cx: &mut Context<'_>) {
        while let Some(key) = self.handshakes.poll_over(cx) {
            if self.links.get(&key).is_some_and(|entry| !entry.link.is_up()) {
                tracing::debug!(address = %self.address, "a connection was cut: its handshake took too long");
                self.remove(key);
            }
        }
    }

    /// Looks at the connections that were woken until there are `limit` messages.
    fn poll_links(&mut self, limit: usize) {
        self.ready.take(&mut self.turn);
        let mut left = self.turn.len();
        while left > 0 && self.arrived.len() < limit {
            left -= 1;
            let Some(key) = self.turn.pop_front() else { break };
            match self.poll_link(key) {
                None => {}
                Some(Poll::Pending) => {}
                // The others come first.
                Some(Poll::Ready(Ok(()))) => self.turn.push_back(key),
                Some(Poll::Ready(Err(ended))) => {
                    tracing::debug!(address = %self.address, peer = key, reason = %ended, "a connection has ended");
                    self.remove(key);
                }
            }
        }
    }

    /// Reads from a connection once, and writes what waits for it.
    fn poll_link(&mut self, key: u64) -> Option<Poll<Result<(), Ended>>> {
        let Self { links, arrived, scratch, dropped, .. } = self;
        let entry = links.get_mut(&key)?;
        entry.woken.begin();
        let mut cx = Context::from_waker(&entry.waker);
        let before = entry.link.outbox.bytes();
        let peer = peer(key);
        let read = entry.link.poll_read(&mut cx, scratch, |message| match message {
            Some(message) => arrived.push_back(Incoming { peer: peer.clone(), message }),
            None => dropped.count(&peer, "it has too many frames"),
        });
        self.waiting += entry.link.outbox.bytes() - before;
        Some(match (read, self.write(key)) {
            // What it sent before it went is still read.
            (Poll::Pending, Err(error)) => Poll::Ready(Err(error.into())),
            (read, _) => read,
        })
    }

    /// Writes what waits for a connection, as far as the system takes it.
    fn write(&mut self, key: u64) -> io::Result<()> {
        let Some(entry) = self.links.get_mut(&key) else { return Ok(()) };
        entry.unflushed = false;
        let before = entry.link.outbox.bytes();
        if before == 0 {
            return Ok(());
        }
        let written = entry.link.poll_write(&mut Context::from_waker(&entry.waker));
        let after = entry.link.outbox.bytes();
        if after < before {
            self.waiting -= before - after;
            entry.moved = Instant::now();
        }
        match written {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    fn remove(&mut self, key: u64) {
        if let Some(entry) = self.links.remove(&key) {
            self.waiting -= entry.link.outbox.bytes();
        }
    }

    /// Cuts peers that have taken nothing for long: what waits for them is memory that others want.
    fn cut_stuck(&mut self) {
        let mut freed = 0;
        self.links.retain(|key, entry| {
            let stuck = !entry.link.outbox.is_empty() && entry.moved.elapsed() >= PATIENCE;
            if stuck {
                freed += entry.link.outbox.bytes();
                tracing::info!(peer = key, "a connection was cut: it has taken none of its replies for 10 s");
            }
            !stuck
        });
        self.waiting -= freed;
    }

    fn has_room(&self, key: u64, more: usize) -> Option<bool> {
        let Entry { link, moved, .. } = self.links.get(&key)?;
        let (queued, options) = (link.outbox.bytes(), &self.options);
        if queued + more <= options.peer_backlog && self.waiting + more <= options.total_backlog {
            return Some(true);
        }
        // The first message of a peer always fits, however large.
        let fits = || queued + more <= options.share(moved.elapsed()) && self.waiting + more <= options.total_backlog;
        Some(queued == 0 || fits())
    }

    /// Everything that still has to be done for the peers, with a deadline.
    fn take_leave(&mut self) -> impl Future<Output = ()> + Send + use<> {
        // Nobody else finds it from now on.
        self.acceptor = None;
        let links: Vec<Link> = self.links.drain().map(|(_, entry)| entry.link).filter(Link::is_up).collect();
        let linger = self.options.linger;
        async move {
            let mut closing: JoinSet<()> = links.into_iter().map(Link::close).collect();
            let _ = timeout(linger, async { while closing.join_next().await.is_some() {} }).await;
        }
    }
}

fn peer(key: u64) -> Peer {
    Peer::new(&key.to_be_bytes())
}

fn key(peer: &Peer) -> Option<u64> {
    Some(u64::from_be_bytes(peer.id().try_into().ok()?))
}

impl Listener for ZmtpListener {
    fn address(&self) -> &Address {
        &self.address
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Vec<Incoming>,
        limit: usize,
    ) -> Poll<Result<(), TransportError>> {
        let limit = limit.max(1);
        loop {
            self.poll_accept(cx);
            self.poll_handshakes(cx);
            self.poll_links(limit);
            if !self.arrived.is_empty() {
                let count = self.arrived.len().min(limit);
                batch.extend(self.arrived.drain(..count));
                return Poll::Ready(Ok(()));
            }
            if self.turn.is_empty() && self.ready.park(cx) {
                return Poll::Pending;
            }
        }
    }

    fn send(&mut self, to: &Peer, message: Message) -> Result<(), SendError> {
        let key = key(to).ok_or(SendError::PeerGone)?;
        if message.frames().is_empty() {
            return Ok(());
        }
        let size = message.byte_len();
        if !self.has_room(key, size).ok_or(SendError::PeerGone)? {
            let _ = self.write(key);
            self.cut_stuck();
            if !self.has_room(key, size).ok_or(SendError::PeerGone)? {
                self.dropped.count(to, "the peer reads too slowly");
                return Err(SendError::PeerSlow);
            }
        }
        let entry = self.links.get_mut(&key).filter(|entry| entry.link.is_up()).ok_or(SendError::PeerGone)?;
        let before = entry.link.outbox.bytes();
        if before == 0 {
            entry.moved = Instant::now();
        }
        entry.link.outbox.push(message);
        self.waiting += entry.link.outbox.bytes() - before;
        if !std::mem::replace(&mut entry.unflushed, true) {
            self.unflushed.push(key);
        }
        Ok(())
    }

    fn flush(&mut self) {
        for key in std::mem::take(&mut self.unflushed) {
            if self.write(key).is_err() {
                // Reading tells how it ended, after what it still sent.
                self.turn.push_back(key);
            }
        }
    }

    fn close(mut self: Box<Self>) -> Closing {
        Box::pin(self.take_leave())
    }
}

impl Drop for ZmtpListener {
    fn drop(&mut self) {
        if self.acceptor.is_some()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(self.take_leave());
        }
    }
}
