//! The task that owns a service's socket: reads calls, starts them, sends their replies.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::Limits;
use super::admission::{Admission, Arrival};
use super::cancel::Cancellable;
use super::job::{self, Done, ReturnAddress};
use super::runners::{Runners, STUCK};
use super::table::{Ends, Job, Table};
use crate::Json;
use crate::error::Error;
use crate::protocol;
use crate::reply::Reply;
use crate::request::PeerId;
use crate::transport::{Incoming, Listener, Peer, SendError, TransportError};
use crate::wire::{Body, Command, Envelope};

/// Messages and replies handled before others on the runtime get their turn.
const BATCH: usize = 256;

/// Peers whose id is remembered as text; over it the memory starts anew.
const KNOWN_PEERS: usize = 10_000;

/// How often dropped replies are reported.
const REPORT: Duration = Duration::from_secs(60);

/// What the socket's task is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Refuse new calls, finish those at hand within the limit, tell how many were cut, end.
    Drain { limit: Duration, cut: oneshot::Sender<usize> },
}

pub(super) struct SocketTask {
    listener: Box<dyn Listener>,
    table: Arc<Table>,
    limits: Limits,
    admission: Admission<(Job, ReturnAddress)>,
    done: mpsc::UnboundedReceiver<Done>,
    // Not bounded, and need not be: each running call sends once, and their number is.
    finished: mpsc::UnboundedSender<Done>,
    orders: mpsc::Receiver<Order>,
    peers: HashMap<Peer, PeerId>,
    runners: Runners,
    cancellable: Cancellable,
    draining: bool,
    dropped: Dropped,
}

enum Woken {
    Received,
    Done,
    Order(Order),
    /// Calls have waited for their runner for a while.
    Stuck,
    Abandoned,
    Failed(TransportError),
}

/// Replies that could not be delivered: counted, reported once a minute.
#[derive(Default)]
struct Dropped {
    slow: u64,
    gone: u64,
    reported: Option<Instant>,
}

impl SocketTask {
    pub(super) fn new(
        listener: Box<dyn Listener>,
        table: Arc<Table>,
        limits: Limits,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        let (finished, done) = mpsc::unbounded_channel();
        Self {
            listener,
            table,
            limits,
            admission: Admission::new(limits),
            done,
            finished,
            orders,
            peers: HashMap::new(),
            runners: Runners::default(),
            cancellable: Cancellable::default(),
            draining: false,
            dropped: Dropped::default(),
        }
    }

    /// Runs until it is told to end, or the socket breaks.
    pub(super) async fn run(mut self, ended: watch::Sender<Option<Result<(), Arc<TransportError>>>>) {
        let (mut received, mut done) = (Vec::new(), Vec::new());
        let mut drain: Option<(tokio::time::Instant, oneshot::Sender<usize>)> = None;
        let outcome = loop {
            if drain.is_some() && self.admission.is_idle() {
                break Ok(());
            }
            let deadline = drain.as_ref().map(|(deadline, _)| *deadline);
            let woken = match deadline {
                None => self.next(&mut received, &mut done).await,
                Some(deadline) => match tokio::time::timeout_at(deadline, self.next(&mut received, &mut done)).await {
                    Ok(woken) => woken,
                    Err(_) => break Ok(()),
                },
            };
            match woken {
                Woken::Received => self.receive(&mut received),
                Woken::Done => self.finish(&mut done),
                Woken::Order(Order::Drain { limit, cut }) => {
                    self.draining = true;
                    drain = Some((tokio::time::Instant::now() + limit, cut));
                }
                Woken::Stuck => self.runners.look(),
                Woken::Abandoned => break Ok(()),
                Woken::Failed(error) => break Err(Arc::new(error)),
            }
            self.listener.flush();
            // Under a flood this task is always ready: the calls it has started come first.
            job::give_way().await;
        };
        let unfinished = self.admission.running() + self.admission.queued();
        self.listener.close().await;
        if let Some((_, cut)) = drain {
            let _ = cut.send(unfinished);
        }
        let _ = ended.send(Some(outcome));
    }

    async fn next(&mut self, received: &mut Vec<Incoming>, done: &mut Vec<Done>) -> Woken {
        self.runners.start();
        let mut stuck = pin!(self.runners.has_waiting().then(|| tokio::time::sleep(STUCK)));
        poll_fn(|cx| {
            // Replies first: they make room for calls.
            if self.done.poll_recv_many(cx, done, BATCH).is_ready() {
                return Poll::Ready(Woken::Done);
            }
            if let Poll::Ready(outcome) = self.listener.poll_receive(cx, received, BATCH) {
                return Poll::Ready(outcome.map_or_else(Woken::Failed, |()| Woken::Received));
            }
            match self.orders.poll_recv(cx) {
                Poll::Ready(Some(order)) => return Poll::Ready(Woken::Order(order)),
                Poll::Ready(None) if !self.draining => return Poll::Ready(Woken::Abandoned),
                _ => {}
            }
            match stuck.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx)) {
                Some(Poll::Ready(())) => Poll::Ready(Woken::Stuck),
                _ => Poll::Pending,
            }
        })
        .await
    }

    fn receive(&mut self, received: &mut Vec<Incoming>) {
        let now = Instant::now();
        for Incoming { peer, message } in received.drain(..) {
            let size = message.byte_len();
            let (envelope, body) = protocol::split_request(message);
            let to = ReturnAddress { peer, envelope, size };
            match body.and_then(|body| Ok((protocol::command(&body)?, body))) {
                Ok((Command::Call, body)) => self.call(body, to, now),
                Ok((Command::Cancel, body)) => self.cancel(&body, to),
                Err(error) => self.refuse(to.peer, to.envelope, error),
            }
        }
    }

    fn call(&mut self, body: Body, to: ReturnAddress, now: Instant) {
        let id = self.peer_id(&to.peer);
        let table = &self.table;
        let resolved = protocol::read_call(body, |call| table.resolve(call, &id, now)).and_then(|job| job);
        let size = to.size;
        match resolved {
            Err(error) => self.refuse(to.peer, to.envelope, error),
            Ok(_) if self.draining => {
                let error = Error::overloaded("the service is shutting down; try another");
                self.refuse(to.peer, to.envelope, error);
            }
            Ok(job) => match self.admission.arrive((job, to), size) {
                Arrival::Start((job, to)) => self.start(job, to, now),
                Arrival::Queued => {}
                Arrival::Refused((_, to), reason) => self.refuse(to.peer, to.envelope, Error::overloaded(reason)),
            },
        }
    }

    /// Nobody waits for a call any more.
    fn cancel(&mut self, body: &Body, to: ReturnAddress) {
        match protocol::read_cancel(body) {
            Ok(id) => {
                let waits = self.admission.remove(|(job, call)| job.ends != Ends::Never && call.is_of(&to.peer, &id));
                if waits.is_none() && !self.cancellable.cancel(&to.peer, &id) {
                    self.runners.remove(|call| call.may_cancel(&to.peer, &id));
                }
                self.answer(to.peer, to.envelope, Reply::result(Json::EMPTY_OBJECT));
            }
            Err(error) => self.refuse(to.peer, to.envelope, error),
        }
    }

    fn finish(&mut self, done: &mut Vec<Done>) {
        for Done { peer, message, size } in done.drain(..) {
            if let Some(message) = message {
                let sent = self.listener.send(&peer, message);
                self.note(&peer, sent);
            }
            self.admission.finished(size);
        }
        while let Some((job, to)) = self.admission.next() {
            self.start(job, to, Instant::now());
        }
    }

    fn start(&self, job: Job, to: ReturnAddress, now: Instant) {
        job::start(job, to, self.finished.clone(), self.limits.reply_size, &self.runners, &self.cancellable, now);
    }

    fn refuse(&mut self, peer: Peer, envelope: Envelope, error: Error) {
        self.answer(peer, envelope, Reply::failed(error));
    }

    /// Answers at once, without a job.
    fn answer(&mut self, peer: Peer, envelope: Envelope, reply: Reply) {
        let message = protocol::write_reply(envelope, reply, None, ("", ""));
        let sent = self.listener.send(&peer, message);
        self.note(&peer, sent);
    }

    fn note(&mut self, peer: &Peer, sent: Result<(), SendError>) {
        match sent {
            Ok(()) => return,
            Err(SendError::PeerSlow) => self.dropped.slow += 1,
            Err(SendError::PeerGone) => {
                self.peers.remove(peer);
                self.dropped.gone += 1;
            }
            Err(error) => tracing::warn!(%peer, %error, "a reply could not be sent"),
        }
        let now = Instant::now();
        if self.dropped.reported.is_none_or(|last| now.duration_since(last) >= REPORT) {
            let (slow, gone) = (self.dropped.slow, self.dropped.gone);
            tracing::info!(slow, gone, "replies were dropped: their callers read too slowly, or are gone");
            self.dropped = Dropped { reported: Some(now), ..Dropped::default() };
        }
    }

    fn peer_id(&mut self, peer: &Peer) -> PeerId {
        if let Some(id) = self.peers.get(peer) {
            return id.clone();
        }
        if self.peers.len() >= KNOWN_PEERS {
            self.peers.clear();
        }
        let id = PeerId::new(peer.to_string());
        self.peers.insert(peer.clone(), id.clone());
        id
    }
}
