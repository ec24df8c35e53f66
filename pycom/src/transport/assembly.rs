use bytes::Bytes;
use smallvec::SmallVec;

use super::Message;

/// Bytes that the small frames of most messages have together.
const USUAL: usize = 192;

/// A message that is being received, frame by frame.
///
/// The small frames share one buffer: an id and a word of a few bytes are not worth one each. One with too many frames
/// takes no more memory than the longest that is allowed.
#[derive(Default)]
pub(super) struct Assembly {
    small: Vec<u8>,
    pieces: SmallVec<[Piece; Message::INLINE_FRAMES]>,
    too_long: bool,
}

enum Piece {
    Small(usize),
    Large(Bytes),
}

impl Assembly {
    fn has_room(&mut self) -> bool {
        self.too_long |= self.pieces.len() == Message::MAX_FRAMES;
        !self.too_long
    }

    /// Adds a frame by copying it.
    pub(super) fn push_small(&mut self, frame: &[u8]) {
        if self.has_room() {
            if self.small.capacity() == 0 {
                self.small.reserve(USUAL);
            }
            self.small.extend_from_slice(frame);
            self.pieces.push(Piece::Small(frame.len()));
        }
    }

    /// Adds a frame as it is.
    pub(super) fn push_large(&mut self, frame: impl FnOnce() -> Bytes) {
        if self.has_room() {
            self.pieces.push(Piece::Large(frame()));
        }
    }

    /// The message, unless it had too many frames; the next one begins.
    pub(super) fn finish(&mut self) -> Option<Message> {
        let Self { small, pieces, too_long } = std::mem::take(self);
        let mut small = Bytes::from(small);
        let to_bytes = |piece| match piece {
            Piece::Small(length) => small.split_to(length),
            Piece::Large(frame) => frame,
        };
        (!too_long).then(|| pieces.into_iter().map(to_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in_and_the_next_message_is_empty() {
        let mut assembly = Assembly::default();
        assembly.push_small(b"id");
        assembly.push_small(b"");
        assembly.push_large(|| Bytes::from_static(b"large"));
        assembly.push_small(b"end");
        let message = assembly.finish().unwrap();
        assert_eq!(message.frames(), [&b"id"[..], b"", b"large", b"end"]);
        assert_eq!(assembly.finish().unwrap().frames().len(), 0);
    }

    #[test]
    fn one_frame_too_many_is_no_message() {
        let mut assembly = Assembly::default();
        for _ in 0..Message::MAX_FRAMES {
            assembly.push_small(b"x");
        }
        assert!(assembly.finish().is_some());
        for _ in 0..1000 * Message::MAX_FRAMES {
            assembly.push_small(b"x");
        }
        assert!(assembly.small.len() <= Message::MAX_FRAMES && assembly.finish().is_none());
    }
}
