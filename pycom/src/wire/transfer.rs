//! The JSON of `PREPARE`, `FPUT`, `EXEC`, `FGET` and `RESET`, and of their answers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::call::{Text, write_string};
use super::json::check_depth;
use super::{Malformed, key};
use crate::attachment::Checksum;

/// Attachments that one call may have.
const MOST_ATTACHMENTS: usize = 64;

/// Bytes of a call id, and of a token to resume by.
const LONGEST: usize = 255;

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(json).map_err(|_| Malformed("Invalid encoding, expected UTF-8".into()))?;
    check_depth(json)?;
    serde_json::from_str(text).map_err(|error| Malformed(format!("Cannot decode response: {error}")))
}

#[derive(Deserialize)]
struct Size {
    #[serde(default)]
    size: Option<u64>,
}

/// Reads `{name: {"size": …}}`; a size that is null or absent is not known.
pub(crate) fn sizes(json: &str) -> Result<Vec<(String, Option<u64>)>, Malformed> {
    let sizes: BTreeMap<String, Size> = serde_json::from_str(json)
        .map_err(|error| Malformed(format!("Field attachments is no object of sizes: {error}")))?;
    if sizes.len() > MOST_ATTACHMENTS {
        return Err(Malformed(format!("A call has at most {MOST_ATTACHMENTS} attachments, not {}", sizes.len())));
    }
    if let Some(name) = sizes.keys().find(|name| name.len() > LONGEST) {
        return Err(Malformed(format!(
            "The name of an attachment has at most {LONGEST} bytes: {}",
            crate::names::shown(name)
        )));
    }
    Ok(sizes.into_iter().map(|(name, Size { size })| (name, size)).collect())
}

pub(super) fn write_sizes<'n>(buffer: &mut Vec<u8>, sizes: impl Iterator<Item = (&'n str, Option<u64>)>) {
    buffer.push(b'{');
    for (place, (name, size)) in sizes.enumerate() {
        if place > 0 {
            buffer.push(b',');
        }
        write_string(buffer, name);
        let size = size.map_or_else(|| "null".to_owned(), |size| size.to_string());
        buffer.extend_from_slice(b":{\"size\":");
        buffer.extend_from_slice(size.as_bytes());
        buffer.push(b'}');
    }
    buffer.push(b'}');
}

/// What `PREPARE` says beside the fields of `CALL`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) attachments: Vec<(String, Option<u64>)>,
    /// The caller sends `EXEC` before the attachments where the method asks for a stream.
    pub(crate) early: bool,
    /// Tokens to resume by, by name.
    pub(crate) resume: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct PreparedFields<'a> {
    #[serde(borrow)]
    attachments: Option<&'a serde_json::value::RawValue>,
    #[serde(default)]
    extensions: Option<TransferExtension<OfPrepare>>,
}

#[derive(Deserialize)]
struct TransferExtension<T> {
    #[serde(rename = "org.pycom.transfer", default = "none")]
    transfer: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

/// The extension `org.pycom.transfer` of a `PREPARE`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct OfPrepare {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    early: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    resume: BTreeMap<String, String>,
}

/// Reads what `PREPARE` says beside the fields of `CALL`.
pub(crate) fn prepared(json: &[u8]) -> Result<Prepared, Malformed> {
    let fields: PreparedFields<'_> = read(json)?;
    let attachments = fields.attachments.ok_or_else(|| Malformed("Field attachments is required".into()))?;
    let attachments = sizes(attachments.get())?;
    let OfPrepare { early, resume } = fields.extensions.and_then(|extensions| extensions.transfer).unwrap_or_default();
    if let Some(token) = resume.values().find(|token| token.len() > LONGEST || token.is_empty()) {
        return Err(Malformed(format!("A token to resume by has 1 to {LONGEST} bytes, not {}", token.len())));
    }
    Ok(Prepared { attachments, early, resume })
}

impl Prepared {
    /// The text of the field `attachments`.
    pub(crate) fn attachments_json(&self) -> Vec<u8> {
        let mut buffer = Vec::new();
        write_sizes(&mut buffer, self.attachments.iter().map(|(name, size)| (name.as_str(), *size)));
        buffer
    }

    /// The text of the extension.
    pub(crate) fn extension(&self) -> String {
        let said = OfPrepare { early: self.early, resume: self.resume.clone() };
        serde_json::to_string(&said).unwrap_or_default()
    }
}

/// The extension `org.pycom.transfer` of the answer to `PREPARE`, and of a reply whose attachments
/// wait to be fetched.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrepareAnswer {
    /// Bytes of a chunk: the most of one that comes, the exact number of one that goes.
    pub(crate) chunk: u64,
    /// Bytes of an attachment that may be under way.
    pub(crate) window: u64,
    /// The method begins at once: `EXEC` is to come before the attachments.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) early: bool,
    /// Where attachments go on that are here in part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) offsets: BTreeMap<String, u64>,
}

/// The extension `org.pycom.transfer` of a refusal.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfRefusal {
    /// The call id is not known (any more).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unknown: bool,
    /// Where the attachment goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
}

/// The JSON of `FPUT` and `FGET`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChunkRequest<'a> {
    pub(crate) call_id: Cow<'a, str>,
    pub(crate) attachment: Cow<'a, str>,
    pub(crate) offset: u64,
    /// It is the last, and this the checksum over the whole.
    pub(crate) checksum: Option<Checksum>,
}

#[derive(Deserialize)]
struct ChunkFields<'a> {
    #[serde(borrow, default)]
    call_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    attachment: Option<Text<'a>>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(borrow, default)]
    extensions: Option<ChunkExtensions<'a>>,
}

#[derive(Deserialize)]
struct ChunkExtensions<'a> {
    #[serde(rename = "org.pycom.checksum", borrow, default)]
    checksum: Option<Text<'a>>,
}

fn call_id(id: Option<Text<'_>>) -> Result<Cow<'_, str>, Malformed> {
    let Text(id) = id.ok_or_else(|| Malformed("Field call_id is required".into()))?;
    if id.len() > LONGEST {
        return Err(Malformed(format!("Field call_id is longer than {LONGEST} bytes")));
    }
    Ok(id)
}

impl<'a> ChunkRequest<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Malformed> {
        let fields: ChunkFields<'a> = read(json)?;
        let checksum = fields.extensions.and_then(|extensions| extensions.checksum);
        Ok(Self {
            call_id: call_id(fields.call_id)?,
            attachment: fields.attachment.ok_or_else(|| Malformed("Field attachment is required".into()))?.0,
            offset: fields.offset.ok_or_else(|| Malformed("Field offset is required".into()))?,
            checksum: checksum.map(|Text(text)| Checksum::received(&text).map_err(Malformed)).transpose()?,
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut buffer = b"{\"call_id\":".to_vec();
        write_string(&mut buffer, &self.call_id);
        buffer.extend_from_slice(b",\"attachment\":");
        write_string(&mut buffer, &self.attachment);
        buffer.extend_from_slice(format!(",\"offset\":{}", self.offset).as_bytes());
        if let Some(checksum) = &self.checksum {
            let name = key::CHECKSUM;
            buffer.extend_from_slice(format!(",\"extensions\":{{\"{name}\":\"{}\"}}", checksum.as_str()).as_bytes());
        }
        buffer.push(b'}');
        buffer
    }
}

/// The JSON of an `EXEC` or a `RESET`.
#[derive(Debug, PartialEq)]
pub(crate) struct CallIdRequest<'a> {
    pub(crate) call_id: Cow<'a, str>,
    /// Milliseconds that its caller waits.
    pub(crate) timeout: Option<f64>,
    /// An `EXEC` whose connection was lost: the call may run already, and is not to run twice.
    pub(crate) again: bool,
}

#[derive(Deserialize)]
struct CallIdFields<'a> {
    #[serde(borrow, default)]
    call_id: Option<Text<'a>>,
    #[serde(default)]
    extensions: Option<CallIdExtensions>,
}

#[derive(Default, Deserialize)]
struct CallIdExtensions {
    #[serde(rename = "org.pycom.timeout", default)]
    timeout: Option<f64>,
    #[serde(rename = "org.pycom.transfer", default)]
    transfer: Option<OfExecute>,
}

/// The extension `org.pycom.transfer` of an `EXEC`.
#[derive(Default, Deserialize)]
struct OfExecute {
    #[serde(default)]
    again: bool,
}

impl<'a> CallIdRequest<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Malformed> {
        let fields: CallIdFields<'a> = read(json)?;
        let CallIdExtensions { timeout, transfer } = fields.extensions.unwrap_or_default();
        Ok(Self { call_id: call_id(fields.call_id)?, timeout, again: transfer.unwrap_or_default().again })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut buffer = b"{\"call_id\":".to_vec();
        write_string(&mut buffer, &self.call_id);
        let timeout = self.timeout.map(|left| format!("\"{}\":{left}", key::TIMEOUT));
        let again = self.again.then(|| format!("\"{}\":{{\"again\":true}}", key::TRANSFER));
        let extensions: Vec<String> = timeout.into_iter().chain(again).collect();
        if !extensions.is_empty() {
            buffer.extend_from_slice(format!(",\"extensions\":{{{}}}", extensions.join(",")).as_bytes());
        }
        buffer.push(b'}');
        buffer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_malformed_command_is_told_what_is_wrong() {
        let refused = |json: &str| ChunkRequest::parse(json.as_bytes()).unwrap_err().0;
        assert_eq!(refused("{}"), "Field call_id is required");
        assert_eq!(refused(r#"{"call_id": "x"}"#), "Field attachment is required");
        assert_eq!(refused(r#"{"call_id": "x", "attachment": "a"}"#), "Field offset is required");
        assert!(refused(r#"{"call_id": "x", "attachment": "a", "offset": -1}"#).starts_with("Cannot decode"));
        let wrong = r#"{"call_id":"x","attachment":"a","offset":1,"extensions":{"org.pycom.checksum":"md5:1"}}"#;
        assert!(refused(wrong).contains("xxh3-128"));
        assert_eq!(prepared(b"{}").unwrap_err().0, "Field attachments is required");
        assert!(prepared(br#"{"attachments": {"a": {"size": -1}}}"#).is_err());
        assert_eq!(CallIdRequest::parse(br#"{"call_id": null}"#).unwrap_err().0, "Field call_id is required");
    }

    #[test]
    fn prepare_is_read_with_and_without_what_is_ours() {
        let draft = prepared(br#"{"interface": "i", "method": "m", "attachments": {"a": {"size": 5}}}"#).unwrap();
        assert_eq!(draft, Prepared { attachments: vec![("a".into(), Some(5))], ..Prepared::default() });
        let json = br#"{"attachments": {"a": {"size": null}, "b": {}},
            "extensions": {"org.pycom.transfer": {"early": true, "resume": {"a": "t"}}, "x": 1}}"#;
        let ours = prepared(json).unwrap();
        assert!(ours.early && ours.resume["a"] == "t");
        assert_eq!(ours.attachments, [("a".into(), None), ("b".into(), None)]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(call_id in ".{1,40}", attachment in ".{0,20}", offset: u64, ends: bool, again: bool) {
            let checksum = ends.then(|| crate::attachment::Hasher::default().checksum());
            let request = ChunkRequest { call_id: call_id.clone().into(), attachment: attachment.into(), offset, checksum };
            let json = request.write();
            prop_assert_eq!(&ChunkRequest::parse(&json).unwrap(), &request);
            let request = CallIdRequest { call_id: call_id.into(), timeout: ends.then_some(5.0), again };
            let json = request.write();
            prop_assert_eq!(&CallIdRequest::parse(&json).unwrap(), &request);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in ".{0,60}") {
            let _ = (ChunkRequest::parse(&bytes), prepared(&bytes), CallIdRequest::parse(&bytes));
            let _ = (ChunkRequest::parse(text.as_bytes()), prepared(text.as_bytes()));
        }
    }
}
