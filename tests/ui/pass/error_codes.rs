//! Errors with codes: texts, fields, generics, errors of other crates' traits.
#![deny(warnings, missing_docs)]

use std::fmt;

use pycom::{CallError, ErrorCode, Json, interface};

/// With texts.
#[derive(Debug, PartialEq, ErrorCode)]
pub enum SplitError {
    /// Too short.
    #[error_code(17, "the text is too short")]
    TooShort,
    /// No such place.
    #[error_code(-3, "no place {at} in {text:?}, {{really}}")]
    NoPlace {
        /// Where.
        at: usize,
        /// In what.
        text: String,
        /// Not shown.
        hidden: Option<u8>,
    },
    /// Positional.
    #[error_code(0x20, "{0}, {1:?}")]
    Both(u8, Vec<String>),
}

/// With `Display`.
#[derive(Debug, ErrorCode)]
pub enum Shown<T: fmt::Debug + serde::Serialize + serde::de::DeserializeOwned> {
    /// One.
    #[error_code(40)]
    One(T),
}

impl<T: fmt::Debug + serde::Serialize + serde::de::DeserializeOwned> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Never.
#[derive(Debug, ErrorCode)]
pub enum Never {}

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn split(&self) -> Result<u8, SplitError> {
        Err(SplitError::TooShort)
    }

    #[method]
    async fn show(&self) -> Result<u8, Shown<u8>> {
        Err(Shown::One(1))
    }

    #[method]
    fn never(&self) -> Result<u8, Never> {
        Ok(1)
    }
}

async fn calls(query: &QueryClient) -> pycom::Result<u8> {
    match query.split().await {
        Err(CallError::Declared(SplitError::NoPlace { at, .. })) => return Ok(u8::try_from(at)?),
        Err(CallError::Declared(_)) | Ok(_) => {}
        Err(CallError::Other(error)) => return Err(error),
    }
    query.never().await?;
    Ok(query.show().await?)
}

fn round_trip(error: SplitError) {
    let (code, text, data) = (error.code(), error.text(), error.data());
    assert_eq!(SplitError::restore(code, &text, data.as_ref()), Some(error));
}

fn main() {
    let _ = calls;
    let _ = pycom::offer::<QueryClient, _>(Query);
    round_trip(SplitError::TooShort);
    round_trip(SplitError::NoPlace { at: 3, text: "x".into(), hidden: Some(1) });
    round_trip(SplitError::Both(1, vec!["x".into()]));
    let error = SplitError::NoPlace { at: 3, text: "x".into(), hidden: None };
    assert_eq!(error.text(), "no place 3 in \"x\", {really}");
    assert_eq!(SplitError::Both(1, vec!["x".into()]).text(), "1, [\"x\"]");
    assert_eq!(SplitError::TooShort.data(), None);
    assert_eq!(SplitError::restore(-3, "", Some(&Json::NULL)), None);
    assert_eq!(SplitError::CODES[1].code, -3);
    assert_eq!(SplitError::CODES[1].docstring, Some("No such place."));
    assert_eq!(Shown::One(1).text(), "One(1)");
}
