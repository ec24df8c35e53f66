//! The life of the calls on one connection, as plain data: waiting for the connection, sent,
//! answered, given up, expired.
//!
//! No sockets, no clock: the connection task tells what happened and when.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::transport::Message;
use crate::wire::Body;

/// How a call ended without a reply that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There is no connection, for the reason given; the call was not sent.
    NotConnected(String),
    /// As many calls as one connection carries are under way; the call was not sent.
    Full,
    /// The connection was lost after the call was sent.
    Lost(String),
    /// The deadline passed; whether it had been sent.
    Expired { sent: bool },
    /// What came back under its id was no reply.
    Unreadable(String),
}

/// Where the answer of a call is awaited.
pub(crate) type Answer = oneshot::Sender<Result<Body, Ended>>;

/// A call on its way to the connection.
#[derive(Debug)]
pub(crate) struct NewCall {
    pub(crate) id: u64,
    pub(crate) message: Message,
    pub(crate) deadline: Instant,
    pub(crate) answer: Answer,
}

/// Spreads our own ids, which count upwards: nobody else chooses them, so that no defence against chosen ones is needed.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only ids are hashed");
    }

    fn write_u64(&mut self, id: u64) {
        // 2⁶⁴ divided by the golden ratio.
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
struct Pending {
    answer: Answer,
    sent: bool,
}

/// All calls of one connection that have not ended.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    calls: HashMap<u64, Pending, BuildHasherDefault<IdHasher>>,
    /// Not sent yet, in order; those that ended meanwhile are skipped.
    waiting: VecDeque<(u64, Message)>,
    /// Earliest first; those of calls that ended meanwhile are dropped when they come up, or when
    /// they outnumber the living.
    deadlines: BinaryHeap<Reverse<(Instant, u64)>>,
    /// Sent, and nobody waits for them any more: the service is to be told.
    given_up: VecDeque<u64>,
}

/// Calls given up that the service has not been told of yet. It is not told of more: their
/// deadlines end them there.
const GIVEN_UP: usize = 1024;

impl InFlight {
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether calls wait for the connection.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes a call in; it waits to be sent.
    pub(crate) fn insert(&mut self, call: NewCall) {
        self.deadlines.push(Reverse((call.deadline, call.id)));
        self.calls.insert(call.id, Pending { answer: call.answer, sent: false });
        self.waiting.push_back((call.id, call.message));
        self.tidy();
    }

    /// The next message to be sent. It counts as sent from now on: give it back with
    /// [`put_back`](Self::put_back) if it was not.
    pub(crate) fn next_to_send(&mut self) -> Option<(u64, Message)> {
        while let Some((id, message)) = self.waiting.pop_front() {
            if let Some(call) = self.calls.get_mut(&id) {
                call.sent = true;
                return Some((id, message));
            }
        }
        None
    }

    /// A message that was not sent after all.
    pub(crate) fn put_back(&mut self, id: u64, message: Message) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.sent = false;
            self.waiting.push_front((id, message));
        }
    }

    /// The answer to a call; says whether anybody waited for it.
    pub(crate) fn answered(&mut self, id: u64, answer: Result<Body, Ended>) -> bool {
        match self.calls.remove(&id) {
            Some(call) => call.answer.send(answer).is_ok(),
            None => false,
        }
    }

    /// Nobody waits for this call any more.
    pub(crate) fn cancel(&mut self, id: u64) {
        if self.calls.remove(&id).is_some_and(|call| call.sent) {
            self.give_up(id);
        }
        self.tidy();
    }

    fn give_up(&mut self, id: u64) {
        if self.given_up.len() < GIVEN_UP {
            self.given_up.push_back(id);
        }
    }

    /// The next call that the service is to be told of that nobody waits for it.
    pub(crate) fn next_given_up(&mut self) -> Option<u64> {
        self.given_up.pop_front()
    }

    /// It was not told after all.
    pub(crate) fn put_back_given_up(&mut self, id: u64) {
        self.given_up.push_front(id);
    }

    /// Drops what is left of ended calls, where it outweighs the living ones: each call pays for
    /// a few others once.
    fn tidy(&mut self) {
        const FEW: usize = 64;
        let calls = &self.calls;
        if self.deadlines.len() > FEW && self.deadlines.len() > 4 * calls.len() {
            self.deadlines.retain(|Reverse((_, id))| calls.contains_key(id));
        }
        if self.waiting.len() > FEW && self.waiting.len() > 4 * calls.len() {
            self.waiting.retain(|(id, _)| calls.contains_key(id));
        }
    }

    /// The connection is gone: what was sent may have run.
    pub(crate) fn lost(&mut self, reason: &str) {
        self.end_all(|call| call.sent, || Ended::Lost(reason.to_owned()));
        self.given_up.clear();
    }

    /// No connection could be made: what waited for it did not run.
    pub(crate) fn not_connected(&mut self, reason: &str) {
        self.end_all(|call| !call.sent, || Ended::NotConnected(reason.to_owned()));
        self.waiting.clear();
    }

    fn end_all(&mut self, which: impl Fn(&Pending) -> bool, how: impl Fn() -> Ended) {
        for (_, call) in self.calls.extract_if(|_, call| which(call)) {
            let _ = call.answer.send(Err(how()));
        }
    }

    /// Ends the calls whose deadline has passed.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(Reverse((deadline, id))) = self.deadlines.peek().copied() {
            if deadline > now && self.calls.contains_key(&id) {
                break;
            }
            self.deadlines.pop();
            if let Some(call) = self.calls.remove(&id) {
                let sent = call.sent;
                if sent {
                    self.give_up(id);
                }
                let _ = call.answer.send(Err(Ended::Expired { sent }));
            }
        }
    }

    /// When to call [`expire`](Self::expire) next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.peek().map(|Reverse((deadline, _))| *deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    type Awaited = oneshot::Receiver<Result<Body, Ended>>;

    fn insert(calls: &mut InFlight, id: u64, deadline: Instant) -> Awaited {
        let (answer, awaited) = oneshot::channel();
        calls.insert(NewCall { id, message: Message::default(), deadline, answer });
        awaited
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn ended(mut awaited: Awaited) -> Ended {
        awaited.try_recv().unwrap().unwrap_err()
    }

    #[test]
    fn an_answer_goes_to_its_own_call_once() {
        let mut calls = InFlight::default();
        let (mut first, mut second) = (insert(&mut calls, 1, soon()), insert(&mut calls, 2, soon()));
        let body = || Body { word: Bytes::from_static(b"OK"), json: Bytes::from_static(b"{}"), attachment: None };
        assert!(calls.answered(2, Ok(body())));
        assert!(!calls.answered(2, Ok(body())));
        assert!(second.try_recv().unwrap().is_ok());
        assert!(first.try_recv().is_err());
    }

    #[test]
    fn a_lost_connection_ends_what_was_sent_and_only_that() {
        let mut calls = InFlight::default();
        let (sent, mut waiting) = (insert(&mut calls, 1, soon()), insert(&mut calls, 2, soon()));
        assert_eq!(calls.next_to_send().unwrap().0, 1);
        calls.lost("reset");
        assert_eq!(ended(sent), Ended::Lost("reset".into()));
        assert!(waiting.try_recv().is_err());
        calls.not_connected("refused");
        assert!(matches!(waiting.try_recv().unwrap(), Err(Ended::NotConnected(_))));
        assert!(calls.len() == 0 && !calls.has_waiting());
    }

    #[test]
    fn a_call_expires_and_knows_whether_it_was_sent() {
        let mut calls = InFlight::default();
        let now = Instant::now();
        let (sent, waiting) = (insert(&mut calls, 1, now), insert(&mut calls, 2, now));
        let mut later = insert(&mut calls, 3, soon());
        let (id, message) = calls.next_to_send().unwrap();
        calls.next_to_send().unwrap();
        calls.put_back(2, message);
        assert_eq!(id, 1);
        calls.expire(now);
        assert_eq!(ended(sent), Ended::Expired { sent: true });
        assert_eq!(ended(waiting), Ended::Expired { sent: false });
        assert!(later.try_recv().is_err());
        assert_eq!(calls.next_to_send().unwrap().0, 3);
    }

    #[test]
    fn the_service_hears_of_calls_that_were_sent_and_are_given_up() {
        let mut calls = InFlight::default();
        let _kept: Vec<_> =
            (1..=3).map(|id| insert(&mut calls, id, if id == 1 { Instant::now() } else { soon() })).collect();
        calls.next_to_send().unwrap();
        calls.next_to_send().unwrap();
        calls.cancel(3);
        assert_eq!(calls.next_given_up(), None);
        calls.cancel(2);
        calls.expire(Instant::now());
        assert_eq!([calls.next_given_up(), calls.next_given_up(), calls.next_given_up()], [Some(2), Some(1), None]);
        calls.put_back_given_up(1);
        calls.lost("reset");
        assert_eq!(calls.next_given_up(), None);
    }

    #[test]
    fn cancelled_calls_leave_nothing_behind() {
        let mut calls = InFlight::default();
        let _kept = insert(&mut calls, 0, soon());
        for id in 1..1000 {
            drop(insert(&mut calls, id, soon()));
            calls.cancel(id);
        }
        assert!(calls.deadlines.len() <= 65 && calls.waiting.len() <= 65, "{calls:?}");
    }
}
