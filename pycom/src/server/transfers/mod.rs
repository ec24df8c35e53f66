//! Attachments in chunks, on the service's side: `PREPARE`, `FPUT`, `EXEC`, `FGET`, `RESET`.
//!
//! The socket's task owns the transfers and looks at each command; bytes are written, read and
//! hashed by tasks that it hands them to, and whose events come back to it.
//!
//! | file | owns |
//! | --- | --- |
//! | `limits` | the bounds |
//! | `arriving` | which chunk may come next; pure |
//! | `intake` | where the chunks that come go: to the disk, or straight to the method |
//! | `outlet` | attachments of a reply, chunk by chunk |
//! | `spool` | the folder, the space in it, parts that outlive the service |

mod arriving;
mod intake;
mod limits;
mod outlet;
mod spool;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use self::arriving::Arriving;
use self::intake::{Chunk, End, Feed, Keeper, Place};
pub use self::limits::TransferLimits;
use self::outlet::{Ask, Fetched, Outlet};
use self::spool::{Part, Room, Spool};
use super::job::ReturnAddress;
use super::table::Job;
use crate::attachment::{Attachment, Attachments, Hasher};
use crate::error::{Error, Result};
use crate::names::shown;
use crate::protocol::{self, RefusedTransfer};
use crate::transport::{Message, Peer};
use crate::wire::{Body, ChunkRequest, PrepareAnswer, Prepared};

/// Writes to the disk at once, of all transfers.
const WRITERS: usize = 4;

/// What is to be done with a command.
pub(super) enum Step {
    /// It is answered.
    Answer(Peer, Message),
    /// The call that was prepared is to run.
    Run(Box<Job>, ReturnAddress),
    /// It is answered later.
    Later,
}

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

struct Transfer {
    /// Until it runs.
    job: Option<Job>,
    incoming: Vec<Incoming>,
    outgoing: Vec<Outgoing>,
    /// The method begins at once.
    early: bool,
    /// `EXEC` has come.
    executed: bool,
    /// What went wrong with an attachment.
    failed: Option<Error>,
    part_keys: Vec<String>,
    touched: Instant,
}

/// An attachment of which a part may be here: its place, the part's name, and room for all of it.
type Resumed = (usize, String, Room);

struct Incoming {
    state: Arriving,
    /// `None` where nothing is to come.
    chunks: Option<UnboundedSender<Chunk>>,
    /// Once it is whole; one that is streamed from the start.
    attachment: Option<Attachment>,
}

struct Outgoing {
    name: String,
    asks: UnboundedSender<Ask>,
    /// Asked for and not given yet.
    waiting: usize,
    task: AbortHandle,
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

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
            Err(error) => return refuse(to, error, RefusedTransfer::default()),
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
        let TransferLimits { open, size: most, .. } = self.limits;
        if self.open.len() >= open {
            let text = format!("{open} calls with attachments are open (limit TransferLimits::open); try again later");
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
            let mut incoming = Incoming { state: Arriving::new(name, size, 0), chunks: None, attachment: None };
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
        let request = match ChunkRequest::parse(&body.json) {
            Ok(request) => request,
            Err(malformed) => return refuse(to, Error::bad_request(malformed.0), RefusedTransfer::default()),
        };
        let Some(transfer) = self.open.get_mut(&*request.call_id) else { return unknown(to, &request.call_id) };
        transfer.touched = now;
        let Some(incoming) = transfer.incoming.iter_mut().find(|one| one.state.name == request.attachment) else {
            return unknown_attachment(to, &request.attachment);
        };
        if let Some(error) = &transfer.failed {
            return refuse(to, error.clone(), RefusedTransfer::default());
        }
        if transfer.executed && !transfer.early {
            let error = Error::bad_request("This call runs already; its attachments are whole");
            return refuse(to, error, RefusedTransfer::default());
        }
        let data = body.attachment.unwrap_or_default();
        let size = data.len();
        if self.under_way > 0 && self.under_way + size > self.limits.memory {
            let most = self.limits.memory;
            let text = format!("chunks of over {most} bytes are in memory (limit TransferLimits::memory); try again");
            let offset = Some(incoming.state.received());
            return refuse(to, Error::overloaded(text), RefusedTransfer { offset, ..Default::default() });
        }
        let has_checksum = request.checksum.is_some();
        let last = match incoming.state.chunk(request.offset, size as u64, has_checksum, &self.limits) {
            Ok(last) => last,
            Err(wrong) => {
                let offset = Some(wrong.offset);
                return refuse(to, Error::bad_request(wrong.text), RefusedTransfer { offset, ..Default::default() });
            }
        };
        let chunk = Chunk { data, to, end: last.then_some(End { checksum: request.checksum }) };
        let unheard = match &incoming.chunks {
            Some(chunks) => chunks.send(chunk).err().map(|refused| refused.0),
            None => Some(chunk),
        };
        match unheard {
            None => {
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
        let (call_id, deadline) = match protocol::read_execute(body, now) {
            Ok(read) => read,
            Err(error) => return refuse(to, error, RefusedTransfer::default()),
        };
        let Some(transfer) = self.open.get_mut(&*call_id) else { return unknown(to, &call_id) };
        transfer.touched = now;
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
            Some(error) => return refuse(to, error, RefusedTransfer::default()),
        };
        let Some(mut job) = job else { return unknown(to, &call_id) };
        transfer.executed = true;
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

    /// A call has ended whose attachments came, or wait, in chunks. Gives what is to be answered
    /// instead, where they cannot wait.
    pub(super) fn ended(&mut self, offered: Offered, now: Instant) -> Option<Error> {
        let Offered { call_id, attachments } = offered;
        if attachments.is_empty() {
            self.close(&call_id);
            return None;
        }
        if !self.open.contains_key(&call_id) && self.open.len() >= self.limits.open {
            let most = self.limits.open;
            let text = format!(
                "the attachments of the reply have no room: {most} calls with attachments are open (limit TransferLimits::open); the call ran"
            );
            return Some(Error::from_code(crate::error::code::UNKNOWN, text, Default::default()));
        }
        let outgoing = attachments.into_entries().into_iter().enumerate().map(|(index, entry)| {
            let (asks, asked) = unbounded_channel();
            let place = self.place(&call_id, index, &entry.name);
            let outlet = Outlet::new(entry.attachment, self.limits.chunk, self.limits.window, place);
            let task = tokio::spawn(outlet.run(asked)).abort_handle();
            Outgoing { name: entry.name.into_owned(), asks, waiting: 0, task }
        });
        let outgoing = outgoing.collect();
        // What comes is done with: the call has ended.
        self.close(&call_id);
        let transfer = Transfer { outgoing, executed: true, ..Transfer::new(now) };
        self.open.insert(call_id, transfer);
        None
    }

    /// `FGET`: a chunk is asked for.
    pub(super) fn get(&mut self, body: &Body, to: ReturnAddress, now: Instant) -> Step {
        let request = match ChunkRequest::parse(&body.json) {
            Ok(request) => request,
            Err(malformed) => return refuse(to, Error::bad_request(malformed.0), RefusedTransfer::default()),
        };
        let Some(transfer) = self.open.get_mut(&*request.call_id) else { return unknown(to, &request.call_id) };
        transfer.touched = now;
        let Some(outgoing) = transfer.outgoing.iter_mut().find(|one| one.name == request.attachment) else {
            return unknown_attachment(to, &request.attachment);
        };
        let (chunk, window) = (self.limits.chunk, self.limits.window);
        if outgoing.waiting * chunk >= window {
            let text = format!(
                "Over {window} bytes of attachment {} are asked for (limit TransferLimits::window); wait for their answers",
                shown(&outgoing.name)
            );
            return refuse(to, Error::bad_request(text), RefusedTransfer::default());
        }
        if self.under_way > 0 && self.under_way + chunk > self.limits.memory {
            let most = self.limits.memory;
            let text = format!("chunks of over {most} bytes are in memory (limit TransferLimits::memory); try again");
            return refuse(to, Error::overloaded(text), RefusedTransfer::default());
        }
        match outgoing.asks.send(Ask { offset: request.offset, to }) {
            Ok(()) => {
                outgoing.waiting += 1;
                self.under_way += chunk;
                Step::Later
            }
            Err(refused) => {
                refuse(refused.0.to, Error::internal("nobody reads the attachment"), RefusedTransfer::default())
            }
        }
    }

    /// `RESET`: nothing of a call is wanted any more.
    pub(super) fn reset(&mut self, body: &Body, to: ReturnAddress) -> Step {
        match protocol::read_reset(body) {
            Ok(call_id) => {
                self.close(&call_id);
                Step::Answer(to.peer, protocol::write_done(to.envelope))
            }
            Err(error) => refuse(to, error, RefusedTransfer::default()),
        }
    }

    fn close(&mut self, call_id: &str) {
        if let Some(transfer) = self.open.remove(call_id) {
            for key in &transfer.part_keys {
                if self.resuming.get(key).is_some_and(|owner| **owner == *call_id) {
                    self.resuming.remove(key);
                }
            }
        }
    }

    /// What a task has to say, and what is to be done about it.
    pub(super) fn happened(&mut self, Event { call_id, what }: Event, now: Instant) -> Step {
        match what {
            What::Settled { index, length, to, outcome } => {
                self.under_way = self.under_way.saturating_sub(length as usize);
                let transfer = self.open.get_mut(&call_id);
                if let Some(transfer) = transfer {
                    transfer.touched = now;
                    if let Some(incoming) = transfer.incoming.get_mut(index) {
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
                    Ok(_) => Step::Answer(to.peer, protocol::write_done(to.envelope)),
                    Err(error) => refuse(to, error, RefusedTransfer::default()),
                }
            }
            What::Fetched { index, to, outcome } => {
                self.under_way = self.under_way.saturating_sub(self.limits.chunk);
                if let Some(transfer) = self.open.get_mut(&call_id) {
                    transfer.touched = now;
                    if let Some(outgoing) = transfer.outgoing.get_mut(index) {
                        outgoing.waiting = outgoing.waiting.saturating_sub(1);
                    }
                }
                match outcome {
                    Ok((data, checksum)) => {
                        Step::Answer(to.peer, protocol::write_chunk(to.envelope, data, checksum.as_ref()))
                    }
                    Err(error) => refuse(to, error, RefusedTransfer::default()),
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
        let Some(mut transfer) = self.open.remove(call_id) else { return unknown(to, call_id) };
        transfer.touched = now;
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => return refuse(to, error, RefusedTransfer::default()),
        };
        for (index, part) in parts {
            let Incoming { state, .. } = &transfer.incoming[index];
            let (name, size) = (state.name.clone(), state.size);
            // One that is whole but for its end is sent from one byte before: the end is what tells.
            let room = match self.spool.reserve(size.unwrap_or(part.length)) {
                Ok(room) => room,
                Err(text) => return refuse(to, Error::overloaded(text), RefusedTransfer::default()),
            };
            let place = self.place(call_id, index, &name);
            let offset = part.length;
            transfer.incoming[index] = Incoming {
                state: Arriving::new(name, size, offset),
                chunks: Some(self.keep(place, size, room, Some(part))),
                attachment: None,
            };
        }
        let message = protocol::write_prepared(to.envelope, call_id, &self.prepared(&transfer));
        self.open.insert(call_id.clone(), transfer);
        Step::Answer(to.peer, message)
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
            .filter(|(_, transfer)| transfer.is_silent() && now.duration_since(transfer.touched) > idle)
            .map(|(call_id, _)| call_id.clone())
            .collect();
        for call_id in silent {
            tracing::debug!(%call_id, "a transfer rested for too long and was dropped");
            self.close(&call_id);
        }
    }
}

impl Transfer {
    fn new(now: Instant) -> Self {
        Self {
            job: None,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            early: false,
            executed: false,
            failed: None,
            part_keys: Vec::new(),
            touched: now,
        }
    }

    /// Whether it is the other side's turn.
    fn is_silent(&self) -> bool {
        let awaits_chunks = |one: &Incoming| !one.state.has_ended() && one.state.is_settled();
        match (self.executed, self.outgoing.is_empty()) {
            (false, _) => true,
            (true, false) => self.outgoing.iter().all(|one| one.waiting == 0),
            (true, true) => self.early && self.incoming.iter().any(awaits_chunks),
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

fn refuse(to: ReturnAddress, error: Error, said: RefusedTransfer) -> Step {
    Step::Answer(to.peer, protocol::write_refusal(to.envelope, error, &said))
}

fn unknown(to: ReturnAddress, call_id: &str) -> Step {
    let error = Error::bad_request(format!(
        "Unknown call_id {}: it was never given out, has been answered or reset, or rested for too long",
        shown(call_id)
    ));
    refuse(to, error, RefusedTransfer { unknown: true, offset: None })
}

fn unknown_attachment(to: ReturnAddress, name: &str) -> Step {
    let error = Error::bad_request(format!("This call has no attachment {}", shown(name)));
    refuse(to, error, RefusedTransfer::default())
}
