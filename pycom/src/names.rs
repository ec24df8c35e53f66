//! Names of interfaces, services and methods, checked once where they enter the program.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest name accepted, in bytes.
pub const MAX_NAME_LENGTH: usize = 255;

/// Bytes of foreign text that an error message repeats at most.
const MAX_SHOWN: usize = 128;

/// A name that does not follow PyCOM's rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} name {shown} {problem}")]
pub struct NameError {
    kind: &'static str,
    shown: String,
    problem: &'static str,
}

/// Foreign text made safe for a log line or a terminal: escaped, quoted, cut at 128 bytes.
pub(crate) fn shown(text: &str) -> String {
    let mut end = text.len().min(MAX_SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let cut = if end < text.len() { "…" } else { "" };
    format!("'{}{cut}'", text[..end].escape_debug())
}

/// As [`shown`], without the quotes: for sentences whose wording is fixed by the original.
pub(crate) fn escaped(text: &str) -> String {
    let quoted = shown(text);
    quoted[1..quoted.len() - 1].replace("\\'", "'")
}

fn check_common(kind: &'static str, text: &str) -> Result<(), NameError> {
    let problem = if text.is_empty() {
        "is empty; give it at least one character"
    } else if text.len() > MAX_NAME_LENGTH {
        "is longer than 255 bytes; shorten it"
    } else if text.chars().any(char::is_control) {
        "contains a control character; remove it"
    } else {
        return Ok(());
    };
    Err(NameError { kind, shown: shown(text), problem })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes a name of it.
            ///
            /// # Errors
            ///
            /// [`NameError`] if it is empty, longer than 255 bytes, holds a control character or
            /// breaks the form this kind of name has.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                check_common($kind, text)?;
                let check: fn(&str) -> Option<&'static str> = $check;
                match check(text) {
                    Some(problem) => Err(NameError { kind: $kind, shown: shown(text), problem }),
                    None => Ok(Self(text.into())),
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, shared: no copy is made.
            pub(crate) fn shared(&self) -> Arc<str> {
                self.0.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = NameError;
            fn try_from(text: &String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<&$name> for $name {
            type Error = NameError;
            fn try_from(name: &$name) -> Result<Self, NameError> {
                Ok(name.clone())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH })
            }
        }
    };
}

name!(
    /// The name of an interface, e.g. `com.foo.example`.
    ///
    /// The originals take any text, so names that come from the network are only checked for
    /// length and control characters; `#[interface]` asks for the dotted form at compile time.
    ///
    /// ```
    /// let name = pycom::InterfaceName::new("com.foo.example").unwrap();
    /// assert_eq!(name.as_str(), "com.foo.example");
    /// assert!(pycom::InterfaceName::new("").is_err());
    /// ```
    InterfaceName, "interface", |_| None
);

name!(
    /// The name of a service, e.g. `/com/foo/group/service`.
    ///
    /// ```
    /// let name = pycom::ServiceName::new("/com/foo/svc").unwrap();
    /// assert_eq!(name.to_string(), "/com/foo/svc");
    /// ```
    ServiceName, "service", |_| None
);

name!(
    /// The remote name of a method, e.g. `create`.
    ///
    /// ```
    /// assert!(pycom::MethodName::new("create").is_ok());
    /// ```
    MethodName, "method", |_| None
);

impl schemars::JsonSchema for crate::Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "tcp://host:port", "maxLength": MAX_NAME_LENGTH })
    }
}

impl ServiceName {
    /// A name for a service that was given none: `/auto/` and 32 random hex digits, as the
    /// original makes it.
    pub fn auto() -> Self {
        Self(format!("/auto/{:032x}", crate::random::bits128()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_free_of_control_characters() {
        assert!(InterfaceName::new("a".repeat(255)).is_ok());
        assert!(InterfaceName::new("a".repeat(256)).is_err());
        assert!(MethodName::new("a\nb").is_err());
        assert!(ServiceName::new("").is_err());
    }

    #[test]
    fn an_error_shows_a_bounded_escaped_piece_of_what_came() {
        let error = ServiceName::new(format!("\u{1b}[31m{}", "ж".repeat(500))).unwrap_err().to_string();
        assert!(error.len() < 300, "{error}");
        assert!(error.contains("\\u{1b}"), "{error}");
        assert!(!error.contains('\u{1b}'));
    }

    #[test]
    fn automatic_names_differ_and_have_the_originals_form() {
        let (a, b) = (ServiceName::auto(), ServiceName::auto());
        assert_ne!(a, b);
        let hex = a.as_str().strip_prefix("/auto/").unwrap();
        assert!(hex.len() == 32 && hex.bytes().all(|c| c.is_ascii_hexdigit()));
    }
}
