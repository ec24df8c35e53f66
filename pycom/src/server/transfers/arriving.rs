//! Which chunk of an attachment may come next: plain data, no I/O, no clock.

use super::TransferLimits;
use crate::names::shown;

/// One attachment that arrives in chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arriving {
    pub(super) name: String,
    pub(super) size: Option<u64>,
    /// Where the next chunk begins.
    received: u64,
    /// Bytes that have left the memory.
    settled: u64,
    ended: bool,
}

/// A chunk that may not come: what is wrong with it, and where the attachment goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) text: String,
    pub(super) offset: u64,
}

impl Arriving {
    /// One of which the bytes before `offset` are here already.
    pub(super) fn new(name: String, size: Option<u64>, offset: u64) -> Self {
        let ended = size == Some(0);
        Self { name, size, received: offset, settled: offset, ended }
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Whether its last chunk has come.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether all that came has left the memory.
    pub(super) fn is_settled(&self) -> bool {
        self.received == self.settled
    }

    /// A chunk of `length` bytes comes; says whether it is the last.
    pub(super) fn chunk(
        &mut self,
        offset: u64,
        length: u64,
        has_checksum: bool,
        limits: &TransferLimits,
    ) -> Result<bool, Wrong> {
        let end = offset.saturating_add(length);
        let name = shown(&self.name);
        let wrong = |text| Err(Wrong { text, offset: self.received });
        if offset != self.received {
            return wrong(format!("Attachment {name} goes on at {}, not at {offset}", self.received));
        }
        if self.ended {
            return wrong(format!("Attachment {name} has ended already, with {end} bytes"));
        }
        if length > limits.chunk as u64 {
            let most = limits.chunk;
            return wrong(format!(
                "A chunk has at most {most} bytes (limit TransferLimits::chunk of the service), not {length}"
            ));
        }
        match self.size {
            Some(size) if end > size => {
                return wrong(format!(
                    "Attachment {name} was announced with {size} bytes; this chunk reaches to {end}"
                ));
            }
            Some(size) if has_checksum && end < size => {
                return wrong(format!("Attachment {name} was announced with {size} bytes; it ends at {end}"));
            }
            None if end > limits.size => {
                let most = limits.size;
                return wrong(format!(
                    "Attachment {name} is over the limit of {most} bytes; send less, or raise TransferLimits::size of the service"
                ));
            }
            _ => {}
        }
        if length == 0 && !has_checksum {
            return wrong(format!("This chunk of attachment {name} has no data"));
        }
        if end - self.settled > limits.window as u64 {
            let window = limits.window;
            return wrong(format!(
                "Over {window} bytes of attachment {name} are under way (limit TransferLimits::window); wait for their answers"
            ));
        }
        self.received = end;
        self.ended = has_checksum || self.size == Some(end);
        Ok(self.ended)
    }

    /// A chunk of `length` bytes has left the memory.
    pub(super) fn settle(&mut self, length: u64) {
        self.settled = (self.settled + length).min(self.received);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits() -> TransferLimits {
        TransferLimits { chunk: 10, window: 30, size: 1000, ..TransferLimits::default() }
    }

    fn refused(arriving: &mut Arriving, offset: u64, length: u64, ends: bool) -> String {
        arriving.chunk(offset, length, ends, &limits()).unwrap_err().text
    }

    #[test]
    fn each_wrong_chunk_is_told_what_is_wrong_with_it() {
        let mut known = Arriving::new("a".into(), Some(25), 0);
        assert_eq!(known.chunk(0, 10, false, &limits()), Ok(false));
        assert_eq!(refused(&mut known, 0, 10, false), "Attachment 'a' goes on at 10, not at 0");
        assert_eq!(refused(&mut known, 20, 5, false), "Attachment 'a' goes on at 10, not at 20");
        assert_eq!(refused(&mut known, 10, 0, false), "This chunk of attachment 'a' has no data");
        assert!(refused(&mut known, 10, 11, false).contains("at most 10 bytes"));
        assert!(refused(&mut known, 10, 5, true).ends_with("announced with 25 bytes; it ends at 15"));
        assert_eq!(known.chunk(10, 10, false, &limits()), Ok(false));
        assert!(refused(&mut known, 20, 6, false).ends_with("announced with 25 bytes; this chunk reaches to 26"));
        assert_eq!(known.chunk(20, 5, true, &limits()), Ok(true));
        assert!(refused(&mut known, 25, 0, true).contains("ended already"));
    }

    #[test]
    fn what_is_under_way_is_bounded() {
        let mut unknown = Arriving::new("a".into(), None, 0);
        for offset in [0, 10, 20] {
            assert_eq!(unknown.chunk(offset, 10, false, &limits()), Ok(false));
        }
        assert!(refused(&mut unknown, 30, 1, false).contains("TransferLimits::window"));
        unknown.settle(10);
        assert_eq!(unknown.chunk(30, 10, false, &limits()), Ok(false));
        assert_eq!(unknown.received(), 40);
    }

    #[test]
    fn one_of_unknown_size_ends_with_its_checksum_and_within_the_limit() {
        let mut unknown = Arriving::new("a".into(), None, 995);
        assert!(refused(&mut unknown, 995, 6, true).contains("TransferLimits::size"));
        assert_eq!(unknown.chunk(995, 5, false, &limits()), Ok(false));
        assert_eq!(unknown.chunk(1000, 0, true, &limits()), Ok(true));
        assert!(Arriving::new("a".into(), Some(0), 0).has_ended());
    }

    proptest! {
        /// Whatever chunks come, those that are taken are the bytes from the start to the end, once each.
        #[test]
        fn what_is_taken_is_the_whole(
            size in prop::option::of(1_u64..60),
            chunks in prop::collection::vec((0_u64..70, 0_u64..14, any::<bool>(), any::<bool>()), 0..80),
        ) {
            let mut arriving = Arriving::new("a".into(), size, 0);
            let (mut end, mut ended) = (0, false);
            for (offset, length, has_checksum, right) in chunks {
                let offset = if right { end } else { offset };
                let before = arriving.clone();
                match arriving.chunk(offset, length, has_checksum, &limits()) {
                    Ok(last) => {
                        prop_assert!(!ended && offset == end);
                        end += length;
                        ended = last;
                        prop_assert_eq!(arriving.received(), end);
                        prop_assert!(size.is_none_or(|size| end <= size && (!last || end == size)));
                        arriving.settle(length);
                    }
                    Err(wrong) => {
                        prop_assert_eq!(&arriving, &before);
                        prop_assert_eq!(wrong.offset, end);
                    }
                }
            }
            prop_assert_eq!(arriving.has_ended(), ended);
        }
    }
}
