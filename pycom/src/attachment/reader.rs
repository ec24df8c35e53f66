//! The pieces of an attachment as `AsyncRead`, counted.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use super::{Chunks, Hasher, OnProgress, Progress};
use crate::error::Error;

/// Largest piece that [`AttachmentReader::chunk`] gives.
const PIECE: usize = 1024 * 1024;

/// The data of an attachment, as it comes: [`tokio::io::AsyncRead`], or piece by piece with
/// [`chunk`](Self::chunk), which copies nothing.
///
/// What comes from elsewhere ends only once it is whole and verified, and fails where it is not; an
/// [`io::Error`] of it becomes the [`Error`] that it was when `?` makes one of it. Dropping it before
/// the end stops the transfer.
pub struct AttachmentReader {
    chunks: Box<dyn Chunks>,
    current: Bytes,
    progress: Progress,
    callback: Option<OnProgress>,
    state: State,
}

#[derive(PartialEq, Clone, Copy)]
enum State {
    Open,
    Ended,
    Failed,
}

impl AttachmentReader {
    pub(super) fn new(chunks: Box<dyn Chunks>, total: Option<u64>, callback: Option<OnProgress>) -> Self {
        let progress = Progress { done: 0, total };
        Self { chunks, current: Bytes::new(), progress, callback, state: State::Open }
    }

    /// The next piece, as it came; `None` at the end.
    ///
    /// # Errors
    ///
    /// Where the transfer failed, or what came is not what was sent.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|cx| self.poll_piece(cx, PIECE)).await
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.current.is_empty() {
            let piece = std::mem::take(&mut self.current);
            return Poll::Ready(Ok(Some(piece)));
        }
        match self.state {
            State::Open => {}
            State::Ended => return Poll::Ready(Ok(None)),
            State::Failed => return Poll::Ready(Err(Error::internal("reading the attachment has failed before"))),
        }
        let polled = ready!(self.chunks.poll_chunk(cx, most));
        match &polled {
            Ok(Some(piece)) => {
                self.progress.done += piece.len() as u64;
                if let Some(callback) = &self.callback {
                    callback(self.progress);
                }
            }
            Ok(None) => self.state = State::Ended,
            Err(_) => self.state = State::Failed,
        }
        Poll::Ready(polled)
    }

    /// Begins at `offset`, where that is possible; see [`Chunks::start_at`].
    pub(super) fn start_at(&mut self, offset: u64, hasher: Hasher) -> bool {
        let starts = self.chunks.start_at(offset, hasher);
        if starts {
            self.progress.done = offset;
        }
        starts
    }

    pub(super) fn is_spoiled(&self) -> bool {
        self.chunks.is_spoiled()
    }
}

impl fmt::Debug for AttachmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AttachmentReader").field(&self.progress).finish()
    }
}

impl AsyncRead for AttachmentReader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.current.is_empty() {
            match ready!(self.poll_piece(cx, PIECE)).map_err(io::Error::other)? {
                Some(piece) => self.current = piece,
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = self.current.len().min(buffer.remaining());
        buffer.put_slice(&self.current.split_to(length));
        Poll::Ready(Ok(()))
    }
}
