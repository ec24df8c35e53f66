//! The task that owns a service's socket: reads calls, starts them, sends their replies.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Sleep;

use super::admission::{Admission, Arrival};
use super::cancel::Cancellable;
use super::carry::Terms;
use super::job::{self, Done, Ending, InCommon, ReturnAddress};
use super::runners::{Runners, STUCK};
use super::statistics::{self, About, Counters, Seen};
use super::table::{Counted, Ends, Job, Table};
use super::transfers::{Event, Step, TransferLimits, Transfers};
use super::{Cut, Limits, MethodLimit};
use crate::Json;
use crate::error::{Error, code};
use crate::fast_map::FastMap;
use crate::give_way::give_way;
use crate::protocol;
use crate::reply::Reply;
use crate::request::PeerId;
use crate::stat;
use crate::transport::{Incoming, Listener, Message, Peer, SendError, TransportError};
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
    /// Refuse new calls, finish those at hand within the limit, tell which were cut, end.
    Drain { limit: Duration, cut: oneshot::Sender<Vec<Cut>> },
}

pub(super) struct SocketTask {
    listener: Box<dyn Listener>,
    table: Arc<Table>,
    about: Arc<About>,
    admission: Admission<(Job, ReturnAddress)>,
    done: mpsc::UnboundedReceiver<Done>,
    orders: mpsc::Receiver<Order>,
    peers: FastMap<Peer, PeerId>,
    runners: Runners,
    /// Rings when it is to be looked whether calls wait in vain for their runner. It is left to ring also where none wait
    /// any more: a timer for each call would wake the runtime once more for each.
    stuck: Option<Pin<Box<Sleep>>>,
    common: Arc<InCommon>,
    transfers: Transfers,
    draining: bool,
    dropped: Dropped,
}

enum Woken {
    Received,
    Done,
    /// Something became of a transfer.
    Transfer(Event),
    /// Transfers are to be looked through for those that rest.
    Sweep,
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

fn shutting_down() -> Error {
    Error::overloaded("the service is shutting down; try another")
}

impl SocketTask {
    pub(super) fn new(
        listener: Box<dyn Listener>,
        table: Arc<Table>,
        about: Arc<About>,
        limits: Limits,
        method_limits: Vec<(usize, MethodLimit)>,
        transfers: TransferLimits,
        orders: mpsc::Receiver<Order>,
    ) -> crate::Result<Self> {
        let (finished, done) = mpsc::unbounded_channel();
        let transfers = transfers.fitting(limits.message_size, limits.reply_size);
        let mut admission = Admission::new(limits);
        for (method, limit) in method_limits {
            let Counted { interface, method: name, .. } = table.counted(method);
            admission.limit(method, format!("{interface}.{name}"), limit);
        }
        Ok(Self {
            listener,
            table,
            about,
            admission,
            done,
            orders,
            peers: FastMap::default(),
            runners: Runners::default(),
            stuck: None,
            common: Arc::new(InCommon {
                done: finished,
                terms: Terms::new(&limits, &transfers),
                cancellable: Cancellable::default(),
            }),
            transfers: Transfers::new(transfers)?,
            draining: false,
            dropped: Dropped::default(),
        })
    }

    /// Runs until it is told to end, or the socket breaks.
    pub(super) async fn run(mut self, ended: watch::Sender<Option<Result<(), Arc<TransportError>>>>) {
        let (mut received, mut done) = (Vec::new(), Vec::new());
        let mut drain: Option<(tokio::time::Instant, oneshot::Sender<Vec<Cut>>)> = None;
        let outcome = loop {
            if drain.is_some() && self.admission.is_idle() && self.transfers.is_idle() {
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
                Woken::Transfer(event) => {
                    let now = Instant::now();
                    self.transferred(event, now);
                    self.look_at_transfers(now);
                }
                Woken::Sweep => self.transfers.sweep(Instant::now()),
                Woken::Order(Order::Drain { limit, cut }) => {
                    self.draining = true;
                    self.about.begin_to_drain();
                    drain = Some((tokio::time::Instant::now() + limit, cut));
                }
                Woken::Stuck => self.runners.look(),
                Woken::Abandoned => break Ok(()),
                Woken::Failed(error) => break Err(Arc::new(error)),
            }
            self.listener.flush();
            // Under a flood this task is always ready: the calls it has started come first.
            give_way().await;
        };
        let unfinished = self.table.busy();
        self.cut();
        self.listener.close().await;
        if let Some((_, cut)) = drain {
            let _ = cut.send(unfinished);
        }
        let _ = ended.send(Some(outcome));
    }

    /// Ends what has not ended: those that wait are refused, those that run are stopped where that can be done. Their
    /// callers see the connection go.
    fn cut(&mut self) {
        for (job, to) in self.admission.remove_all() {
            let counters = self.counters(job.method.number);
            counters.queued.take(1);
            counters.refused.add(1);
            self.refuse(to.peer, to.envelope, shutting_down());
        }
        self.listener.flush();
        self.common.cancellable.cancel_all();
    }

    async fn next(&mut self, received: &mut Vec<Incoming>, done: &mut Vec<Done>) -> Woken {
        self.runners.start();
        let sweep = self.transfers.next_sweep().map(|at| tokio::time::sleep_until(at.into()));
        let mut sweep = pin!(sweep);
        if self.stuck.is_none() && self.runners.has_waiting() {
            self.stuck = Some(Box::pin(tokio::time::sleep(STUCK)));
        }
        poll_fn(|cx| {
            // Replies first: they make room for calls.
            if self.done.poll_recv_many(cx, done, BATCH).is_ready() {
                return Poll::Ready(Woken::Done);
            }
            if let Poll::Ready(outcome) = self.listener.poll_receive(cx, received, BATCH) {
                return Poll::Ready(outcome.map_or_else(Woken::Failed, |()| Woken::Received));
            }
            if let Poll::Ready(Some(event)) = self.transfers.events().poll_recv(cx) {
                return Poll::Ready(Woken::Transfer(event));
            }
            match self.orders.poll_recv(cx) {
                Poll::Ready(Some(order)) => return Poll::Ready(Woken::Order(order)),
                Poll::Ready(None) if !self.draining => return Poll::Ready(Woken::Abandoned),
                _ => {}
            }
            if let Some(Poll::Ready(())) = sweep.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx)) {
                return Poll::Ready(Woken::Sweep);
            }
            match self.stuck.as_mut().map(|sleep| sleep.as_mut().poll(cx)) {
                Some(Poll::Ready(())) => {
                    self.stuck = None;
                    Poll::Ready(Woken::Stuck)
                }
                _ => {
                    self.runners.socket_waits();
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn receive(&mut self, received: &mut Vec<Incoming>) {
        let now = Instant::now();
        let seen = self.about.monitor.seen(now);
        for Incoming { peer, message } in received.drain(..) {
            let size = message.byte_len();
            let (envelope, body) = protocol::split_request(message);
            let to = ReturnAddress::new(peer, envelope, size, now);
            match body.and_then(|body| Ok((protocol::command(&body)?, body))) {
                Ok((Command::Call, body)) => self.call(body, to, seen),
                Ok((Command::Cancel, body)) => self.cancel(&body, to),
                Ok((Command::Prepare, body)) => self.prepare(body, to),
                Ok((Command::Fput, body)) => {
                    let step = self.transfers.put(body, to, now);
                    self.step(step, seen);
                }
                Ok((Command::Exec, body)) => {
                    let step = self.transfers.execute(&body, to, now);
                    self.step(step, seen);
                }
                Ok((Command::Fget, body)) => {
                    let step = self.transfers.get(&body, to, now);
                    self.step(step, seen);
                }
                Ok((Command::Reset, body)) => {
                    let step = self.transfers.reset(&body, to);
                    self.step(step, seen);
                }
                Err(error) => self.misunderstood(to, error),
            }
        }
    }

    fn call(&mut self, body: Body, to: ReturnAddress, seen: Seen) {
        let id = self.peer_id(&to.peer);
        let (table, now) = (&self.table, to.arrived);
        let resolved = protocol::read_call(body, |call| table.resolve(call, &id, now)).and_then(|job| job);
        match resolved {
            Ok(job) => self.admit(job, to, seen),
            Err(error) => self.misunderstood(to, error),
        }
    }

    /// A call that is ready to run.
    fn admit(&mut self, job: Job, mut to: ReturnAddress, seen: Seen) {
        let (size, now, number) = (to.size, to.arrived, job.method.number);
        self.counters(number).bytes_in.add(size as u64);
        if self.draining {
            self.transfers.not_run(&job);
            self.counters(number).refused.add(1);
            return self.refuse(to.peer, to.envelope, shutting_down());
        }
        if seen == Seen::Payloads {
            to.seen = Some(Box::new(job.request.args.clone()));
        }
        match self.admission.arrive((job, to), number, size) {
            Arrival::Start((job, to)) => {
                self.counters(number).in_flight.add(1);
                self.start(job, to, now);
            }
            Arrival::Queued => self.counters(number).queued.add(1),
            Arrival::Refused((job, to), reason) => {
                self.transfers.not_run(&job);
                self.counters(number).refused.add(1);
                self.refuse(to.peer, to.envelope, Error::overloaded(reason));
            }
        }
    }

    fn prepare(&mut self, body: Body, to: ReturnAddress) {
        if self.draining {
            let error = Error::overloaded("the service is shutting down; try another");
            return self.refuse(to.peer, to.envelope, error);
        }
        let id = self.peer_id(&to.peer);
        let (table, now) = (&self.table, to.arrived);
        let said = protocol::read_prepare(&body);
        let read = protocol::read_call(body, |call| table.resolve(call, &id, now)).and_then(|job| job);
        match said.and_then(|said| Ok((read?, said))) {
            Ok((job, said)) => {
                let step = self.transfers.prepare(job, said, to, now);
                self.step(step, Seen::Nothing);
            }
            Err(error) => self.misunderstood(to, error),
        }
    }

    /// Does what a command of a transfer asks for.
    fn step(&mut self, step: Step, seen: Seen) {
        match step {
            Step::Answer(peer, message) => self.send(&peer, message),
            Step::Both(peer, message, to) => {
                self.send(&peer, message.clone());
                self.send(&to.peer, protocol::readdressed(message, to.envelope));
            }
            Step::Stop(peer, message, caller, envelope) => {
                if let [id] = envelope.as_slice() {
                    self.stop(&caller, id);
                }
                self.send(&peer, message);
            }
            Step::Run(job, to) => self.admit(*job, to, seen),
            Step::Later => {}
        }
    }

    /// Something became of a transfer.
    fn transferred(&mut self, event: Event, now: Instant) {
        let step = self.transfers.happened(event, now);
        self.step(step, Seen::Nothing);
    }

    /// Looks at what became of transfers so far.
    fn look_at_transfers(&mut self, now: Instant) {
        for _ in 0..BATCH {
            let Ok(event) = self.transfers.events().try_recv() else { break };
            self.transferred(event, now);
        }
    }

    /// Answers a request that named no method, or was none.
    fn misunderstood(&mut self, to: ReturnAddress, error: Error) {
        self.about.bad_requests.add(error.code().unwrap_or(code::UNKNOWN));
        self.refuse(to.peer, to.envelope, error);
    }

    /// Stops the call of `peer` that bears `id`, where its method allows that: it waits, runs, or has its turn next.
    fn stop(&mut self, peer: &Peer, id: &[u8]) {
        let waits = self.admission.remove(|(job, call)| job.method.ends != Ends::Never && call.is_of(peer, id));
        if let Some((job, _)) = waits {
            self.transfers.not_run(&job);
            let counters = self.counters(job.method.number);
            counters.queued.take(1);
            counters.cancelled.add(1);
        } else if !self.common.cancellable.cancel(peer, id) {
            self.runners.remove(|call| call.may_cancel(peer, id));
        }
    }

    /// Nobody waits for a call any more.
    fn cancel(&mut self, body: &Body, to: ReturnAddress) {
        match protocol::read_cancel(body) {
            Ok(id) => {
                self.stop(&to.peer, &id);
                self.answer(to.peer, to.envelope, Reply::result(Json::EMPTY_OBJECT));
            }
            Err(error) => self.misunderstood(to, error),
        }
    }

    fn finish(&mut self, done: &mut Vec<Done>) {
        let now = Instant::now();
        let looked_on = self.about.monitor.seen(now) != Seen::Nothing;
        for mut done in done.drain(..) {
            self.count(&done, now, looked_on);
            self.admission.finished(done.method, done.size);
            let elsewhere = match done.transfer.take() {
                Some(transfer) => {
                    // What its method has taken, it took before it ended.
                    self.look_at_transfers(now);
                    self.transfers.ended(*transfer, done.message.as_ref(), now)
                }
                None => Ok(None),
            };
            match (done.message, elsewhere) {
                (Some(message), Ok(None)) => self.send(&done.peer, message),
                (Some(message), Ok(Some(to))) => self.send(&to.peer, protocol::readdressed(message, to.envelope)),
                (Some(message), Err(error)) => self.refuse(done.peer, protocol::split_request(message).0, error),
                (None, Ok(Some(to))) => {
                    let error = Error::from_code(code::UNKNOWN, "The call was cancelled".into(), Default::default());
                    self.refuse(to.peer, to.envelope, error);
                }
                (None, _) => {}
            }
        }
        if looked_on {
            self.about.monitor.publish();
        }
        while let Some((job, to)) = self.admission.next() {
            let counters = self.counters(job.method.number);
            counters.queued.take(1);
            counters.in_flight.add(1);
            self.start(job, to, now);
        }
    }

    fn counters(&self, method: usize) -> &Counters {
        &self.table.counted(method).counters
    }

    fn count(&self, done: &Done, now: Instant, looked_on: bool) {
        let Counted { counters, interface, method, .. } = self.table.counted(done.method);
        counters.in_flight.take(1);
        let (code, message) = match (done.ending, &done.message) {
            (Ending::Answered(code), Some(message)) => (code, message),
            (Ending::Refused, _) => return counters.refused.add(1),
            _ => return counters.cancelled.add(1),
        };
        let (duration, size) = (now.saturating_duration_since(done.arrived), message.byte_len());
        counters.answered(code, duration, size);
        if !looked_on || **interface == *stat::INTERFACE {
            return;
        }
        let answer = protocol::json_of_answer(message);
        self.about.monitor.keep(&statistics::Ended {
            interface,
            method,
            start: self.about.clock(done.arrived),
            duration,
            code,
            sizes: (done.size, size),
            peer: self.peers.get(&done.peer).map_or("", PeerId::as_str),
            payloads: done.seen.as_ref().map(|args| (args.as_str(), answer)),
        });
    }

    fn start(&self, job: Job, to: ReturnAddress, now: Instant) {
        job::start(job, to, &self.common, &self.runners, now);
    }

    fn refuse(&mut self, peer: Peer, envelope: Envelope, error: Error) {
        self.answer(peer, envelope, Reply::failed(error));
    }

    /// Answers at once, without a job.
    fn answer(&mut self, peer: Peer, envelope: Envelope, reply: Reply) {
        self.send(&peer, protocol::write_reply(envelope, reply, None, ("", "")));
    }

    fn send(&mut self, peer: &Peer, message: Message) {
        let sent = self.listener.send(peer, message);
        self.note(peer, sent);
    }

    fn note(&mut self, peer: &Peer, sent: Result<(), SendError>) {
        match sent {
            Ok(()) => return,
            Err(SendError::PeerSlow) => {
                self.dropped.slow += 1;
                self.about.dropped_slow.add(1);
            }
            Err(SendError::PeerGone) => {
                self.peers.remove(peer);
                self.dropped.gone += 1;
                self.about.dropped_gone.add(1);
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
        let id = PeerId::new(peer.to_string(), self.about.clone());
        self.peers.insert(peer.clone(), id.clone());
        id
    }
}
