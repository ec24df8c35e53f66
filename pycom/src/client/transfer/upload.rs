//! One attachment that goes, chunk by chunk.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use super::link::{Link, Trouble};
use super::pipeline::Pipeline;
use crate::attachment::{Attachment, Checksum, Chunks, Hasher};
use crate::error::Error;
use crate::protocol::{self, PrepareAnswer, RefusedTransfer};
use crate::wire::{Body, ChunkRequest, Command};

/// Bytes of a chunk to a service that does not say how many it takes.
const CHUNK: u64 = 256 * 1024;

/// Waits after a loss, and after a refusal for want of room.
const PAUSE: Duration = Duration::from_millis(50);

/// Why an attachment does not arrive.
pub(super) enum Stop {
    /// The service does not know the call any more: it was started anew, or this took too long.
    Forgotten(Error),
    Failed(Error),
}

/// A chunk that is not yet surely there.
#[derive(Clone)]
struct Piece {
    offset: u64,
    data: Bytes,
    checksum: Option<Checksum>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.offset + self.data.len() as u64
    }
}

pub(super) struct Upload {
    link: Link,
    call_id: Arc<str>,
    name: Arc<str>,
    attachment: Attachment,
    chunk: usize,
    window: u64,
    /// Read, and not yet surely there; the first `sent` of them are under way.
    pieces: VecDeque<Piece>,
    sent: usize,
    under_way: Pipeline<Result<Body, Trouble>>,
    /// Data that is surely there: its memory serves again.
    done: Vec<Bytes>,
    /// The call has ended: nothing more is read, or sent.
    is_over: Arc<AtomicBool>,
}

enum Step {
    Answered(Result<Body, Trouble>),
    Read(Result<Option<Bytes>, Error>),
    Stalled,
}

impl Upload {
    pub(super) fn new(
        link: &Link,
        call_id: &Arc<str>,
        name: &str,
        attachment: Attachment,
        answer: &PrepareAnswer,
        is_over: &Arc<AtomicBool>,
    ) -> Self {
        let most = (link.max_frame() as u64).min(1 << 30);
        let chunk = if answer.chunk == 0 { CHUNK } else { answer.chunk }.min(most);
        Self {
            link: link.clone(),
            call_id: call_id.clone(),
            name: name.into(),
            attachment,
            chunk: chunk as usize,
            window: answer.window.clamp(chunk, 1 << 30),
            pieces: VecDeque::new(),
            sent: 0,
            under_way: Pipeline::default(),
            done: Vec::new(),
            is_over: is_over.clone(),
        }
    }

    /// Sends what comes after the first `offset` bytes, which are there.
    pub(super) async fn run(mut self, offset: u64) -> Result<(), Stop> {
        let size = self.attachment.size();
        if size == Some(0) {
            return Ok(());
        }
        let mut chunks = self.attachment.open().map_err(|error| self.unread(error))?;
        let (mut hasher, mut read) = (Hasher::default(), 0);
        while read < offset {
            let most = self.chunk.min(usize::try_from(offset - read).unwrap_or(self.chunk));
            let Some(data) = next(&mut *chunks, most).await.map_err(|error| self.unread(error))? else { break };
            hasher.update(&data);
            read += data.len() as u64;
        }
        // All of it may be there but for the word that it is all.
        let mut ended = size == Some(read);
        if ended {
            self.pieces.push_back(Piece { offset: read, data: Bytes::new(), checksum: Some(hasher.checksum()) });
        }
        self.attachment.progressed(read);
        let mut watch = self.link.watch();
        loop {
            self.send_pieces();
            for data in self.done.drain(..) {
                chunks.reuse(data);
            }
            if ended && self.pieces.is_empty() {
                return Ok(());
            }
            let held: u64 = self.pieces.iter().map(|piece| piece.data.len() as u64).sum();
            let has_room =
                !ended && !self.is_over() && self.sent == self.pieces.len() && held + self.chunk as u64 <= self.window;
            let (under_way, chunk) = (&mut self.under_way, self.chunk);
            let step = poll_fn(|cx| {
                if let Poll::Ready(answer) = under_way.poll(cx) {
                    return Poll::Ready(Step::Answered(answer));
                }
                if has_room && let Poll::Ready(read) = chunks.poll_chunk(cx, chunk) {
                    return Poll::Ready(Step::Read(read));
                }
                match under_way.len() {
                    0 => Poll::Pending,
                    _ => watch.poll(cx).map(|()| Step::Stalled),
                }
            });
            match step.await {
                Step::Read(data) => {
                    if self.under_way.len() == 0 {
                        // Until now it was the turn of whoever makes the data.
                        self.link.progressed.note();
                    }
                    let data = data.map_err(|error| self.unread(error))?;
                    ended = data.is_none();
                    let data = data.unwrap_or_default();
                    hasher.update(&data);
                    let offset = read;
                    read += data.len() as u64;
                    ended |= size == Some(read);
                    let checksum = ended.then(|| hasher.checksum());
                    self.pieces.push_back(Piece { offset, data, checksum });
                }
                Step::Answered(Ok(body)) => self.answered(&body).await?,
                Step::Answered(Err(Trouble::Failed(error))) => return Err(Stop::Failed(error)),
                Step::Answered(Err(Trouble::Lost { error, .. })) => {
                    if self.link.progressed.since() > self.link.timeout {
                        return Err(Stop::Failed(error));
                    }
                    self.start_over().await;
                }
                Step::Stalled => return Err(Stop::Failed(self.link.stalled())),
            }
        }
    }

    fn unread(&self, error: Error) -> Stop {
        Stop::Failed(self.link.unread(error))
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Sends what may be sent.
    fn send_pieces(&mut self) {
        while let Some(piece) = self.pieces.get(self.sent)
            && !self.is_over()
        {
            let leave = self.link.leave();
            if leave.is_none() && self.under_way.len() > 0 {
                break;
            }
            let request = ChunkRequest {
                call_id: (&*self.call_id).into(),
                attachment: (&*self.name).into(),
                offset: piece.offset,
                checksum: piece.checksum.clone(),
            };
            let command = protocol::write_command(Command::Fput, request.write(), Some(piece.data.clone()));
            let answer = self.link.ask_on(command);
            self.under_way.push(async move {
                let answer = answer.await;
                drop(leave);
                answer
            });
            self.sent += 1;
        }
    }

    /// Sends all that is not surely there once more, after a while.
    async fn start_over(&mut self) {
        self.under_way.clear();
        self.sent = 0;
        tokio::time::sleep(PAUSE).await;
    }

    /// The answer to the first piece.
    async fn answered(&mut self, body: &Body) -> Result<(), Stop> {
        let received = self.link.read_reply(body).map_err(Stop::Failed)?;
        let Some(error) = received.reply.error() else {
            self.arrived();
            return Ok(());
        };
        let said: RefusedTransfer = protocol::transfer_of(received.reply.extensions()).unwrap_or_default();
        if said.unknown {
            let reason = "the service does not know the transfer any more: it was started anew, or the transfer rested for too long";
            return Err(Stop::Forgotten(self.link.gone(reason)));
        }
        let (Some(piece), Some(expected)) = (self.pieces.front(), said.offset) else {
            return Err(Stop::Failed(error.clone()));
        };
        let is_overloaded = matches!(error, Error::Overloaded(_));
        let is_there = expected >= piece.end() && (expected > piece.offset || piece.data.is_empty());
        if is_there && !is_overloaded {
            // It came before, and only the answer was lost. A piece that is still under way there would have been
            // answered with the first one.
            self.arrived();
        } else if is_overloaded && expected == piece.offset && self.link.progressed.since() <= self.link.timeout {
            self.start_over().await;
        } else {
            return Err(Stop::Failed(error.clone()));
        }
        Ok(())
    }

    /// The first piece is surely there.
    fn arrived(&mut self) {
        if let Some(piece) = self.pieces.pop_front() {
            self.sent = self.sent.saturating_sub(1);
            self.link.progressed.note();
            if !piece.data.is_empty() {
                self.attachment.progressed(piece.end());
            }
            self.done.push(piece.data);
        }
    }
}

async fn next(chunks: &mut dyn Chunks, most: usize) -> Result<Option<Bytes>, Error> {
    poll_fn(|cx| chunks.poll_chunk(cx, most)).await
}
