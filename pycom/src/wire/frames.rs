//! `[envelope]* "" COMMAND JSON [ATTACHMENT]`, and the same with STATUS on the way back.

use bytes::Bytes;
use smallvec::SmallVec;

use super::{Command, Malformed};
use crate::transport::Message;

/// What stands before the empty frame: it goes back unchanged, and only its sender knows what it
/// means. Ours put the request id there.
pub(crate) type Envelope = SmallVec<[Bytes; 1]>;

/// What stands after the empty frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// Command of a request, status of an answer.
    pub(crate) word: Bytes,
    pub(crate) json: Bytes,
    pub(crate) attachment: Option<Bytes>,
}

/// Splits a message at its first empty frame.
///
/// The envelope comes back even if the body is malformed, so that the sender can be told.
pub(crate) fn split(message: Message) -> (Envelope, Result<Body, Malformed>) {
    let mut frames = message.into_frames();
    let mut envelope = Envelope::new();
    loop {
        match frames.next() {
            Some(frame) if frame.is_empty() => break,
            Some(frame) => envelope.push(frame),
            None => {
                let text = "Expected an empty frame before the command; send envelope, empty frame, command, JSON";
                return (Envelope::new(), Err(Malformed(text.into())));
            }
        }
    }
    let count = frames.len();
    match (count, frames.next(), frames.next()) {
        (2 | 3, Some(word), Some(json)) => (envelope, Ok(Body { word, json, attachment: frames.next() })),
        // The original's own words (protocol.md, "Codes").
        _ => (envelope, Err(Malformed(format!("Expected 2-3 parts, got {count}")))),
    }
}

fn join(envelope: Envelope, word: &'static [u8], json: Bytes, attachment: Option<Bytes>) -> Message {
    let frames = envelope.into_iter().chain([Bytes::new(), Bytes::from_static(word), json]).chain(attachment);
    frames.collect()
}

/// The message of a request.
pub(crate) fn request(envelope: Envelope, command: Command, json: Bytes, attachment: Option<Bytes>) -> Message {
    join(envelope, command.word(), json, attachment)
}

/// The message of an answer. Its status is `OK` whatever its code: `FAIL` is for a server that
/// itself broke, and ours answers what it cannot do with a code.
pub(crate) fn answer(envelope: Envelope, json: Bytes, attachment: Option<Bytes>) -> Message {
    join(envelope, b"OK", json, attachment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(frames: &[&[u8]]) -> Message {
        frames.iter().map(|frame| Bytes::copy_from_slice(frame)).collect()
    }

    #[test]
    fn the_envelope_survives_a_malformed_body() {
        let (envelope, body) = split(message(&[b"id", b"more", b"", b"CALL"]));
        assert_eq!(envelope.as_slice(), [Bytes::from("id"), Bytes::from("more")]);
        assert_eq!(body.unwrap_err().0, "Expected 2-3 parts, got 1");
        let (_, body) = split(message(&[b"", b"CALL", b"{}", b"a", b"b"]));
        assert_eq!(body.unwrap_err().0, "Expected 2-3 parts, got 4");
    }

    #[test]
    fn a_message_without_an_empty_frame_is_told_so() {
        let (envelope, body) = split(message(&[b"CALL", b"{}"]));
        assert!(envelope.is_empty());
        assert!(body.unwrap_err().0.starts_with("Expected an empty frame"));
    }

    proptest! {
        #[test]
        fn any_frames_split_into_something(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..8)) {
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let _ = split(message(&frames));
        }

        #[test]
        fn what_was_joined_splits_into_the_same(
            envelope in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..6), 0..4),
            json in prop::collection::vec(any::<u8>(), 0..20),
            attachment in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
        ) {
            let envelope: Envelope = envelope.into_iter().map(Bytes::from).collect();
            let (json, attachment) = (Bytes::from(json), attachment.map(Bytes::from));
            let (back, body) = split(request(envelope.clone(), Command::Call, json.clone(), attachment.clone()));
            prop_assert_eq!(back, envelope);
            prop_assert_eq!(body.unwrap(), Body { word: Bytes::from_static(b"CALL"), json, attachment });
        }
    }
}
