//! The JSON of a request: `version`, `interface`, `method`, `args`, `session_id`, `extensions`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{check_depth, mask_dialect};
use super::{Extensions, Malformed, VERSION};
use crate::names::shown;

/// A call as it came, borrowed from its frame.
#[derive(Debug, PartialEq)]
pub(crate) struct Call<'a> {
    pub(crate) interface: Cow<'a, str>,
    pub(crate) method: Cow<'a, str>,
    /// The text of `args`, unread; `null` where there were none.
    pub(crate) args: &'a str,
    pub(crate) session_id: Option<Cow<'a, str>>,
    /// The text of `extensions`, unread: an object.
    pub(crate) extensions: Option<&'a str>,
}

// `version` is accepted whatever it is, or absent (protocol.md, "Frames"): not even looked at.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    interface: Option<Text<'a>>,
    #[serde(borrow, default)]
    method: Option<Text<'a>>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    session_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    extensions: Option<&'a RawValue>,
}

/// A string that borrows where it holds no escapes; `Cow` alone would always copy.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> Call<'a> {
    /// Reads the JSON frame of a request.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(json).map_err(|_| Malformed("Invalid encoding, expected UTF-8".into()))?;
        check_depth(json)?;
        match serde_json::from_str::<Fields<'a>>(text) {
            Ok(fields) => Self::from_fields(fields),
            Err(error) => Self::parse_dialect(text).unwrap_or_else(|| Err(undecodable(text, &error))),
        }
    }

    fn from_fields(fields: Fields<'a>) -> Result<Self, Malformed> {
        let required = |field: Option<Text<'a>>, name: &str| match field {
            Some(Text(text)) => Ok(text),
            None => Err(Malformed(format!("Field {name} is required"))),
        };
        let extensions = fields.extensions.map(RawValue::get);
        if extensions.is_some_and(|raw| !raw.starts_with('{')) {
            return Err(Malformed("Field extensions must be an object".into()));
        }
        Ok(Self {
            interface: required(fields.interface, "interface")?,
            method: required(fields.method, "method")?,
            args: fields.args.map_or("null", RawValue::get),
            session_id: fields.session_id.map(|Text(text)| text),
            extensions,
        })
    }

    /// Reads a call that holds one of Python's own numbers, or gives `None` where that is not what
    /// is wrong with it.
    fn parse_dialect(text: &'a str) -> Option<Result<Self, Malformed>> {
        let masked = mask_dialect(text.as_bytes())?;
        let fields = serde_json::from_slice::<Fields<'_>>(&masked).ok()?;
        let start = masked.as_ptr() as usize;
        let original = |raw: &str| {
            let from = raw.as_ptr() as usize - start;
            &text[from..from + raw.len()]
        };
        Some(Call::from_fields(fields).map(|call| Call {
            interface: Cow::Owned(call.interface.into_owned()),
            method: Cow::Owned(call.method.into_owned()),
            args: if call.args == "null" { "null" } else { original(call.args) },
            session_id: call.session_id.map(|id| Cow::Owned(id.into_owned())),
            extensions: call.extensions.map(original),
        }))
    }
}

/// Says what is wrong with a text that is not the object it should be.
fn undecodable(text: &str, error: &serde_json::Error) -> Malformed {
    let first = text.trim_start().bytes().next();
    if error.is_data() && first.is_some_and(|byte| byte != b'{') {
        return Malformed(format!("Expected a JSON object, got {}", shown(text)));
    }
    if error.is_data() {
        let path = super::path_at(text, error.line(), error.column());
        let field = if path.is_empty() { String::new() } else { format!(" in field {path}") };
        return Malformed(format!("Cannot decode response: {error}{field}"));
    }
    Malformed(format!("Cannot decode response: {error}"))
}

/// Writes `text` as a JSON string.
pub(crate) fn write_string(buffer: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(&mut *buffer, text);
}

/// Builds the JSON of a request, the arguments straight into it.
#[derive(Debug)]
pub(crate) struct CallWriter {
    buffer: Vec<u8>,
}

impl CallWriter {
    pub(crate) fn new(interface: &str, method: &str) -> Self {
        let mut buffer = Vec::with_capacity(160);
        buffer.extend_from_slice(b"{\"version\":\"");
        buffer.extend_from_slice(VERSION.as_bytes());
        buffer.extend_from_slice(b"\",\"interface\":");
        write_string(&mut buffer, interface);
        buffer.extend_from_slice(b",\"method\":");
        write_string(&mut buffer, method);
        Self { buffer }
    }

    pub(crate) fn raw_args(&mut self, args: &[u8]) {
        self.buffer.extend_from_slice(b",\"args\":");
        self.buffer.extend_from_slice(args);
    }

    pub(crate) fn session_id(&mut self, id: &str) {
        self.buffer.extend_from_slice(b",\"session_id\":");
        write_string(&mut self.buffer, id);
    }

    /// Announces attachments that follow.
    pub(crate) fn attachments(&mut self, sizes: &[u8]) {
        self.buffer.extend_from_slice(b",\"attachments\":");
        self.buffer.extend_from_slice(sizes);
    }

    pub(crate) fn extensions(&mut self, extensions: &Extensions, extra: &[(&str, &dyn std::fmt::Display)]) {
        if extensions.is_empty() && extra.is_empty() {
            return;
        }
        self.buffer.extend_from_slice(b",\"extensions\":");
        extensions.write(&mut self.buffer, extra);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.buffer.push(b'}');
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(json: &str) -> String {
        Call::parse(json.as_bytes()).unwrap_err().0
    }

    #[test]
    fn args_are_borrowed_raw() {
        let json = br#"{"interface": "com.foo.example", "method": "create", "args": 123456789012345678901234567890}"#;
        let call = Call::parse(json).unwrap();
        assert_eq!(call.args, "123456789012345678901234567890");
        assert!(matches!(call.interface, Cow::Borrowed(_)));
    }

    #[test]
    fn absent_args_are_null_and_unknown_fields_are_ignored() {
        let call = Call::parse(br#"{"interface": "i", "method": "m", "zzz": [1], "session_id": null}"#).unwrap();
        assert_eq!((call.args, call.session_id, call.extensions), ("null", None, None));
    }

    #[test]
    fn each_malformed_call_is_told_what_is_wrong() {
        assert_eq!(refused(r#"{"interface": "i"}"#), "Field method is required");
        assert_eq!(refused(r#"{"method": "m"}"#), "Field interface is required");
        assert_eq!(refused("[1,2]"), "Expected a JSON object, got '[1,2]'");
        assert_eq!(refused("1"), "Expected a JSON object, got '1'");
        assert_eq!(refused("null"), "Expected a JSON object, got 'null'");
        assert!(refused("{nope").starts_with("Cannot decode response: "));
        assert!(refused("").starts_with("Cannot decode response: "));
        assert!(refused(r#"{"interface": "i", "method": "m", "method": "n"}"#).contains("duplicate field `method`"));
        assert!(refused(r#"{"interface": 5, "method": "m"}"#).contains("in field interface"));
        assert_eq!(
            refused(r#"{"interface": "i", "method": "m", "extensions": [1]}"#),
            "Field extensions must be an object"
        );
        assert_eq!(Call::parse(b"\xff\xfe{}").unwrap_err().0, "Invalid encoding, expected UTF-8");
    }

    #[test]
    fn pythons_numbers_pass_through_untouched() {
        let json = br#"{"interface":"i","method":"m","args":{"a":[NaN,-Infinity]},"extensions":{"x":Infinity}}"#;
        let call = Call::parse(json).unwrap();
        assert_eq!(call.args, r#"{"a":[NaN,-Infinity]}"#);
        assert_eq!(call.extensions, Some(r#"{"x":Infinity}"#));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(".{0,6}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_call_or_a_clean_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Err(Malformed(text)) = Call::parse(&bytes) {
                prop_assert!(!text.is_empty() && text.chars().all(|c| !c.is_control()));
            }
        }

        #[test]
        fn any_broken_call_gives_a_call_or_a_clean_error(
            text in r#"\{"(interface|method|args|session_id|extensions)": ?[\[\]{}:,"0-9aNIn-]{0,20}(, ?"(interface|method|args)": ?("m"|NaN|\[1\]|-)){0,3}\}?"#
        ) {
            let _ = Call::parse(text.as_bytes());
        }

        #[test]
        fn what_was_built_parses_into_the_same(
            interface in ".{1,30}", method in ".{1,20}", args in json(),
            session in prop::option::of(".{0,20}"), extension in prop::option::of(json()),
        ) {
            let mut writer = CallWriter::new(&interface, &method);
            writer.raw_args(&serde_json::to_vec(&args).unwrap());
            if let Some(session) = &session {
                writer.session_id(session);
            }
            let mut extensions = Extensions::new();
            if let Some(value) = &extension {
                extensions.insert("com.foo.x", value).unwrap();
            }
            writer.extensions(&extensions, &[]);
            let built = writer.finish();
            let call = Call::parse(&built).unwrap();
            prop_assert_eq!(&*call.interface, &*interface);
            prop_assert_eq!(&*call.method, &*method);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(call.args).unwrap(), args);
            prop_assert_eq!(call.session_id.as_deref(), session.as_deref());
            let back = Extensions::received(call.extensions.map(|raw| crate::Json::from_text(raw).unwrap()));
            prop_assert_eq!(back.get::<serde_json::Value>("com.foo.x").unwrap(), extension);
        }
    }
}
