use std::time::Duration;

use super::{Backend, MemoryNetwork, Scheme};

/// The limits of sockets. The defaults are those of services and clients.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportOptions {
    /// What carries `tcp://` and `ipc://`; where nothing is said, tmq the one and ours the other.
    pub backend: Option<Backend>,
    /// Longest frame that is received, in bytes: a peer that announces more is cut before memory is taken for it.
    pub max_message_size: usize,
    /// How long a peer may take from connecting to the end of the handshake.
    pub handshake_timeout: Duration,
    /// Messages that a socket queues for one peer: a connector refuses more, a listener keeps them in its backlog.
    pub send_queue: usize,
    /// Bytes that a listener keeps for one peer that has read nothing for a second, beyond its socket's queue. One that
    /// reads may have a quarter of [`total_backlog`](Self::total_backlog): a few large replies at once are no fault of it.
    pub peer_backlog: usize,
    /// Bytes that a listener keeps for all slow peers together.
    pub total_backlog: usize,
    /// Messages of one peer that wait to be received before the peer itself has to wait.
    pub receive_queue: usize,
    /// Connections that wait to be accepted.
    pub backlog: u32,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// Wait before the first attempt to connect again; doubled after each failure.
    pub reconnect_first: Duration,
    /// Longest wait between attempts to connect.
    pub reconnect_max: Duration,
    /// How long a closed socket goes on sending what is queued.
    pub linger: Duration,
    /// Where the names of `inproc://` addresses are looked up.
    pub memory: MemoryNetwork,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            backend: None,
            max_message_size: 16 * 1024 * 1024,
            handshake_timeout: Duration::from_secs(3),
            send_queue: 256,
            peer_backlog: 8 * 1024 * 1024,
            total_backlog: 256 * 1024 * 1024,
            receive_queue: 256,
            backlog: 4096,
            connect_timeout: Duration::from_secs(2),
            reconnect_first: Duration::from_millis(50),
            reconnect_max: Duration::from_secs(2),
            linger: Duration::from_secs(1),
            memory: MemoryNetwork::process().clone(),
        }
    }
}

/// A peer that took something within so long reads.
const READS: Duration = Duration::from_secs(1);

impl TransportOptions {
    /// Bytes that may wait for a peer that last took some so long ago.
    pub(super) fn share(&self, since: Duration) -> usize {
        if since < READS { self.peer_backlog.max(self.total_backlog / 4) } else { self.peer_backlog }
    }

    pub(super) fn backend_for(&self, scheme: Scheme) -> Backend {
        self.backend.unwrap_or(if scheme == Scheme::Ipc { Backend::Zmtp } else { Backend::Tmq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_may_have_more_to_read() {
        let options = TransportOptions { peer_backlog: 8, total_backlog: 400, ..TransportOptions::default() };
        assert_eq!([Duration::ZERO, READS].map(|since| options.share(since)), [100, 8]);
        let few = TransportOptions { peer_backlog: 8, total_backlog: 8, ..TransportOptions::default() };
        assert_eq!(few.share(Duration::ZERO), 8);
    }
}
