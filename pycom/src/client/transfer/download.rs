//! One attachment that comes, chunk by chunk, as it is read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;

use super::link::{Link, ResetOnDrop, Trouble, Watch};
use super::pipeline::Pipeline;
use crate::attachment::{Chunks, Hasher};
use crate::error::Error;
use crate::protocol::{self, PrepareAnswer, RefusedTransfer};
use crate::wire::{Body, ChunkRequest, Command};

const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Download {
    link: Link,
    /// Until all has come.
    open: Option<Arc<ResetOnDrop>>,
    name: Arc<str>,
    size: Option<u64>,
    /// Bytes of a chunk; 0 where the service does not say, and chunks are asked for one by one.
    chunk: u64,
    window: u64,
    /// Where the next chunk that is asked for begins.
    asked: u64,
    /// Bytes that have come.
    received: u64,
    under_way: Pipeline<Result<Body, Trouble>>,
    hasher: Hasher,
    rest: Bytes,
    pause: Option<Pin<Box<Sleep>>>,
    /// Since something was asked for.
    watch: Option<Watch>,
    is_spoiled: bool,
}

impl Download {
    pub(super) fn new(link: Link, open: Arc<ResetOnDrop>, name: &str, size: Option<u64>, how: &PrepareAnswer) -> Self {
        Self {
            link,
            open: Some(open),
            name: name.into(),
            size,
            chunk: how.chunk.min(1 << 30),
            window: how.window.clamp(how.chunk.min(1 << 30), 1 << 30),
            asked: 0,
            received: 0,
            under_way: Pipeline::default(),
            hasher: Hasher::default(),
            rest: Bytes::new(),
            pause: None,
            watch: None,
            is_spoiled: false,
        }
    }

    /// Asks for as much as may be under way.
    fn ask(&mut self) {
        let Some(open) = &self.open else { return };
        loop {
            let count = self.under_way.len();
            let is_all = self.size.is_some_and(|size| self.asked >= size) && count > 0;
            let is_full = match self.chunk {
                0 => count > 0,
                chunk => (count as u64 + 1) * chunk > self.window && count > 0,
            };
            if is_all || is_full {
                return;
            }
            let leave = self.link.leave();
            if leave.is_none() && count > 0 {
                return;
            }
            let request = ChunkRequest {
                call_id: (&*open.call_id).into(),
                attachment: (&*self.name).into(),
                offset: self.asked,
                checksum: None,
            };
            let command = protocol::write_command(Command::Fget, request.write(), None);
            if count == 0 && self.watch.is_none() {
                // Until now it was the turn of whoever reads the data.
                self.link.progressed.note();
                self.watch = Some(self.link.watch());
            }
            let answer = self.link.ask_on(command);
            self.under_way.push(async move {
                let answer = answer.await;
                drop(leave);
                answer
            });
            self.asked += self.chunk;
        }
    }

    /// Asks again for what has not come, after a while.
    fn start_over(&mut self, error: Error) -> Result<(), Error> {
        if self.link.progressed.since() > self.link.timeout {
            return Err(error);
        }
        self.under_way.clear();
        self.asked = self.received;
        self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
        Ok(())
    }

    /// A chunk has come.
    fn answered(&mut self, body: Body) -> Result<(), Error> {
        let received = self.link.read_reply(&body)?;
        if let Some(error) = received.reply.error() {
            let said: RefusedTransfer = protocol::transfer_of(received.reply.extensions()).unwrap_or_default();
            if said.unknown {
                let reason = "the service does not know the attachment any more: it was started anew, or the attachment rested for too long";
                return Err(self.link.gone(reason));
            }
            let error = error.clone();
            return match error {
                Error::Overloaded(_) => self.start_over(error),
                _ => Err(error),
            };
        }
        let data = body.attachment.unwrap_or_default();
        self.hasher.update(&data);
        self.received += data.len() as u64;
        self.link.progressed.note();
        if self.chunk == 0 {
            self.asked = self.received;
        }
        let wrong = |reason: String| Err(self.link.bad_reply(format!("attachment '{}' {reason}", self.name)));
        let checksum = match protocol::checksum_of(received.reply.extensions()) {
            Ok(checksum) => checksum,
            Err(reason) => return wrong(format!("came with a wrong checksum: {reason}")),
        };
        let (came, size) = (self.received, self.size);
        let is_whole = checksum.is_some() || size == Some(came);
        if size.is_some_and(|size| came > size || (is_whole && came < size)) {
            let size = size.unwrap_or_default();
            return wrong(format!("was announced with {size} bytes, and {came} came"));
        }
        if !is_whole && (data.is_empty() || (self.chunk > 0 && data.len() as u64 != self.chunk)) {
            return wrong(format!("came with a chunk of {} bytes, not {}", data.len(), self.chunk));
        }
        if let Some(checksum) = checksum
            && checksum != self.hasher.checksum()
        {
            let (announced, seen) = (checksum.as_str().to_owned(), self.hasher.checksum());
            self.is_spoiled = true;
            return Err(self.link.bad_reply(format!(
                "attachment '{}' is not what was sent: its checksum is {}, not {announced}; ask for it again",
                self.name,
                seen.as_str()
            )));
        }
        if is_whole {
            self.under_way.clear();
            self.open = None;
        }
        self.rest = data;
        Ok(())
    }
}

impl Chunks for Download {
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            if !self.rest.is_empty() {
                let piece = self.rest.split_to(self.rest.len().min(most));
                // What comes next is on its way while this is looked at.
                self.ask();
                self.under_way.look(cx);
                return Poll::Ready(Ok(Some(piece)));
            }
            if self.open.is_none() {
                return Poll::Ready(Ok(None));
            }
            if self.size == Some(0) {
                self.open = None;
                continue;
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            self.ask();
            let outcome = match self.under_way.poll(cx) {
                Poll::Ready(Ok(body)) => self.answered(body),
                Poll::Ready(Err(Trouble::Lost { error, .. })) => self.start_over(error),
                Poll::Ready(Err(Trouble::Failed(error))) => Err(error),
                Poll::Pending => {
                    let watch = self.watch.get_or_insert_with(|| self.link.watch());
                    ready!(watch.poll(cx));
                    Err(self.link.stalled())
                }
            };
            if let Err(error) = outcome {
                self.under_way.clear();
                self.open = None;
                return Poll::Ready(Err(error));
            }
        }
    }

    fn start_at(&mut self, offset: u64, hasher: Hasher) -> bool {
        self.asked = offset;
        self.received = offset;
        self.hasher = hasher;
        true
    }

    fn is_spoiled(&self) -> bool {
        self.is_spoiled
    }
}
