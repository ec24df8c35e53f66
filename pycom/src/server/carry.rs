//! How the attachments of a reply travel: in its frame, or in chunks that are fetched.

use bytes::Bytes;

use super::Limits;
use super::transfers::TransferLimits;
use crate::attachment::Attachments;
use crate::error::{Error, code};
use crate::protocol::PrepareAnswer;

/// What decides how an attachment travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Bytes of the largest frame that is sent.
    pub(super) largest: usize,
    /// Bytes of the largest attachment that goes in a frame where its caller takes chunks.
    frame: usize,
    chunk: usize,
    window: usize,
}

/// How they travel.
#[derive(Debug)]
pub(super) enum Way {
    /// In the frame of the reply, as it is in memory.
    Frame(Option<Bytes>),
    /// In the frame, once it was read into memory, with at most so many bytes.
    Read(usize),
    /// In chunks.
    Chunks,
    /// Not at all.
    None(Error),
}

impl Terms {
    pub(super) fn new(limits: &Limits, transfers: &TransferLimits) -> Self {
        let TransferLimits { frame, chunk, window, .. } = *transfers;
        Self { largest: limits.reply_size, frame, chunk, window }
    }

    /// What their receiver is told of chunks.
    pub(super) fn chunks(&self) -> PrepareAnswer {
        let (chunk, window) = (self.chunk as u64, self.window as u64);
        PrepareAnswer { chunk, window, ..PrepareAnswer::default() }
    }

    /// How `attachments` travel to a caller that takes chunks, or one that does not.
    pub(super) fn way(&self, attachments: &Attachments, takes_chunks: bool) -> Way {
        let most = if takes_chunks { self.frame } else { self.largest };
        match attachments.entries() {
            [] => Way::Frame(None),
            [only] if only.implied || !takes_chunks => match (only.attachment.as_bytes(), only.attachment.size()) {
                (Some(data), _) if data.len() <= most => Way::Frame(Some(data.clone())),
                (None, Some(size)) if size <= most as u64 => Way::Read(most),
                (None, None) if !takes_chunks => Way::Read(most),
                _ if takes_chunks => Way::Chunks,
                (_, size) => Way::None(self.too_large(size)),
            },
            _ if takes_chunks => Way::Chunks,
            several => {
                let text = format!("The reply has {} attachments, and its caller takes one", several.len());
                Way::None(Error::from_code(code::UNKNOWN, text, Default::default()))
            }
        }
    }

    fn too_large(&self, size: Option<u64>) -> Error {
        let (size, most) = (size.unwrap_or_default(), self.largest);
        let text = format!(
            "The attachment of the reply has {size} bytes, over the limit of {most} bytes for one frame, and its caller takes no chunks; ask for less, or raise Limits::reply_size of the service"
        );
        Error::from_code(code::UNKNOWN, text, Default::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attachment;

    fn way(attachments: &[(&'static str, Attachment, bool)], takes_chunks: bool) -> Way {
        let terms = Terms { largest: 20, frame: 10, chunk: 4, window: 8 };
        let mut all = Attachments::default();
        for (name, attachment, implied) in attachments {
            all.set(*name, attachment.clone(), *implied);
        }
        terms.way(&all, takes_chunks)
    }

    #[test]
    fn small_ones_go_in_the_frame_and_large_ones_in_chunks_to_those_who_take_them() {
        let bytes = |length: usize| ("a", Attachment::from(vec![0; length]), true);
        let stream = |size| ("a", Attachment::from_reader(tokio::io::empty(), size), true);
        assert!(matches!(way(&[], true), Way::Frame(None)));
        assert!(matches!(way(&[bytes(10)], true), Way::Frame(Some(_))));
        assert!(matches!(way(&[bytes(11)], true), Way::Chunks));
        assert!(matches!(way(&[bytes(20)], false), Way::Frame(Some(_))));
        assert!(matches!(way(&[bytes(21)], false), Way::None(_)));
        assert!(matches!(way(&[stream(Some(10))], true), Way::Read(10)));
        assert!(matches!(way(&[stream(None)], true), Way::Chunks));
        assert!(matches!(way(&[stream(None)], false), Way::Read(20)));
        assert!(matches!(way(&[stream(Some(21))], false), Way::None(_)));
    }

    #[test]
    fn several_and_further_ones_go_by_their_names() {
        let one = |name, implied| (name, Attachment::default(), implied);
        assert!(matches!(way(&[one("b", false)], true), Way::Chunks));
        assert!(matches!(way(&[one("b", false)], false), Way::Frame(Some(_))));
        assert!(matches!(way(&[one("a", true), one("b", false)], true), Way::Chunks));
        assert!(matches!(way(&[one("a", true), one("b", false)], false), Way::None(_)));
    }
}
