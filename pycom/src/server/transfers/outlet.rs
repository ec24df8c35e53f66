//! Attachments of a reply, given away chunk by chunk as they are asked for.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc::UnboundedReceiver;

use super::intake::Place;
use super::{Event, What};
use crate::attachment::{Attachment, Checksum, Chunks, Hasher};
use crate::error::Error;
use crate::names::shown;
use crate::server::job::ReturnAddress;

/// A chunk that is asked for.
pub(super) struct Ask {
    pub(super) offset: u64,
    pub(super) to: ReturnAddress,
}

/// A chunk, and the checksum over the whole with the last.
pub(super) type Fetched = (Bytes, Option<Checksum>);

/// Reads an attachment in order, and goes back where its content allows it.
pub(super) struct Outlet {
    attachment: Attachment,
    chunks: Option<Box<dyn Chunks>>,
    /// Where `chunks` go on.
    at: u64,
    hasher: Hasher,
    ended: Option<Checksum>,
    /// Chunks of a stream that may be asked for again.
    sent: VecDeque<(u64, Bytes)>,
    /// Left over from a piece that was larger than what was wanted of it.
    rest: Bytes,
    chunk: usize,
    window: usize,
    place: Place,
}

impl Outlet {
    pub(super) fn new(attachment: Attachment, chunk: usize, window: usize, place: Place) -> Self {
        Self {
            attachment,
            chunks: None,
            at: 0,
            hasher: Hasher::default(),
            ended: None,
            sent: VecDeque::new(),
            rest: Bytes::new(),
            chunk,
            window,
            place,
        }
    }

    /// Answers until nobody can ask any more.
    pub(super) async fn run(mut self, mut asks: UnboundedReceiver<Ask>) {
        while let Some(Ask { offset, to }) = asks.recv().await {
            let outcome = self.fetch(offset).await;
            if let Ok((data, _)) = &outcome
                && !data.is_empty()
            {
                self.attachment.progressed(offset + data.len() as u64);
            }
            let what = What::Fetched { index: self.place.index, to, outcome };
            let _ = self.place.events.send(Event { call_id: Arc::clone(&self.place.call_id), what });
        }
    }

    async fn fetch(&mut self, offset: u64) -> Result<Fetched, Error> {
        if self.attachment.size().is_some_and(|size| offset > size) {
            let (name, size) = (shown(&self.place.name), self.attachment.size().unwrap_or_default());
            return Err(Error::bad_request(format!("Attachment {name} has {size} bytes; there are none at {offset}")));
        }
        if offset < self.at {
            return self.fetch_again(offset).await;
        }
        while self.at < offset {
            let at = self.at;
            let wanted = self.chunk.min(usize::try_from(offset - self.at).unwrap_or(self.chunk));
            let skipped = self.advance(wanted).await?;
            if skipped.is_empty() {
                let (name, size) = (shown(&self.place.name), self.at);
                return Err(Error::bad_request(format!(
                    "Attachment {name} has {size} bytes; there are none at {offset}"
                )));
            }
            // Whoever asks for what follows may have lost the question for this with its connection.
            self.remember(at, skipped);
        }
        let data = self.advance(self.chunk).await?;
        self.remember(offset, data.clone());
        Ok((data, self.ended.clone()))
    }

    /// The next `wanted` bytes, fewer only at the end.
    async fn advance(&mut self, wanted: usize) -> Result<Bytes, Error> {
        if self.chunks.is_none() {
            self.chunks = Some(self.attachment.open()?);
        }
        let mut whole = std::mem::take(&mut self.rest);
        if whole.len() > wanted {
            self.rest = whole.split_off(wanted);
        }
        if whole.len() < wanted && self.ended.is_none() {
            let mut gathered = BytesMut::new();
            while whole.len() + gathered.len() < wanted {
                let most = wanted - whole.len() - gathered.len();
                let Some(piece) = next(&mut self.chunks, most).await? else { break };
                if whole.is_empty() && gathered.is_empty() {
                    whole = piece;
                } else {
                    if gathered.is_empty() {
                        gathered.reserve(wanted);
                        gathered.extend_from_slice(&whole);
                        whole = Bytes::new();
                    }
                    gathered.extend_from_slice(&piece);
                }
            }
            if !gathered.is_empty() {
                whole = gathered.freeze();
            }
        }
        self.hasher.update(&whole);
        self.at += whole.len() as u64;
        let at_end = match self.attachment.size() {
            Some(size) => self.at >= size,
            None => whole.len() < wanted,
        };
        if at_end && self.ended.is_none() {
            self.ended = Some(self.hasher.checksum());
        }
        Ok(whole)
    }

    /// What was given already, and perhaps was lost on its way.
    async fn fetch_again(&mut self, offset: u64) -> Result<Fetched, Error> {
        let is_end = |length: usize| offset + length as u64 == self.at;
        if let Some((_, data)) = self.sent.iter().find(|(at, _)| *at == offset) {
            let ends = is_end(data.len());
            return Ok((data.clone(), self.ended.clone().filter(|_| ends)));
        }
        let Some(chunks) = self.attachment.open_at(offset) else {
            let (name, window) = (shown(&self.place.name), self.window);
            return Err(Error::bad_request(format!(
                "Attachment {name} is a stream: of what was given, only the last {window} bytes can be had again, not from {offset}"
            )));
        };
        let mut chunks = Some(chunks);
        let mut whole = BytesMut::new();
        while whole.len() < self.chunk {
            let Some(piece) = next(&mut chunks, self.chunk - whole.len()).await? else { break };
            whole.extend_from_slice(&piece);
        }
        let ends = self.attachment.size() == Some(offset + whole.len() as u64);
        Ok((whole.freeze(), self.ended.clone().filter(|_| ends)))
    }

    /// Keeps what cannot be read again, for a window.
    fn remember(&mut self, offset: u64, data: Bytes) {
        if self.attachment.is_rewindable() {
            return;
        }
        self.sent.push_back((offset, data));
        while self.sent.front().is_some_and(|(at, _)| at + (self.window as u64) < offset) {
            if let (Some((_, data)), Some(chunks)) = (self.sent.pop_front(), &mut self.chunks) {
                chunks.reuse(data);
            }
        }
    }
}

async fn next(chunks: &mut Option<Box<dyn Chunks>>, most: usize) -> Result<Option<Bytes>, Error> {
    std::future::poll_fn(|cx| match chunks {
        Some(chunks) => chunks.poll_chunk(cx, most),
        None => std::task::Poll::Ready(Ok(None)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlet(attachment: Attachment) -> Outlet {
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let place = Place { call_id: "c".into(), index: 0, name: "a".into(), events };
        Outlet::new(attachment, 4, 8, place)
    }

    fn checksum(data: &[u8]) -> Option<Checksum> {
        let mut hasher = Hasher::default();
        hasher.update(data);
        Some(hasher.checksum())
    }

    #[tokio::test]
    async fn chunks_come_whole_and_the_last_with_the_checksum() {
        for size in [Some(10), None] {
            let mut outlet = outlet(Attachment::from_reader(&b"0123456789"[..], size));
            assert_eq!(outlet.fetch(0).await.unwrap(), (Bytes::from("0123"), None));
            assert_eq!(outlet.fetch(4).await.unwrap(), (Bytes::from("4567"), None));
            assert_eq!(outlet.fetch(8).await.unwrap(), (Bytes::from("89"), checksum(b"0123456789")));
            assert_eq!(outlet.fetch(4).await.unwrap(), (Bytes::from("4567"), None), "lost on its way");
            assert!(outlet.fetch(8).await.unwrap().1.is_some());
            assert!(outlet.fetch(11).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_stream_is_kept_for_a_window_only() {
        let mut outlet = outlet(Attachment::from_reader(&[7; 100][..], None));
        for offset in (0..40).step_by(4) {
            outlet.fetch(offset).await.unwrap();
        }
        assert!(outlet.fetch(28).await.is_ok());
        assert!(outlet.fetch(0).await.unwrap_err().to_string().contains("only the last 8 bytes"));
    }

    #[tokio::test]
    async fn what_was_passed_over_can_be_had_too() {
        let mut outlet = outlet(Attachment::from_reader(&b"0123456789"[..], None));
        assert_eq!(outlet.fetch(8).await.unwrap(), (Bytes::from("89"), checksum(b"0123456789")));
        assert_eq!(outlet.fetch(0).await.unwrap(), (Bytes::from("0123"), None));
        assert_eq!(outlet.fetch(4).await.unwrap(), (Bytes::from("4567"), None));
    }

    #[tokio::test]
    async fn what_can_be_read_again_is_given_from_anywhere_with_the_checksum_over_the_whole() {
        let mut outlet = outlet(Attachment::from("0123456789".to_owned()));
        assert_eq!(outlet.fetch(6).await.unwrap(), (Bytes::from("6789"), checksum(b"0123456789")));
        assert_eq!(outlet.fetch(0).await.unwrap(), (Bytes::from("0123"), None));
        assert_eq!(outlet.fetch(10).await.unwrap(), (Bytes::new(), checksum(b"0123456789")));
        assert!(outlet.fetch(11).await.unwrap_err().to_string().contains("there are none at 11"));
    }
}
