//! One transfer: what has come of it, what goes, and who waits for what. Plain data, no I/O.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::arriving::Arriving;
use super::intake::Chunk;
use super::outlet::Ask;
use crate::attachment::Attachment;
use crate::error::Error;
use crate::server::job::ReturnAddress;
use crate::server::table::Job;
use crate::transport::{Message, Peer};
use crate::wire::Envelope;

/// One who asks for what is late may have to wait for whoever makes it; not longer than so many idle times.
const PATIENCE: u32 = 10;

pub(super) struct Transfer {
    /// Until it runs.
    pub(super) job: Option<Job>,
    pub(super) incoming: Vec<Incoming>,
    pub(super) outgoing: Vec<Outgoing>,
    /// The method begins at once.
    pub(super) early: bool,
    /// `EXEC` has come.
    pub(super) executed: bool,
    /// Whose `EXEC` started it: what a `RESET` stops.
    pub(super) runs: Option<(Peer, Envelope)>,
    /// Where the answer goes instead: `EXEC` came again, over another connection.
    pub(super) again: Option<ReturnAddress>,
    /// The answer of one that was early, until its caller says with `RESET` that it has come.
    pub(super) answer: Option<Message>,
    /// What went wrong with an attachment.
    pub(super) failed: Option<Error>,
    pub(super) part_keys: Vec<String>,
    pub(super) touched: Instant,
}

pub(super) struct Incoming {
    pub(super) state: Arriving,
    /// `None` where nothing is to come.
    pub(super) chunks: Option<UnboundedSender<Chunk>>,
    pub(super) under_way: UnderWay,
    /// Once it is whole; one that is streamed from the start.
    pub(super) attachment: Option<Attachment>,
}

impl Incoming {
    pub(super) fn new(state: Arriving) -> Self {
        Self { state, chunks: None, under_way: UnderWay::default(), attachment: None }
    }
}

pub(super) struct Outgoing {
    pub(super) name: String,
    pub(super) asks: UnboundedSender<Ask>,
    pub(super) under_way: UnderWay,
    pub(super) task: AbortHandle,
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Chunks that were handed to a task, which answers them in their order.
#[derive(Debug, Default)]
pub(super) struct UnderWay(VecDeque<Handed>);

#[derive(Debug)]
struct Handed {
    offset: u64,
    length: u64,
    /// Who said it once more: the connection was lost that it came over at first.
    again: Option<ReturnAddress>,
}

impl UnderWay {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, offset: u64, length: u64) {
        self.0.push_back(Handed { offset, length, again: None });
    }

    /// Where this very chunk is under way, `to` is answered with it; else gives `to` back.
    pub(super) fn repeat(&mut self, offset: u64, length: u64, to: ReturnAddress) -> Option<ReturnAddress> {
        match self.0.iter_mut().find(|handed| (handed.offset, handed.length) == (offset, length)) {
            Some(handed) => {
                handed.again = Some(to);
                None
            }
            None => Some(to),
        }
    }

    /// The oldest is answered; gives who is to be answered too.
    pub(super) fn pop(&mut self) -> Option<ReturnAddress> {
        self.0.pop_front().and_then(|handed| handed.again)
    }
}

impl Transfer {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            job: None,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            early: false,
            executed: false,
            runs: None,
            again: None,
            answer: None,
            failed: None,
            part_keys: Vec::new(),
            touched: now,
        }
    }

    /// Bytes that are in memory because of it, but for the chunks that come.
    pub(super) fn held(&self, chunk: usize) -> usize {
        let asked: usize = self.outgoing.iter().map(|one| one.under_way.len()).sum();
        asked * chunk + self.answer.as_ref().map_or(0, Message::byte_len)
    }

    /// Whether it has rested for too long, where it is the other side's turn.
    pub(super) fn is_over(&self, now: Instant, idle: Duration) -> bool {
        let rested = now.duration_since(self.touched);
        rested > idle && (self.is_silent() || (!self.outgoing.is_empty() && rested / PATIENCE > idle))
    }

    /// Whether it is the other side's turn.
    fn is_silent(&self) -> bool {
        let awaits_chunks = |one: &Incoming| !one.state.has_ended() && one.state.is_settled();
        match (self.executed, self.outgoing.is_empty()) {
            (false, _) => true,
            (true, false) => self.outgoing.iter().all(|one| one.under_way.len() == 0),
            (true, true) => self.answer.is_some() || (self.early && self.incoming.iter().any(awaits_chunks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn to(peer: &[u8]) -> ReturnAddress {
        ReturnAddress::new(Peer::new(peer), Envelope::new(), 0, Instant::now())
    }

    #[test]
    fn a_chunk_that_comes_again_while_it_is_under_way_is_answered_with_the_first() {
        let mut under_way = UnderWay::default();
        under_way.push(0, 4);
        under_way.push(4, 4);
        assert!(under_way.repeat(4, 4, to(b"a")).is_none());
        assert!(under_way.repeat(4, 4, to(b"b")).is_none());
        assert_eq!(under_way.repeat(4, 3, to(b"c")).unwrap().peer, Peer::new(b"c"), "another chunk");
        assert!(under_way.pop().is_none());
        assert_eq!(under_way.pop().unwrap().peer, Peer::new(b"b"), "the last one to ask");
        assert!(under_way.pop().is_none() && under_way.len() == 0);
    }

    #[test]
    fn who_waits_for_the_other_side_rests_no_longer_than_the_idle_time() {
        let (begin, idle) = (Instant::now(), Duration::from_secs(1));
        let after = |tenths: u32| begin + Duration::from_millis(100) * tenths;
        let mut transfer = Transfer::new(begin);
        assert!(!transfer.is_over(after(10), idle) && transfer.is_over(after(11), idle));
        transfer.executed = true;
        assert!(!transfer.is_over(after(1000), idle), "its method runs");
        transfer.answer = Some(Message::from([Bytes::from_static(b"answer")]));
        assert!(transfer.is_over(after(11), idle));
        assert_eq!(transfer.held(100), 6);
    }

    #[tokio::test]
    async fn who_waits_for_what_is_never_made_waits_for_a_few_idle_times() {
        let (begin, idle) = (Instant::now(), Duration::from_secs(1));
        let (asks, _) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(std::future::pending::<()>()).abort_handle();
        let mut outgoing = Outgoing { name: "a".into(), asks, under_way: UnderWay::default(), task };
        outgoing.under_way.push(0, 4);
        let transfer = Transfer { outgoing: vec![outgoing], executed: true, ..Transfer::new(begin) };
        assert!(!transfer.is_over(begin + 2 * idle, idle) && transfer.is_over(begin + 11 * idle, idle));
        assert_eq!(transfer.held(100), 100);
    }
}
