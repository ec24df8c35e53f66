//! zerojson: frames and bytes to calls and replies, and back.
//!
//! Pure: no sockets, no clock, no tasks. What comes in is any bytes at all; what goes out is a
//! call, a reply, or an error that says what is wrong with it.
//!
//! | file | owns |
//! | --- | --- |
//! | `frames` | envelope, command or status, JSON, attachment |
//! | `command` | what a request asks for |
//! | `call` | the JSON of a call |
//! | `cancel` | the JSON that names a call nobody waits for any more |
//! | `transfer` | the JSON of the commands that carry attachments in chunks |
//! | `reply` | the JSON of an answer |
//! | `extensions` | the `extensions` object of both |
//! | `json` | nesting limit, Python's dialect, where in a text an error lies |

mod call;
mod cancel;
mod command;
mod extensions;
mod frames;
mod json;
mod reply;
mod transfer;

pub(crate) use call::{Call, CallWriter};
pub(crate) use cancel::{LONGEST_ID, cancelled_id, write_cancel};
pub(crate) use command::Command;
pub use extensions::Extensions;
pub(crate) use extensions::{OfCall, key};
pub(crate) use frames::{Body, Envelope, answer, request, split};
pub(crate) use json::{dialect_error, mask_dialect, path_at};
pub(crate) use reply::{ReplyParts, ReplyWriter, error_reply};
pub(crate) use transfer::{CallIdRequest, ChunkRequest, OfRefusal, PrepareAnswer, Prepared, prepared, sizes};

/// The version that goes out; any other, or none, is accepted.
pub(crate) const VERSION: &str = "1.0";

/// Deepest nesting of arrays and objects in a message.
///
/// `serde_json::Value` stops at 127 by itself, but raw JSON passes at any depth, and what passes
/// here may reach a peer that parses recursively.
pub(crate) const MAX_DEPTH: usize = 128;

/// A message that is no message of the protocol: the text for an answer with code 4.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);
