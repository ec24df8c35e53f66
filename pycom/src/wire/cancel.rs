//! `{"id": "<hex>"}`: the JSON of a `CANCEL`, which names a call by the one frame of its envelope.

use serde::Deserialize;

use super::Malformed;

/// Bytes of a request id that can be named; ours have 8.
pub(crate) const LONGEST_ID: usize = 32;

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    id: Option<super::call::Text<'a>>,
}

/// Writes the JSON that names the call with this id.
pub(crate) fn write_cancel(id: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut json = b"{\"id\":\"".to_vec();
    for byte in id {
        json.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    json.extend_from_slice(b"\"}");
    json
}

/// The id of the call that is named.
///
/// # Errors
///
/// What is wrong with the text.
pub(crate) fn cancelled_id(json: &[u8]) -> Result<Vec<u8>, Malformed> {
    let text = std::str::from_utf8(json).map_err(|_| Malformed("Invalid encoding, expected UTF-8".into()))?;
    super::json::check_depth(json)?;
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|error| Malformed(format!("Cannot decode response: {error}")))?;
    let id = fields.id.ok_or_else(|| Malformed("Field id is required".into()))?.0;
    let wrong = || Malformed(format!("Field id must be 1 to {LONGEST_ID} bytes in hexadecimal digits"));
    if id.is_empty() || id.len() % 2 != 0 || id.len() > 2 * LONGEST_ID || !id.is_ascii() {
        return Err(wrong());
    }
    let byte = |at: usize| u8::from_str_radix(id.get(at..at + 2)?, 16).ok();
    let digits = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (0..id.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>().filter(|_| digits).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_id_is_refused() {
        for json in [r#"{"id": "+1"}"#, r#"{"id": "abc"}"#, r#"{"id": ""}"#, r#"{"id": "é1"}"#] {
            assert!(cancelled_id(json.as_bytes()).unwrap_err().0.contains("hexadecimal"), "{json}");
        }
        assert_eq!(cancelled_id(b"{}").unwrap_err().0, "Field id is required");
        assert!(cancelled_id(b"[]").is_err());
        assert!(cancelled_id(format!("{{\"id\": \"{}\"}}", "00".repeat(LONGEST_ID + 1)).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn an_id_arrives_as_it_was_written(id in prop::collection::vec(any::<u8>(), 1..=LONGEST_ID)) {
            prop_assert_eq!(cancelled_id(&write_cancel(&id)).unwrap(), id);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,40}") {
            let _ = cancelled_id(text.as_bytes());
        }
    }
}
