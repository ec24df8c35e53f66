//! libzmq's account of what happens to one connection.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tmq::pair::Pair;
use tmq::{AsZmqSocket, FromZmqSocket, TmqError};
use zmq::SocketEvent;

use super::frames::Received;
use super::readiness::Readiness;

/// What concerns the owner of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Up,
    AttemptFailed(String),
    Lost(String),
}

/// The events of one connecting socket.
pub(super) struct Monitor {
    pair: Pair,
    readiness: Readiness,
    report: Received,
    state: State,
    connect_timeout: Duration,
}

/// A socket that reports about another, not yet bound to a runtime.
pub(super) struct Reports(zmq::Socket);

impl Reports {
    /// Asks for the reports of `socket`, before it connects.
    pub(super) fn of(context: &zmq::Context, socket: &zmq::Socket) -> zmq::Result<Self> {
        let pair = context.socket(zmq::PAIR)?;
        // libzmq's I/O thread waits, with all its connections, when a report finds no room.
        pair.set_rcvhwm(0)?;
        let endpoint = unique_endpoint();
        let events = [
            SocketEvent::CONNECTED,
            SocketEvent::CONNECT_RETRIED,
            SocketEvent::HANDSHAKE_SUCCEEDED,
            SocketEvent::HANDSHAKE_FAILED_NO_DETAIL,
            SocketEvent::HANDSHAKE_FAILED_PROTOCOL,
            SocketEvent::HANDSHAKE_FAILED_AUTH,
            SocketEvent::DISCONNECTED,
        ];
        let mask = events.into_iter().fold(0, |mask, event| mask | i32::from(event.to_raw()));
        socket.monitor(&endpoint, mask)?;
        pair.connect(&endpoint)?;
        Ok(Self(pair))
    }
}

/// Ends the reports of `socket`. To be called before the [`Monitor`] is dropped: for a report without a reader libzmq's
/// I/O thread would wait for ever.
pub(super) fn stop_reports(socket: &zmq::Socket) {
    // A new monitor takes the old one's place, and this one reports nothing.
    let _ = socket.monitor(&unique_endpoint(), 0);
}

fn unique_endpoint() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("inproc://monitor-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Monitor {
    pub(super) fn new(reports: Reports, connect_timeout: Duration) -> tmq::Result<Self> {
        let pair = Pair::from_zmq_socket(reports.0)?;
        let state = State::Connecting(Instant::now());
        Ok(Self { pair, readiness: Readiness::default(), report: Received::new(), state, connect_timeout })
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// Whether neither connected nor about to be.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    pub(super) fn attempt_begins(&mut self) {
        self.state = State::Connecting(Instant::now());
    }

    /// The owner gives the attempt or the connection up.
    pub(super) fn attempt_ends(&mut self) {
        self.state = State::Idle;
    }

    /// The next change, if it was reported already.
    pub(super) fn look(&mut self) -> Option<Change> {
        self.readiness.disturb();
        loop {
            let socket = self.pair.get_socket();
            if self.report.next(socket) != Ok(true) {
                return None;
            }
            let (event, value) = read(self.report.bytes());
            // What follows names the endpoint.
            self.report.rest(socket);
            if let Some(change) = self.state.after(event, value, self.connect_timeout) {
                return Some(change);
            }
        }
    }

    pub(super) fn poll_change(&mut self, cx: &Context<'_>) -> Poll<Change> {
        while !self.readiness.is_quiet(cx) {
            if !self.readiness.is_empty() {
                if let Some(change) = self.look() {
                    return Poll::Ready(change);
                }
                self.readiness.found_empty();
                continue;
            }
            match self.readiness.arm(|cx| Pin::new(&mut self.pair).poll_next(cx)) {
                Some(Some(Ok(report))) => {
                    let (event, value) = report.iter().next().map_or_else(|| read(&[]), |first| read(first));
                    if let Some(change) = self.state.after(event, value, self.connect_timeout) {
                        return Poll::Ready(change);
                    }
                }
                Some(Some(Err(TmqError::Zmq(zmq::Error::EINTR)))) | None => {}
                Some(Some(Err(_)) | None) => return Poll::Pending,
            }
        }
        Poll::Pending
    }
}

/// A report is 16 bits of event and 32 bits of value.
fn read(report: &[u8]) -> (SocketEvent, u32) {
    let (event, rest) = report.split_first_chunk().unwrap_or((&[0; 2], &[]));
    let value = rest.first_chunk().map_or(0, |value| u32::from_ne_bytes(*value));
    (SocketEvent::from_raw(u16::from_ne_bytes(*event)), value)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Since then.
    Connecting(Instant),
    Handshaking,
    Up,
    /// Until the owner begins the next attempt.
    Idle,
}

impl State {
    /// What follows from an event. The end of an attempt has several; the first one tells it.
    fn after(&mut self, event: SocketEvent, value: u32, connect_timeout: Duration) -> Option<Change> {
        use SocketEvent as Event;
        let before = *self;
        *self = match event {
            Event::CONNECTED => Self::Handshaking,
            Event::HANDSHAKE_SUCCEEDED => Self::Up,
            Event::CONNECT_RETRIED
            | Event::DISCONNECTED
            | Event::HANDSHAKE_FAILED_NO_DETAIL
            | Event::HANDSHAKE_FAILED_PROTOCOL
            | Event::HANDSHAKE_FAILED_AUTH => Self::Idle,
            _ => return None,
        };
        match (before, *self) {
            (_, Self::Up) => Some(Change::Up),
            (Self::Up, _) => Some(Change::Lost("the peer closed the connection".to_owned())),
            (Self::Connecting(since), Self::Idle) => {
                Some(Change::AttemptFailed(if since.elapsed() >= connect_timeout {
                    format!("no answer within {} ms", connect_timeout.as_millis())
                } else {
                    "refused: nobody listens there".to_owned()
                }))
            }
            (Self::Handshaking, Self::Idle) => Some(Change::AttemptFailed(match event {
                Event::HANDSHAKE_FAILED_PROTOCOL => format!("what listens there speaks no ZeroMQ (error {value:#x})"),
                Event::HANDSHAKE_FAILED_AUTH => format!("the peer wants credentials (status {value})"),
                _ => "the peer closed the connection during the handshake".to_owned(),
            })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use SocketEvent::*;

    use super::*;

    fn story(events: &[SocketEvent]) -> Vec<Option<&'static str>> {
        let mut state = State::Connecting(Instant::now());
        let told = events.iter().map(|event| match state.after(*event, 0, Duration::MAX) {
            None => None,
            Some(Change::Up) => Some("up"),
            Some(Change::AttemptFailed(_)) => Some("failed"),
            Some(Change::Lost(_)) => Some("lost"),
        });
        told.collect()
    }

    #[test]
    fn the_life_of_a_connection_is_told_once() {
        assert_eq!(
            story(&[CONNECTED, HANDSHAKE_SUCCEEDED, DISCONNECTED, CONNECT_RETRIED]),
            [None, Some("up"), Some("lost"), None]
        );
    }

    #[test]
    fn a_refused_attempt_fails() {
        assert_eq!(story(&[CONNECT_RETRIED]), [Some("failed")]);
    }

    #[test]
    fn an_attempt_that_ends_in_the_handshake_fails_once() {
        for failure in [HANDSHAKE_FAILED_NO_DETAIL, HANDSHAKE_FAILED_PROTOCOL, HANDSHAKE_FAILED_AUTH] {
            assert_eq!(story(&[CONNECTED, failure, DISCONNECTED, CONNECT_RETRIED]), [None, Some("failed"), None, None]);
        }
        assert_eq!(story(&[CONNECTED, DISCONNECTED]), [None, Some("failed")]);
    }

    #[test]
    fn an_attempt_without_an_answer_says_so() {
        let mut state = State::Connecting(Instant::now());
        let change = state.after(CONNECT_RETRIED, 50, Duration::ZERO);
        assert_eq!(change, Some(Change::AttemptFailed("no answer within 0 ms".to_owned())));
    }
}
