//! Bytes that wait to be written to one peer.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::codec::{COPIED, write_header};
use crate::transport::Message;

/// Slices that one system call takes.
pub(super) const SLICES: usize = 32;

/// What an idle connection keeps of its buffer.
const KEPT: usize = 16 * 1024;

/// Small frames are copied into one buffer, large ones wait as they are.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// To be written before `tail`.
    chunks: VecDeque<Bytes>,
    tail: Vec<u8>,
    /// How much of the tail is written.
    written: usize,
    bytes: usize,
    messages: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Messages that were added since it was last empty.
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    /// Adds bytes as they are: a command.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.bytes += bytes.len();
    }

    /// Adds a message.
    pub(super) fn push(&mut self, message: Message) {
        let mut frames = message.into_frames();
        self.messages += 1;
        while let Some(frame) = frames.next() {
            let before = self.tail.len();
            write_header(&mut self.tail, frame.len(), frames.len() > 0);
            if frame.len() <= COPIED {
                self.tail.extend_from_slice(&frame);
                self.bytes += self.tail.len() - before;
            } else {
                self.bytes += self.tail.len() - before + frame.len();
                self.seal();
                self.chunks.push_back(frame);
            }
        }
    }

    /// Makes the tail a chunk: something that is not copied follows.
    fn seal(&mut self) {
        let mut sealed = Bytes::from(std::mem::take(&mut self.tail));
        sealed.advance(std::mem::take(&mut self.written));
        if !sealed.is_empty() {
            self.chunks.push_back(sealed);
        }
    }

    /// What is to be written next; the number of slices that are used.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let tail = &self.tail[self.written..];
        let waiting = self.chunks.iter().map(|chunk| &chunk[..]).chain((!tail.is_empty()).then_some(tail));
        slices.iter_mut().zip(waiting).map(|(slice, bytes)| *slice = IoSlice::new(bytes)).count()
    }

    /// So many bytes were written.
    pub(super) fn wrote(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(first) = self.chunks.front_mut() {
            if first.len() > count {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.chunks.pop_front();
        }
        self.written += count;
        if self.written == self.tail.len() {
            self.tail.clear();
            self.tail.shrink_to(KEPT);
            self.written = 0;
            self.messages = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(outbox: &mut Outbox, at_once: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = outbox.slices(&mut slices);
            let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).take(at_once).collect();
            all.extend_from_slice(&bytes);
            outbox.wrote(bytes.len());
        }
        all
    }

    #[test]
    fn what_is_written_is_what_was_added_however_little_at_once() {
        let large = Bytes::from(vec![7; COPIED + 1]);
        let mut expected = b"hi".to_vec();
        for frame in [&b"id"[..], b"", &large, b"end"] {
            write_header(&mut expected, frame.len(), frame != b"end");
            expected.extend_from_slice(frame);
        }
        for at_once in [1, 3, 1000, usize::MAX] {
            let mut outbox = Outbox::default();
            outbox.push_bytes(b"hi");
            let frames = [Bytes::from_static(b"id"), Bytes::new(), large.clone(), Bytes::from_static(b"end")];
            outbox.push(Message::from(frames));
            assert_eq!((outbox.bytes(), outbox.messages()), (expected.len(), 1));
            assert!(written(&mut outbox, at_once) == expected);
            assert_eq!((outbox.bytes(), outbox.messages()), (0, 0));
        }
    }
}
