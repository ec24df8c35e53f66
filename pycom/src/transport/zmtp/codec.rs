//! Frames of ZMTP 3 from bytes: a flag byte, a length of one byte or eight, the body (RFC 37, "Framing").

use bytes::{BufMut, Bytes};

use crate::transport::Message;
use crate::transport::assembly::Assembly;

/// More frames of this message follow.
const MORE: u8 = 0b001;
/// The length takes eight bytes.
const LONG: u8 = 0b010;
/// It is a command, and no part of a message.
const COMMAND: u8 = 0b100;

/// Frames up to here are copied out of the buffer that all connections share; larger ones get one of their own, which
/// the system fills.
pub(super) const COPIED: usize = 16 * 1024;

/// The longest command: the names and the few properties that peers tell of themselves.
const MAX_COMMAND: usize = 4096;

/// A large frame's buffer grows as its bytes arrive: a length alone takes no more than this, and the system gives no memory
/// before something is written there. A chunk of an attachment fits, so that it is not copied as it grows.
const GROWTH: usize = 1024 * 1024;

/// What was decoded.
#[derive(Debug, PartialEq)]
pub(super) enum Decoded {
    /// A whole message; `None` where it had too many frames.
    Message(Option<Message>),
    /// The body of a command.
    Command(Vec<u8>),
}

/// The peer does not speak the protocol, or goes beyond a limit: its connection ends.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub(super) String);

/// Decodes what one peer sends.
pub(super) struct Decoder {
    /// The longest frame that is received, in bytes.
    largest: usize,
    message: Assembly,
    large: Option<Large>,
}

/// A frame that is being received into a buffer of its own.
struct Large {
    frame: Vec<u8>,
    length: usize,
    more: bool,
}

struct Header {
    flags: u8,
    length: usize,
    size: usize,
}

impl Decoder {
    pub(super) fn new(largest: usize) -> Self {
        Self { largest, message: Assembly::default(), large: None }
    }

    /// Decodes as much of `input` as there are whole frames in it, and tells how many bytes those took.
    ///
    /// What is left is at most a header and [`COPIED`] bytes, and must come again in front of what follows.
    pub(super) fn decode(&mut self, input: &[u8], mut take: impl FnMut(Decoded)) -> Result<usize, Broken> {
        let mut taken = 0;
        loop {
            let rest = &input[taken..];
            if let Some(large) = &mut self.large {
                let count = rest.len().min(large.length - large.frame.len());
                large.frame.extend_from_slice(&rest[..count]);
                taken += count;
                match self.large_is_whole() {
                    Some(decoded) => decoded.into_iter().for_each(&mut take),
                    None => return Ok(taken),
                }
                continue;
            }
            let Some(Header { flags, length, size }) = self.header(rest)? else { return Ok(taken) };
            if length > COPIED {
                let frame = Vec::with_capacity(length.min(GROWTH));
                self.large = Some(Large { frame, length, more: flags & MORE != 0 });
                taken += size;
                continue;
            }
            let Some(body) = rest.get(size..size + length) else { return Ok(taken) };
            taken += size + length;
            if flags & COMMAND != 0 {
                take(Decoded::Command(body.to_vec()));
                continue;
            }
            self.message.push_small(body);
            if flags & MORE == 0 {
                take(Decoded::Message(self.message.finish()));
            }
        }
    }

    fn header(&self, input: &[u8]) -> Result<Option<Header>, Broken> {
        let &[flags, first, ..] = input else { return Ok(None) };
        if flags & !(MORE | LONG | COMMAND) != 0 || flags & (MORE | COMMAND) == MORE | COMMAND {
            return Err(Broken(format!("it sent a frame with the unknown flags {flags:#04x}")));
        }
        let (length, size) = if flags & LONG == 0 {
            (u64::from(first), 2)
        } else {
            let Some(length) = input.get(1..9) else { return Ok(None) };
            (u64::from_be_bytes(length.try_into().expect("eight bytes")), 9)
        };
        let largest = if flags & COMMAND == 0 { self.largest } else { MAX_COMMAND };
        match usize::try_from(length) {
            Ok(length) if length <= largest => Ok(Some(Header { flags, length, size })),
            _ => Err(Broken(format!("it sent a frame of {length} bytes, over the limit of {largest}"))),
        }
    }

    /// Where the bytes of a large frame that follow are to be written, if one is being received. Tell what was written
    /// with [`large_is_whole`](Self::large_is_whole).
    pub(super) fn large_space(&mut self) -> Option<impl BufMut + '_> {
        let Large { frame, length, .. } = self.large.as_mut()?;
        let missing = *length - frame.len();
        if frame.capacity() == frame.len() {
            frame.reserve_exact(missing.min(frame.len().max(GROWTH)));
        }
        let space = missing.min(frame.capacity() - frame.len());
        Some(frame.limit(space))
    }

    /// The large frame ends where it has all its bytes, and with it perhaps the message; `None` while it has not.
    pub(super) fn large_is_whole(&mut self) -> Option<Option<Decoded>> {
        let Large { frame, more, .. } = self.large.take_if(|large| large.frame.len() == large.length)?;
        self.message.push_large(|| Bytes::from(frame));
        Some((!more).then(|| Decoded::Message(self.message.finish())))
    }
}

/// Writes the header of a frame of a message.
pub(super) fn write_header(buffer: &mut Vec<u8>, length: usize, more: bool) {
    let more = if more { MORE } else { 0 };
    match u8::try_from(length) {
        Ok(length) => buffer.extend_from_slice(&[more, length]),
        Err(_) => {
            buffer.push(more | LONG);
            buffer.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Writes a command, whose name and data are `parts`; together they are short.
pub(super) fn write_command(buffer: &mut Vec<u8>, name: &str, data: &[u8]) {
    let length = 1 + name.len() + data.len();
    buffer.push(COMMAND | LONG);
    buffer.extend_from_slice(&(length as u64).to_be_bytes());
    buffer.push(name.len() as u8);
    buffer.extend_from_slice(name.as_bytes());
    buffer.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LARGEST: usize = 1 << 20;

    fn encode(message: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, frame) in message.iter().enumerate() {
            write_header(&mut bytes, frame.len(), index + 1 < message.len());
            bytes.extend_from_slice(frame);
        }
        bytes
    }

    /// Decodes `bytes` as they would arrive in pieces of these sizes, some of them straight into a large frame.
    fn decode(bytes: &[u8], pieces: &[usize]) -> Result<Vec<Decoded>, Broken> {
        let mut decoder = Decoder::new(LARGEST);
        let (mut decoded, mut left, mut rest) = (Vec::new(), Vec::new(), bytes);
        for piece in pieces.iter().copied().cycle() {
            if rest.is_empty() {
                return Ok(decoded);
            }
            let (mut arrived, later) = rest.split_at(piece.clamp(1, rest.len()));
            rest = later;
            let straight = decoder.large_space().map(|mut space| {
                let count = arrived.len().min(space.remaining_mut());
                space.put_slice(&arrived[..count]);
                count
            });
            if let Some(count) = straight {
                assert!(left.is_empty());
                arrived = &arrived[count..];
                decoded.extend(decoder.large_is_whole().flatten());
            }
            left.extend_from_slice(arrived);
            let taken = decoder.decode(&left, |one| decoded.push(one))?;
            left.drain(..taken);
            assert!(left.len() <= COPIED + 9);
        }
        unreachable!("there are pieces")
    }

    proptest! {
        #[test]
        fn messages_are_the_same_in_whatever_pieces_they_arrive(
            sizes in prop::collection::vec(prop::collection::vec(prop_oneof![0..300usize, 16_000..40_000usize], 1..6), 1..6),
            pieces in prop::collection::vec(prop_oneof![1..20usize, 1..30_000usize], 1..10),
        ) {
            let messages: Vec<Vec<Vec<u8>>> =
                sizes.iter().map(|frames| frames.iter().map(|size| vec![*size as u8; *size]).collect()).collect();
            let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message)).collect();
            let expected: Vec<Decoded> = messages.into_iter()
                .map(|frames| Decoded::Message(Some(frames.into_iter().map(Bytes::from).collect())))
                .collect();
            prop_assert_eq!(decode(&bytes, &pieces).unwrap(), expected);
        }

        #[test]
        fn nothing_that_arrives_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, &[7]);
        }
    }

    #[test]
    fn limits_are_kept_before_memory_is_taken() {
        let mut long = vec![LONG];
        long.extend_from_slice(&(LARGEST as u64 + 1).to_be_bytes());
        assert_eq!(
            decode(&long, &[100]).unwrap_err().to_string(),
            format!("it sent a frame of {} bytes, over the limit of {LARGEST}", LARGEST + 1)
        );
        assert!(decode(&[0x80, 0], &[100]).is_err());
        let endless: Vec<u8> = (0..100_000).flat_map(|_| [MORE, 0]).chain([0, 0]).collect();
        assert_eq!(decode(&endless, &[1000]).unwrap(), [Decoded::Message(None)]);
    }
}
