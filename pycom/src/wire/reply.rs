//! The JSON of an answer: `code`, `error`, `result`, `session_id`, `extensions`.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::call::{Text, write_string};
use super::json::{check_depth, mask_dialect};
use super::{Extensions, Malformed};
use crate::names::shown;

/// An answer as it came, borrowed from its frame.
#[derive(Debug, PartialEq)]
pub(crate) struct ReplyParts<'a> {
    pub(crate) code: i64,
    pub(crate) error: Option<Cow<'a, str>>,
    /// The text of `result`, unread; `null` where there was none.
    pub(crate) result: &'a str,
    pub(crate) session_id: Option<Cow<'a, str>>,
    pub(crate) extensions: Option<&'a str>,
    /// What is to be asked for the attachments that wait.
    pub(crate) call_id: Option<Cow<'a, str>>,
    /// The text of `attachments`, unread.
    pub(crate) attachments: Option<&'a str>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    code: i64,
    #[serde(borrow, default)]
    error: Option<Text<'a>>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    session_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    extensions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    call_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    attachments: Option<&'a RawValue>,
}

impl<'a> From<Fields<'a>> for ReplyParts<'a> {
    fn from(fields: Fields<'a>) -> Self {
        Self {
            code: fields.code,
            error: fields.error.map(|Text(text)| text),
            result: fields.result.map_or("null", RawValue::get),
            session_id: fields.session_id.map(|Text(id)| id),
            extensions: fields.extensions.map(RawValue::get).filter(|raw| raw.starts_with('{')),
            call_id: fields.call_id.map(|Text(id)| id),
            attachments: fields.attachments.map(RawValue::get),
        }
    }
}

impl<'a> ReplyParts<'a> {
    /// Reads the JSON frame of an answer.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(json).map_err(|_| Malformed("the reply is not UTF-8".into()))?;
        check_depth(json)?;
        match serde_json::from_str::<Fields<'a>>(text) {
            Ok(fields) => Ok(fields.into()),
            Err(error) => Self::parse_dialect(text)
                .ok_or_else(|| Malformed(format!("the reply is not one of zerojson ({error}): {}", shown(text)))),
        }
    }

    fn parse_dialect(text: &'a str) -> Option<Self> {
        let masked = mask_dialect(text.as_bytes())?;
        let fields = serde_json::from_slice::<Fields<'_>>(&masked).ok()?;
        let start = masked.as_ptr() as usize;
        let original = |raw: &str| {
            let from = raw.as_ptr() as usize - start;
            &text[from..from + raw.len()]
        };
        Some(Self {
            code: fields.code,
            error: fields.error.map(|Text(text)| Cow::Owned(text.into_owned())),
            result: fields.result.map_or("null", |raw| original(raw.get())),
            session_id: fields.session_id.map(|Text(id)| Cow::Owned(id.into_owned())),
            extensions: fields.extensions.map(RawValue::get).filter(|raw| raw.starts_with('{')).map(original),
            call_id: fields.call_id.map(|Text(id)| Cow::Owned(id.into_owned())),
            attachments: fields.attachments.map(|raw| original(raw.get())),
        })
    }
}

/// Builds the JSON of an answer: the result is written straight into the frame, what is known only
/// afterwards (session, extensions) follows it.
#[derive(Debug)]
pub(crate) struct ReplyWriter {
    buffer: Vec<u8>,
    fields: usize,
}

impl ReplyWriter {
    const OPENING: &'static [u8] = b"{\"code\":0,\"result\":";

    pub(crate) fn new() -> Self {
        let mut buffer = Vec::with_capacity(128);
        buffer.extend_from_slice(Self::OPENING);
        Self { buffer, fields: 0 }
    }

    /// Gives away what was written; nothing is to be written afterwards.
    pub(crate) fn take(&mut self) -> Self {
        Self { buffer: std::mem::take(&mut self.buffer), fields: self.fields }
    }

    /// Writes the whole result.
    pub(crate) fn result<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error> {
        serde_json::to_writer(&mut self.buffer, value)
    }

    /// Writes the whole result from JSON text.
    pub(crate) fn raw_result(&mut self, text: &[u8]) {
        self.buffer.extend_from_slice(text);
    }

    /// Writes the name of the next named result; its value is to follow.
    pub(crate) fn name(&mut self, name: &str) {
        self.buffer.push(if self.fields == 0 { b'{' } else { b',' });
        self.fields += 1;
        write_string(&mut self.buffer, name);
        self.buffer.push(b':');
    }

    /// Ends the named results.
    pub(crate) fn end_names(&mut self) {
        if self.fields == 0 {
            self.buffer.push(b'{');
        }
        self.buffer.push(b'}');
    }

    /// The text of the result so far.
    pub(crate) fn result_text(&self) -> &[u8] {
        &self.buffer[Self::OPENING.len()..]
    }

    /// Says under which id the transfer goes on, after the result.
    pub(crate) fn call_id(&mut self, call_id: &str) {
        self.buffer.extend_from_slice(b",\"call_id\":");
        write_string(&mut self.buffer, call_id);
    }

    /// Says which attachments wait to be fetched, after the result.
    pub(crate) fn attachments<'n>(&mut self, call_id: &str, sizes: impl Iterator<Item = (&'n str, Option<u64>)>) {
        self.call_id(call_id);
        self.buffer.extend_from_slice(b",\"attachments\":");
        super::transfer::write_sizes(&mut self.buffer, sizes);
    }

    pub(crate) fn finish(mut self, session_id: Option<&str>, extensions: &Extensions) -> Vec<u8> {
        finish(&mut self.buffer, session_id, extensions, &[]);
        self.buffer
    }
}

fn finish(buffer: &mut Vec<u8>, session_id: Option<&str>, extensions: &Extensions, extra: &[(&str, &dyn Display)]) {
    if let Some(id) = session_id {
        buffer.extend_from_slice(b",\"session_id\":");
        write_string(buffer, id);
    }
    if !extensions.is_empty() || !extra.is_empty() {
        buffer.extend_from_slice(b",\"extensions\":");
        extensions.write(buffer, extra);
    }
    buffer.push(b'}');
}

/// The JSON of an answer that is an error. Code 0 goes out as code 1 (protocol.md, "Codes").
pub(crate) fn error_reply(
    code: i64,
    text: &str,
    session_id: Option<&str>,
    extensions: &Extensions,
    extra: &[(&str, &dyn Display)],
) -> Bytes {
    let code = if code == 0 { 1 } else { code };
    let mut buffer = format!("{{\"code\":{code},\"error\":").into_bytes();
    write_string(&mut buffer, text);
    finish(&mut buffer, session_id, extensions, extra);
    buffer.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_originals_replies_parse() {
        let reply = ReplyParts::parse(br#"{"code": 0, "session_id": null, "result": {"field1": 42}}"#).unwrap();
        assert_eq!((reply.code, reply.result, reply.session_id), (0, r#"{"field1": 42}"#, None));
        let reply = ReplyParts::parse(br#"{"code": 77, "error": "custom failure", "session_id": "a"}"#).unwrap();
        assert_eq!(
            (reply.code, reply.error.as_deref(), reply.session_id.as_deref()),
            (77, Some("custom failure"), Some("a"))
        );
    }

    #[test]
    fn a_result_with_pythons_numbers_stays_whole() {
        let reply = ReplyParts::parse(br#"{"code": 0, "result": {"field1": NaN}}"#).unwrap();
        assert_eq!(reply.result, r#"{"field1": NaN}"#);
    }

    #[test]
    fn code_0_is_not_sent_for_an_error() {
        let json = error_reply(0, "x", None, &Extensions::new(), &[("org.pycom.overloaded", &true)]);
        assert_eq!(json, r#"{"code":1,"error":"x","extensions":{"org.pycom.overloaded":true}}"#);
    }

    #[test]
    fn named_results_make_an_object() {
        let mut writer = ReplyWriter::new();
        writer.name("head");
        writer.result("he").unwrap();
        writer.name("tail");
        writer.result(&[1]).unwrap();
        writer.end_names();
        let json = writer.finish(Some("s"), &Extensions::new());
        assert_eq!(json, br#"{"code":0,"result":{"head":"he","tail":[1]},"session_id":"s"}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_reply_or_a_clean_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ReplyParts::parse(&bytes);
        }

        #[test]
        fn what_was_built_parses_into_the_same(text in ".*", number in any::<i64>(), session in prop::option::of(".{0,20}")) {
            let mut writer = ReplyWriter::new();
            writer.result(&(number, &text)).unwrap();
            let json = writer.finish(session.as_deref(), &Extensions::new());
            let reply = ReplyParts::parse(&json).unwrap();
            prop_assert_eq!(serde_json::from_str::<(i64, String)>(reply.result).unwrap(), (number, text.clone()));
            prop_assert_eq!(reply.session_id.as_deref(), session.as_deref());
            let json = error_reply(number, &text, session.as_deref(), &Extensions::new(), &[]);
            let reply = ReplyParts::parse(&json).unwrap();
            prop_assert_eq!(reply.error.as_deref(), Some(&*text));
            prop_assert_eq!(reply.code, if number == 0 { 1 } else { number });
        }
    }
}
