use bytes::Bytes;
use smallvec::SmallVec;

/// Room for a request with its id, the empty frame, the command and the JSON, without an allocation; few have an
/// attachment as well. More would only be moved about.
const INLINE_FRAMES: usize = 4;

/// One multipart message without routing: the frames that a peer sent after its own routing id.
///
/// One without frames is nothing: to send it does nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    frames: SmallVec<[Bytes; INLINE_FRAMES]>,
}

impl Message {
    /// The most frames a message may have; longer ones are dropped on arrival.
    pub const MAX_FRAMES: usize = 16;

    pub(super) const INLINE_FRAMES: usize = INLINE_FRAMES;

    /// The frames, in the order in which they travel.
    pub fn frames(&self) -> &[Bytes] {
        &self.frames
    }

    /// Gives the frames away.
    pub fn into_frames(self) -> impl DoubleEndedIterator<Item = Bytes> + ExactSizeIterator {
        self.frames.into_iter()
    }

    /// Bytes in all frames together.
    pub fn byte_len(&self) -> usize {
        self.frames.iter().map(Bytes::len).sum()
    }

    /// About the memory that the message holds while it waits in a queue.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.byte_len()
    }
}

impl FromIterator<Bytes> for Message {
    fn from_iter<I: IntoIterator<Item = Bytes>>(frames: I) -> Self {
        Self { frames: frames.into_iter().collect() }
    }
}

impl<const N: usize> From<[Bytes; N]> for Message {
    fn from(frames: [Bytes; N]) -> Self {
        frames.into_iter().collect()
    }
}
