//! Where the bytes of an attachment come from, piece by piece.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;

use super::Hasher;
use super::files::FileContent;
use crate::error::Error;

/// Bytes of a file that are read in one go.
const READ: usize = 1024 * 1024;

/// A source of bytes, read once from its start to its end.
pub(crate) trait Chunks: Send {
    /// The next piece, of at most `most` bytes and not empty; `None` at the end. After the end, or a
    /// failure, it is not asked again.
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>>;

    /// A piece that is needed no more: where nobody else holds it, its memory serves for another one. To get as much anew
    /// from the system for each piece costs about as much as to fill it.
    fn reuse(&mut self, piece: Bytes) {
        drop(piece);
    }

    /// To be asked before the first piece: whether it can begin at `offset`, the bytes before which
    /// are known and gave `hasher`.
    fn start_at(&mut self, offset: u64, hasher: Hasher) -> bool {
        let _ = hasher;
        offset == 0
    }

    /// Whether it failed because what came is not what was sent.
    fn is_spoiled(&self) -> bool {
        false
    }
}

/// Waits for the next piece.
pub(crate) async fn next(chunks: &mut dyn Chunks, most: usize) -> Result<Option<Bytes>, Error> {
    std::future::poll_fn(|cx| chunks.poll_chunk(cx, most)).await
}

pub(super) struct OfBytes(pub(super) Bytes);

impl Chunks for OfBytes {
    fn poll_chunk(&mut self, _: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        let length = self.0.len().min(most);
        Poll::Ready(Ok((length > 0).then(|| self.0.split_to(length))))
    }
}

/// A file, read on a thread that may block.
pub(super) struct OfFile {
    file: Arc<FileContent>,
    at: u64,
    read: Bytes,
    reading: Option<JoinHandle<std::io::Result<Bytes>>>,
}

impl OfFile {
    pub(super) fn new(file: Arc<FileContent>, at: u64) -> Self {
        Self { file, at, read: Bytes::new(), reading: None }
    }
}

impl Chunks for OfFile {
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        if self.read.is_empty() {
            if self.at >= self.file.size {
                return Poll::Ready(Ok(None));
            }
            let reading = self.reading.get_or_insert_with(|| {
                let (file, at) = (self.file.clone(), self.at);
                let length = READ.min(usize::try_from(file.size - at).unwrap_or(READ));
                tokio::task::spawn_blocking(move || file.read_at(at, length))
            });
            let read = ready!(Pin::new(reading).poll(cx));
            self.reading = None;
            self.read = read??;
            self.at += self.read.len() as u64;
        }
        let length = self.read.len().min(most);
        Poll::Ready(Ok(Some(self.read.split_to(length))))
    }
}

/// Buffers kept for further pieces.
const SPARE: usize = 2;

/// Anything that can be read.
pub(super) struct OfReader {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    buffer: BytesMut,
    spare: Vec<BytesMut>,
    size: Option<u64>,
    given: u64,
    ended: bool,
}

impl OfReader {
    pub(super) fn new(reader: impl AsyncRead + Send + 'static, size: Option<u64>) -> Self {
        Self { reader: Box::pin(reader), buffer: BytesMut::new(), spare: Vec::new(), size, given: 0, ended: false }
    }

    fn give(&mut self) -> Poll<Result<Option<Bytes>, Error>> {
        let piece = std::mem::take(&mut self.buffer).freeze();
        self.given += piece.len() as u64;
        let wrong = match self.size {
            Some(size) if self.given > size => format!("over {size}"),
            Some(size) if self.ended && piece.is_empty() && self.given < size => self.given.to_string(),
            _ => return Poll::Ready(Ok((!piece.is_empty()).then_some(piece))),
        };
        let size = self.size.unwrap_or_default();
        let text = format!("the reader of an attachment gave {wrong} bytes where {size} were announced");
        Poll::Ready(Err(Error::internal(text)))
    }
}

impl Chunks for OfReader {
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        while !self.ended && self.buffer.len() < most {
            if self.buffer.capacity() == 0 {
                self.buffer = self.spare.pop().unwrap_or_default();
                self.buffer.reserve(most);
            }
            let room = most - self.buffer.len();
            let mut reader = self.reader.as_mut().take(room as u64);
            match pin!(reader.read_buf(&mut self.buffer)).poll(cx) {
                Poll::Ready(Ok(0)) => self.ended = true,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                // Not kept back: who waits for it may be waiting for these very bytes.
                Poll::Pending if !self.buffer.is_empty() => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        self.give()
    }

    fn reuse(&mut self, piece: Bytes) {
        if self.spare.len() < SPARE
            && let Ok(mut buffer) = piece.try_into_mut()
        {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}

/// What was read already, and then the rest.
pub(super) struct ReadAhead {
    read: VecDeque<Bytes>,
    rest: Box<dyn Chunks>,
}

impl ReadAhead {
    pub(super) fn new(read: Vec<Bytes>, rest: Box<dyn Chunks>) -> Self {
        Self { read: read.into(), rest }
    }
}

impl Chunks for ReadAhead {
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        let Some(mut piece) = self.read.pop_front() else { return self.rest.poll_chunk(cx, most) };
        if piece.len() > most {
            self.read.push_front(piece.split_off(most));
        }
        Poll::Ready(Ok(Some(piece)))
    }

    fn reuse(&mut self, piece: Bytes) {
        self.rest.reuse(piece);
    }

    fn is_spoiled(&self) -> bool {
        self.rest.is_spoiled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_are_no_larger_than_asked_for() {
        let mut chunks = OfReader::new(&[7; 10][..], None);
        let mut sizes = Vec::new();
        while let Some(piece) = next(&mut chunks, 4).await.unwrap() {
            sizes.push(piece.len());
        }
        assert_eq!(sizes, [4, 4, 2]);
    }

    #[tokio::test]
    async fn the_memory_of_a_piece_serves_again_unless_somebody_holds_it() {
        let mut chunks = OfReader::new(tokio::io::repeat(7), None);
        let first = next(&mut chunks, 4096).await.unwrap().unwrap();
        let (held, place) = (first.clone(), first.as_ptr());
        chunks.reuse(first);
        let second = next(&mut chunks, 4096).await.unwrap().unwrap();
        assert_ne!(second.as_ptr(), place);
        chunks.reuse(held);
        let third = next(&mut chunks, 4096).await.unwrap().unwrap();
        assert_eq!((third.as_ptr(), third.len()), (place, 4096));
    }
}
