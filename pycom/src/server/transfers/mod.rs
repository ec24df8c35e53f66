//! Attachments in chunks, on the service's side: `PREPARE`, `FPUT`, `EXEC`, `FGET`, `RESET`.
//!
//! The socket's task owns the transfers and looks at each command; bytes are written, read and
//! hashed by tasks that it hands them to, and whose events come back to it.
//!
//! | file | owns |
//! | --- | --- |
//! | `limits` | the bounds |
//! | `transfer` | one transfer, and who waits for what of it; plain data |
//! | `step` | what is to be done with a command |
//! | `arriving` | which chunk may come next; pure |
//! | `intake` | where the chunks that come go: to the disk, or straight to the method |
//! | `outlet` | attachments of a reply, chunk by chunk |
//! | `spool` | the folder, the space in it, parts that outlive the service |

mod arriving;
mod intake;
mod limits;
mod outlet;
mod spool;
mod step;
mod transfer;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::arriving::Arriving;
use self::intake::{Chunk, End, Feed, Keeper, Place};
pub use self::limits::TransferLimits;
use self::outlet::{Ask, Fetched, Outlet};
use self::spool::{Part, Room, Spool};
pub(super) use self::step::Step;
use self::transfer::{Incoming, Outgoing, Transfer, UnderWay};
use super::job::ReturnAddress;
use super::table::Job;
use crate::attachment::{Attachment, Attachments, Hasher};
use crate::error::{Error, Result};
use crate::names::shown;
use crate::protocol;
use crate::transport::{Message, Peer, keep_freed_memory};
use crate::wire::{Body, ChunkRequest, Envelope, PrepareAnswer, Prepared};

/// Writes to the disk at once, of all transfers.
const WRITERS: usize = 4;

/// What became of something that was handed to a task.
pub(super) struct Event {
    call_id: Arc<str>,
    what: What,
}

enum What {
    /// A chunk has left the memory; with the last one, the attachment is whole.
    Settled { index: usize, length: u64, to: ReturnAddress, outcome: Result<Option<Attachment>> },
    /// A chunk that was asked for.
    Fetched { index: usize, to: ReturnAddress, outcome: Result<Fetched> },
    /// What there was of resumed attachments, by their place.
    Opened { to: ReturnAddress, parts: Result<Vec<(usize, Part)>> },
}

/// Attachments of a reply that wait to be fetched.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) call_id: Arc<str>,
    pub(crate) attachments: Attachments,
}

/// The transfers of a service.
pub(super) struct Transfers {
    limits: TransferLimits,
    spool: Arc<Spool>,
    writers: Arc<Semaphore>,
    open: HashMap<Arc<str>, Transfer>,
    /// Which transfer writes a part.
    resuming: HashMap<String, Arc<str>>,
    /// Bytes of chunks in memory.
    under_way: usize,
    swept: Instant,
    // Not bounded, and need not be: each chunk under way sends once, and their bytes are.
    events: UnboundedSender<Event>,
    happened: UnboundedReceiver<Event>,
}

/// An attachment of which a part may be here: its place, the part's name, and room for all of it.
type Resumed = (usize, String, Room);

impl Transfers {
    /// # Errors
    ///
    /// Where the folder that was chosen for the spool cannot be used.
    pub(super) fn new(limits: TransferLimits) -> Result<Self> {
        let spool = Spool::new(&limits).map_err(|error| {
            let path = limits.spool.clone().unwrap_or_default();
            Error::configuration(format!("the spool folder {} cannot be used: {error}", path.display()))
        })?;
        let (events, happened) = unbounded_channel();
        Ok(Self {
            limits,
            spool: Arc::new(spool),
            writers: Arc::new(Semaphore::new(WRITERS)),
            open: HashMap::new(),
            resuming: HashMap::new(),
            under_way: 0,
            swept: Instant::now(),
            events,
            happened,
        })
    }

    pub(super) fn events(&mut self) -> &mut UnboundedReceiver<Event> {
        &mut self.happened
    }

    /// Whether nobody fetches anything.
    pub(super) fn is_idle(&self) -> bool {
        self.open.values().all(|transfer| transfer.outgoing.is_empty())
    }

    /// `PREPARE`: a call that is to run with attachments that follow.
    pub(super) fn prepare(&mut self, job: Job, said: Prepared, to: ReturnAddress, now: Instant) -> Step {
        let call_id: Arc<str> = format!("{:032x}", crate::random::bits128()).into();
        let (mut transfer, parts) = match self.begin(&call_id, job, said, now) {
            Ok(begun) => begun,
            Err(error) => return Step::refuse(to, error),
        };
        if parts.is_empty() {
            let message = protocol::write_prepared(to.envelope, &call_id, &self.prepared(&transfer));
            self.open.insert(call_id, transfer);
            return Step::Answer(to.peer, message);
        }
        self.open_parts(&call_id, &mut transfer, parts, to);
        self.open.insert(call_id, transfer);
        Step::Later
    }

    /// A transfer with all that its attachments need, but for those of which a part may be here.
    fn begin(&self, call_id: &Arc<str>, job: Job, said: Prepared, now: Instant) -> Result<(Transfer, Vec<Resumed>)> {
        keep_freed_memory();
        let TransferLimits { open, size: most, .. } = self.limits;
        if self.open.len() >= open {
            let text = format!(
                "{open} calls with attachments are open (limit TransferLimits::open); try again later, or raise it on the service"
            );
            return Err(Error::overloaded(text));
        }
        for (name, size) in &said.attachments {
            if let Some(size) = size.filter(|size| *size > most) {
                let name = shown(name);
                return Err(Error::bad_request(format!(
                    "Attachment {name} has {size} bytes, over the limit of {most}; send less, or raise TransferLimits::size of the service"
                )));
            }
        }
        let early = said.early && job.method.streaming;
        let (mut all, mut parts) = (Vec::new(), Vec::new());
        for (index, (name, size)) in said.attachments.into_iter().enumerate() {
            let place = self.place(call_id, index, &name);
            let token = said.resume.get(&name);
            let mut incoming = Incoming::new(Arriving::new(name, size, 0));
            if size == Some(0) {
                incoming.attachment = Some(Attachment::default());
            } else if early {
                let (chunks, received) = unbounded_channel();
                incoming.chunks = Some(chunks);
                incoming.attachment = Some(Attachment::from_chunks(Box::new(Feed::new(received, place)), size));
            } else {
                let room = self.spool.reserve(size.unwrap_or(0)).map_err(Error::overloaded)?;
                match token {
                    Some(token) => parts.push((index, part_key(&job, &incoming.state.name, size, token), room)),
                    None => incoming.chunks = Some(self.keep(place, size, room, None)),
                }
            }
            all.push(incoming);
        }
        let transfer = Transfer { job: Some(job), early, incoming: all, ..Transfer::new(now) };
        Ok((transfer, parts))
    }

    fn place(&self, call_id: &Arc<str>, index: usize, name: &str) -> Place {
        Place { call_id: call_id.clone(), index, name: name.into(), events: self.events.clone() }
    }

    /// Starts what keeps an attachment until it is whole.
    fn keep(&self, place: Place, size: Option<u64>, room: Room, part: Option<Part>) -> UnboundedSender<Chunk> {
        let (chunks, received) = unbounded_channel();
        let keeper = Keeper::new(self.spool.clone(), room, size, self.writers.clone(), place);
        let keeper = match part {
            Some(part) => keeper.part(part),
            None if size.is_some_and(|size| size <= self.limits.frame as u64) => keeper.small(),
            None => keeper,
        };
        tokio::spawn(keeper.run(received));
        chunks
    }

    /// Looks for what has arrived before; whoever was sending the same is told that it is over.
    fn open_parts(&mut self, call_id: &Arc<str>, transfer: &mut Transfer, parts: Vec<Resumed>, to: ReturnAddress) {
        let mut opening = Vec::new();
        for (index, key, room) in parts {
            if let Some(former) = self.resuming.insert(key.clone(), call_id.clone()) {
                self.close(&former);
                self.resuming.insert(key.clone(), call_id.clone());
            }
            transfer.part_keys.push(key.clone());
            let most = transfer.incoming[index].state.size.unwrap_or(self.limits.size);
            // The space counts from here on; the keeper takes its own.
            opening.push((index, key, most, room));
        }
        let (spool, events, call_id) = (self.spool.clone(), self.events.clone(), call_id.clone());
        tokio::spawn(async move {
            let mut opened = Vec::new();
            let mut outcome = Ok(());
            for (index, key, most, room) in opening {
                match spool.clone().open_part(key, most).await {
                    Ok(part) => opened.push((index, part)),
                    Err(error) => outcome = Err(error.into()),
                }
                drop(room);
            }
            let what = What::Opened { to, parts: outcome.map(|()| opened) };
            let _ = events.send(Event { call_id, what });
        });
    }

    fn prepared(&self, transfer: &Transfer) -> PrepareAnswer {
        let offsets = transfer.incoming.iter().filter(|incoming| incoming.state.received() > 0);
        PrepareAnswer {
            chunk: self.limits.chunk as u64,
            window: self.limits.window as u64,
            early: transfer.early,
            offsets: offsets.map(|incoming| (incoming.state.name.clone(), incoming.state.received())).collect(),
        }
    }

    /// `FPUT`: a chunk comes.
    pub(super) fn put(&mut self, body: Body, to: ReturnAddress, now: Instant) -> Step {
        let idle = self.limits.idle;
        let request = match ChunkRequest::parse(&body.json) {
            Ok(request) => request,
            Err(malformed) => return Step::refuse(to, Error::bad_request(malformed.0)),
        };
        let Some(transfer) = self.open.get_mut(&*request.call_id) else {
            return Step::unknown(to, &request.call_id, idle);
        };
        transfer.touched = now;
        if transfer.answer.is_some() {
            // The method has ended: it takes no more.
            return Step::Answer(to.peer, protocol::write_done(to.envelope));
        }
        let Some(incoming) = transfer.incoming.iter_mut().find(|one| one.state.name == request.attachment) else {
            return Step::unknown_attachment(to, &request.attachment);
        };
        if let Some(error) = &transfer.failed {
            return Step::refuse(to, error.clone());
        }
        if transfer.executed && !transfer.early {
            let error = Error::bad_request("This call runs already; its attachments are whole");
            return Step::refuse(to, error);
        }
        let data = body.attachment.unwrap_or_default();
        let size = data.len();
        // It came over a connection that was lost, and is said again over the next one.
        let Some(to) = incoming.under_way.repeat(request.offset, size as u64, to) else { return Step::Later };
        let goes_on = incoming.state.received();
        if request.offset >= goes_on && self.under_way > 0 && self.under_way + size > self.limits.memory {
            return Step::refuse_at(to, memory_is_full(self.limits.memory), goes_on);
        }
        let has_checksum = request.checksum.is_some();
        let last = match incoming.state.chunk(request.offset, size as u64, has_checksum, &self.limits) {
            Ok(last) => last,
            Err(wrong) => return Step::refuse_at(to, Error::bad_request(wrong.text), wrong.offset),
        };
        let chunk = Chunk { data, to, end: last.then_some(End { checksum: request.checksum }) };
        let unheard = match &incoming.chunks {
            Some(chunks) => chunks.send(chunk).err().map(|refused| refused.0),
            None => Some(chunk),
        };
        match unheard {
            None => {
                incoming.under_way.push(request.offset, size as u64);
                self.under_way += size;
                Step::Later
            }
            // The method takes no more of it.
            Some(chunk) => {
                incoming.state.settle(size as u64);
                Step::Answer(chunk.to.peer, protocol::write_done(chunk.to.envelope))
            }
        }
    }

    /// `EXEC`: the call is to run.
    pub(super) fn execute(&mut self, body: &Body, to: ReturnAddress, now: Instant) -> Step {
        let idle = self.limits.idle;
        let protocol::Execute { call_id, deadline, again } = match protocol::read_execute(body, now) {
            Ok(read) => read,
            Err(error) => return Step::refuse(to, error),
        };
        let Some(transfer) = self.open.get_mut(&*call_id) else { return Step::unknown(to, &call_id, idle) };
        transfer.touched = now;
        if again && transfer.executed && transfer.early {
            return match &transfer.answer {
                Some(answer) => Step::Answer(to.peer, protocol::readdressed(answer.clone(), to.envelope)),
                None => {
                    transfer.again = Some(to);
                    Step::Later
                }
            };
        }
        let error = match &transfer.failed {
            Some(error) => Some(error.clone()),
            None if transfer.executed => Some(Error::bad_request("EXEC came already for this call")),
            None => transfer.incoming.iter().find(|one| one.attachment.is_none()).map(|one| {
                let (name, received) = (shown(&one.state.name), one.state.received());
                let of = one.state.size.map_or_else(|| "an unknown number".to_owned(), |size| size.to_string());
                Error::bad_request(format!("Attachment {name} is not whole: {received} bytes of {of} have come"))
            }),
        };
        let job = match error {
            None => transfer.job.take(),
            Some(error) => return Step::refuse(to, error),
        };
        let Some(mut job) = job else { return Step::unknown(to, &call_id, idle) };
        transfer.executed = true;
        transfer.runs = Some((to.peer.clone(), to.envelope.clone()));
        for incoming in &mut transfer.incoming {
            if let Some(attachment) = incoming.attachment.take() {
                let name = match (incoming.state.name.as_str(), &job.method.first_attachment) {
                    ("", Some(first)) => first.to_string(),
                    (name, _) => name.to_owned(),
                };
                job.request.attachments.set(name, attachment, false);
            }
        }
        job.request.deadline = deadline;
        job.request.takes_streams = true;
        job.request.call_id = self.open.get_key_value(&*call_id).map(|(id, _)| id.clone());
        Step::Run(Box::new(job), to)
    }

    /// A call that was prepared did not run after all.
    pub(super) fn not_run(&mut self, job: &Job) {
        if let Some(call_id) = &job.request.call_id {
            self.close(&call_id.clone());
        }
    }

    /// A call has ended whose attachments came, or wait, in chunks, with `answer`. Gives where that goes, if elsewhere.
    ///
    /// # Errors
    ///
    /// What is to be answered instead, where the attachments of the reply cannot wait.
    pub(super) fn ended(
        &mut self,
        offered: Offered,
        answer: Option<&Message>,
        now: Instant,
    ) -> Result<Option<ReturnAddress>> {
        let Offered { call_id, attachments } = offered;
        let transfer = self.open.get_mut(&call_id);
        let is_open = transfer.is_some();
        let (early, elsewhere) = transfer.map_or((false, None), |transfer| (transfer.early, transfer.again.take()));
        // What comes is done with: the call has ended.
        self.close(&call_id);
        // One whose answer is lost with its connection may ask for it again; a call that is not early never could.
        let answer = answer.filter(|answer| early && self.under_way + answer.byte_len() <= self.limits.memory).cloned();
        if attachments.is_empty() && answer.is_none() {
            return Ok(elsewhere);
        }
        if !is_open && self.open.len() >= self.limits.open {
            let most = self.limits.open;
            let text = format!(
                "the attachments of the reply have no room: {most} calls with attachments are open (limit TransferLimits::open); raise it on the service; the call ran"
            );
            return Err(Error::from_code(crate::error::code::UNKNOWN, text, Default::default()));
        }
        keep_freed_memory();
        let outgoing = attachments.into_entries().into_iter().enumerate().map(|(index, entry)| {
            let (asks, asked) = unbounded_channel();
            let place = self.place(&call_id, index, &entry.name);
            let outlet = Outlet::new(entry.attachment, self.limits.chunk, self.limits.window, place);
            let task = tokio::spawn(outlet.run(asked)).abort_handle();
            Outgoing { name: entry.name.into_owned(), asks, under_way: UnderWay::default(), task }
        });
        let outgoing = outgoing.collect();
        let transfer = Transfer { outgoing, answer, early, executed: true, ..Transfer::new(now) };
        self.under_way += transfer.held(self.limits.chunk);
        self.open.insert(call_id, transfer);
        Ok(elsewhere)
    }

    /// `FGET`: a chunk is asked for.
    pub(super) fn get(&mut self, body: &Body, to: ReturnAddress, now: Instant) -> Step {
        let idle = self.limits.idle;
        let request = match ChunkRequest::parse(&body.json) {
            Ok(request) => request,
            Err(malformed) => return Step::refuse(to, Error::bad_request(malformed.0)),
        };
        let Some(transfer) = self.open.get_mut(&*request.call_id) else {
            return Step::unknown(to, &request.call_id, idle);
        };
        transfer.touched = now;
        let Some(outgoing) = transfer.outgoing.iter_mut().find(|one| one.name == request.attachment) else {
            return Step::unknown_attachment(to, &request.attachment);
        };
        // It was asked for over a connection that was lost, and is asked for again over the next one.
        let Some(to) = outgoing.under_way.repeat(request.offset, 0, to) else { return Step::Later };
        let (chunk, window) = (self.limits.chunk, self.limits.window);
        if outgoing.under_way.len() * chunk >= window {
            let text = format!(
                "Over {window} bytes of attachment {} are asked for (limit TransferLimits::window); wait for their answers",
                shown(&outgoing.name)
            );
            return Step::refuse(to, Error::bad_request(text));
        }
        if self.under_way > 0 && self.under_way + chunk > self.limits.memory {
            return Step::refuse(to, memory_is_full(self.limits.memory));
        }
        match outgoing.asks.send(Ask { offset: request.offset, to }) {
            Ok(()) => {
                outgoing.under_way.push(request.offset, 0);
                self.under_way += chunk;
                Step::Later
            }
            Err(refused) => Step::refuse(refused.0.to, Error::internal("nobody reads the attachment")),
        }
    }

    /// `RESET`: nothing of a call is wanted any more; if it runs it is to stop.
    pub(super) fn reset(&mut self, body: &Body, to: ReturnAddress) -> Step {
        match protocol::read_reset(body) {
            Ok(call_id) => {
                let runs = self.close(&call_id);
                let message = protocol::write_done(to.envelope);
                match runs {
                    Some((peer, envelope)) => Step::Stop(to.peer, message, peer, envelope),
                    None => Step::Answer(to.peer, message),
                }
            }
            Err(error) => Step::refuse(to, error),
        }
    }

    /// Lets go of all that a transfer holds; gives the call that it is part of, where that has been started.
    fn close(&mut self, call_id: &str) -> Option<(Peer, Envelope)> {
        let transfer = self.open.remove(call_id)?;
        self.under_way = self.under_way.saturating_sub(transfer.held(self.limits.chunk));
        for key in &transfer.part_keys {
            if self.resuming.get(key).is_some_and(|owner| **owner == *call_id) {
                self.resuming.remove(key);
            }
        }
        transfer.runs
    }

    /// What a task has to say, and what is to be done about it.
    pub(super) fn happened(&mut self, Event { call_id, what }: Event, now: Instant) -> Step {
        match what {
            What::Settled { index, length, to, outcome } => {
                self.under_way = self.under_way.saturating_sub(length as usize);
                let mut again = None;
                if let Some(transfer) = self.open.get_mut(&call_id) {
                    transfer.touched = now;
                    if let Some(incoming) = transfer.incoming.get_mut(index) {
                        again = incoming.under_way.pop();
                        incoming.state.settle(length);
                        if let Ok(Some(attachment)) = &outcome {
                            incoming.attachment = Some(attachment.clone());
                        }
                    }
                    if let Err(error) = &outcome {
                        transfer.failed = Some(error.clone());
                    }
                }
                match outcome {
                    Ok(_) => Step::answer(to.peer, protocol::write_done(to.envelope), again),
                    Err(error) => Step::refuse_both(to, error, again),
                }
            }
            What::Fetched { index, to, outcome } => {
                let mut again = None;
                if let Some(transfer) = self.open.get_mut(&call_id) {
                    transfer.touched = now;
                    if let Some(outgoing) = transfer.outgoing.get_mut(index) {
                        again = outgoing.under_way.pop();
                        self.under_way = self.under_way.saturating_sub(self.limits.chunk);
                    }
                }
                match outcome {
                    Ok((data, checksum)) => {
                        let message = protocol::write_chunk(to.envelope, data, checksum.as_ref());
                        Step::answer(to.peer, message, again)
                    }
                    Err(error) => Step::refuse_both(to, error, again),
                }
            }
            What::Opened { to, parts } => self.opened(&call_id, to, parts, now),
        }
    }

    fn opened(
        &mut self,
        call_id: &Arc<str>,
        to: ReturnAddress,
        parts: Result<Vec<(usize, Part)>>,
        now: Instant,
    ) -> Step {
        let idle = self.limits.idle;
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                self.close(call_id);
                return Step::refuse(to, error);
            }
        };
        for (index, part) in parts {
            let Some(transfer) = self.open.get(call_id) else { return Step::unknown(to, call_id, idle) };
            let Incoming { state, .. } = &transfer.incoming[index];
            let (name, size) = (state.name.clone(), state.size);
            // One that is whole but for its end is sent from one byte before: the end is what tells.
            let room = match self.spool.reserve(size.unwrap_or(part.length)) {
                Ok(room) => room,
                Err(text) => {
                    self.close(call_id);
                    return Step::refuse(to, Error::overloaded(text));
                }
            };
            let place = self.place(call_id, index, &name);
            let offset = part.length;
            let chunks = Some(self.keep(place, size, room, Some(part)));
            let incoming = Incoming { chunks, ..Incoming::new(Arriving::new(name, size, offset)) };
            if let Some(transfer) = self.open.get_mut(call_id) {
                transfer.incoming[index] = incoming;
            }
        }
        let Some(transfer) = self.open.get_mut(call_id) else { return Step::unknown(to, call_id, idle) };
        transfer.touched = now;
        let answer = self.prepared(&self.open[call_id]);
        Step::Answer(to.peer, protocol::write_prepared(to.envelope, call_id, &answer))
    }

    /// When to call [`sweep`](Self::sweep) next, if at all.
    pub(super) fn next_sweep(&self) -> Option<Instant> {
        (!self.open.is_empty() || self.spool.keeps_parts())
            .then(|| self.swept + self.limits.idle.min(Duration::from_secs(60)) / 4)
    }

    /// Drops what has rested for too long.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.swept = now;
        self.spool.expire(now);
        let idle = self.limits.idle;
        let silent: Vec<Arc<str>> = self
            .open
            .iter()
            .filter(|(_, transfer)| transfer.is_over(now, idle))
            .map(|(call_id, _)| call_id.clone())
            .collect();
        for call_id in silent {
            tracing::debug!(%call_id, ?idle, "a transfer rested for too long (limit TransferLimits::idle) and was dropped");
            self.close(&call_id);
        }
    }
}

/// The same call with the same token goes on with the same part.
fn part_key(job: &Job, name: &str, size: Option<u64>, token: &str) -> String {
    let mut hasher = Hasher::default();
    let size = format!("{size:?}");
    for text in [&*job.request.interface, &*job.request.method, name, &size, token] {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.checksum().hex().to_owned()
}

fn memory_is_full(most: usize) -> Error {
    Error::overloaded(format!(
        "chunks of over {most} bytes are in memory (limit TransferLimits::memory); try again, or raise it on the service"
    ))
}
