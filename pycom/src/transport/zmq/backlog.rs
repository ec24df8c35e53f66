//! Replies that libzmq has no room for.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::transport::{Message, Peer, TransportOptions};

/// Messages that wait for peers whose queue in libzmq is full, bounded by bytes per peer and in all.
///
/// libzmq counts messages, and learns of room only after every half of its queue: a peer that reads well but has many
/// calls under way looks full to it now and then. Dropping at that moment would lose replies of healthy peers.
pub(super) struct Backlog {
    peers: HashMap<Peer, Waiting>,
    bytes: usize,
    options: TransportOptions,
}

struct Waiting {
    messages: VecDeque<Message>,
    bytes: usize,
    /// When the peer last took a message.
    moved: Instant,
}

/// What became of an attempt to send a waiting message.
pub(super) enum Attempt {
    Sent,
    NoRoom(Message),
    PeerGone,
}

/// A peer that takes nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Backlog {
    pub(super) fn new(options: TransportOptions) -> Self {
        Self { peers: HashMap::new(), bytes: 0, options }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Whether messages wait for `peer`, which a new one must not overtake.
    pub(super) fn has(&self, peer: &Peer) -> bool {
        !self.is_empty() && self.peers.contains_key(peer)
    }

    /// Keeps a message for later; false if that would be too much.
    pub(super) fn push(&mut self, peer: &Peer, message: Message, now: Instant) -> bool {
        let bytes = message.memory();
        // The first message of a peer always fits, however large.
        if let Some(waiting) = self.peers.get(peer)
            && (waiting.bytes + bytes > self.options.share(now.duration_since(waiting.moved))
                || self.bytes + bytes > self.options.total_backlog)
        {
            return false;
        }
        let waiting = self.peers.entry(peer.clone()).or_insert_with(|| Waiting {
            messages: VecDeque::new(),
            bytes: 0,
            moved: now,
        });
        waiting.messages.push_back(message);
        waiting.bytes += bytes;
        self.bytes += bytes;
        true
    }

    /// Tries to send what waits, and gives up on peers that are gone or take nothing; tells how many messages moved.
    pub(super) fn flush(&mut self, now: Instant, mut send: impl FnMut(&Peer, Message) -> Attempt) -> usize {
        let mut moved = 0;
        let total = &mut self.bytes;
        self.peers.retain(|peer, waiting| {
            while let Some(message) = waiting.messages.pop_front() {
                let bytes = message.memory();
                match send(peer, message) {
                    Attempt::Sent => {
                        moved += 1;
                        waiting.bytes -= bytes;
                        *total -= bytes;
                        waiting.moved = now;
                    }
                    Attempt::NoRoom(message) if now.duration_since(waiting.moved) < PATIENCE => {
                        waiting.messages.push_front(message);
                        return true;
                    }
                    Attempt::NoRoom(_) | Attempt::PeerGone => break,
                }
            }
            *total -= waiting.bytes;
            false
        });
        moved
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn message(length: usize) -> Message {
        Message::from([Bytes::from(vec![0; length])])
    }

    fn bounded(peer_backlog: usize, total_backlog: usize) -> Backlog {
        Backlog::new(TransportOptions { peer_backlog, total_backlog, ..TransportOptions::default() })
    }

    #[test]
    fn what_waits_is_bounded_per_peer_and_in_all() {
        let (a, b, c) = (Peer::new(b"a"), Peer::new(b"b"), Peer::new(b"c"));
        let now = Instant::now();
        let mut backlog = bounded(20_000, 30_000);
        assert!(backlog.push(&a, message(50_000), now), "one message always fits");
        assert!(!backlog.push(&a, message(1), now));
        backlog.flush(now, |_, _| Attempt::Sent);
        assert!(backlog.push(&a, message(9_000), now) && backlog.push(&a, message(9_000), now));
        assert!(!backlog.push(&a, message(9_000), now), "the peer's share is full");
        assert!(backlog.push(&b, message(9_000), now));
        assert!(!backlog.push(&b, message(9_000), now), "all is full");
        assert!(backlog.push(&c, message(9_000), now), "but nobody is shut out by others");
    }

    #[test]
    fn messages_leave_in_order_until_there_is_no_room() {
        let peer = Peer::new(b"a");
        let now = Instant::now();
        let mut backlog = bounded(1 << 20, 1 << 20);
        for length in 1..=5 {
            assert!(backlog.push(&peer, message(length), now));
        }
        let mut sent = Vec::new();
        let mut room = 3;
        let moved = backlog.flush(now, |_, message| {
            if room == 0 {
                return Attempt::NoRoom(message);
            }
            room -= 1;
            sent.push(message.byte_len());
            Attempt::Sent
        });
        assert_eq!((moved, backlog.has(&peer)), (3, true));
        backlog.flush(now, |_, message| {
            sent.push(message.byte_len());
            Attempt::Sent
        });
        assert_eq!((sent, backlog.is_empty(), backlog.bytes), (vec![1, 2, 3, 4, 5], true, 0));
    }

    #[test]
    fn who_is_gone_or_stuck_is_given_up() {
        let (gone, stuck) = (Peer::new(b"gone"), Peer::new(b"stuck"));
        let now = Instant::now();
        let mut backlog = bounded(1 << 20, 1 << 20);
        for peer in [&gone, &stuck] {
            assert!(backlog.push(peer, message(10), now) && backlog.push(peer, message(10), now));
        }
        let mut flush = |at| {
            backlog.flush(at, |peer, message| if *peer == gone { Attempt::PeerGone } else { Attempt::NoRoom(message) });
            (backlog.has(&gone), backlog.has(&stuck), backlog.bytes)
        };
        assert!(matches!(flush(now), (false, true, 1..)));
        assert_eq!(flush(now + PATIENCE), (false, false, 0));
    }
}
