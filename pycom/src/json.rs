//! JSON that nobody has read yet.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A JSON value as text, passed on byte for byte.
///
/// Numbers of any length stay what they are, and so do `NaN` and `Infinity`, which Python writes
/// and `serde_json` does not read. Taken as the whole arguments of a method, or given as its whole
/// result, it is never parsed. Cloning shares the text.
///
/// ```
/// use pycom::Json;
/// let big = Json::from_value(&vec![1, 2])?;
/// assert_eq!(big.as_str(), "[1,2]");
/// assert_eq!(big.parse::<Vec<u8>>()?, [1, 2]);
/// let outer = Json::object([("field1", &big)]);
/// assert_eq!(outer.as_str(), r#"{"field1":[1,2]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Bytes);

impl Json {
    /// `null`.
    pub const NULL: Json = Json(Bytes::from_static(b"null"));

    /// `{}`.
    pub const EMPTY_OBJECT: Json = Json(Bytes::from_static(b"{}"));

    /// Writes `value` as JSON.
    ///
    /// # Errors
    ///
    /// Where JSON cannot hold it, e.g. a map with keys that are no strings.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::to_vec(value)?.into()))
    }

    /// Checks that `text` is JSON (Python's own numbers included) and keeps it.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn from_text(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            let masked = crate::wire::mask_dialect(text.as_bytes()).ok_or(error)?;
            serde_json::from_slice::<serde::de::IgnoredAny>(&masked)?;
        }
        Ok(Self(text.into()))
    }

    /// An object of values that stay unread.
    pub fn object<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Json)>) -> Self {
        let mut text = String::from("{");
        for (name, value) in fields {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(name).to_string());
            text.push(':');
            text.push_str(value.as_str());
        }
        text.push('}');
        Self(text.into())
    }

    /// An array of values that stay unread.
    pub fn array<'a>(items: impl IntoIterator<Item = &'a Json>) -> Self {
        let items: Vec<&str> = items.into_iter().map(Json::as_str).collect();
        Self(format!("[{}]", items.join(",")).into())
    }

    /// Text that is known to be JSON: a slice of a parsed frame, or what was just written.
    pub(crate) fn from_checked(text: Bytes) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Every constructor starts from a `str` or from what serde_json wrote.
        std::str::from_utf8(&self.0).unwrap_or("null")
    }

    pub(crate) fn from_raw(raw: &serde_json::value::RawValue) -> Self {
        Self(Bytes::copy_from_slice(raw.get().as_bytes()))
    }

    /// Reads it as a `T`.
    ///
    /// # Errors
    ///
    /// Where it is not one.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_and_pythons_numbers_are_taken() {
        assert!(Json::from_text("{\"a\": [NaN]}").is_ok());
        assert!(Json::from_text("{\"a\": nope}").is_err());
        assert!(Json::from_text("").is_err());
    }

    #[test]
    fn long_numbers_stay() {
        let json = Json::from_text("123456789012345678901234567890").unwrap();
        assert_eq!(Json::object([("a", &json)]).as_str(), r#"{"a":123456789012345678901234567890}"#);
    }
}
