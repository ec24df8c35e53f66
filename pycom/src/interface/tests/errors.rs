use super::call;
use crate::{CallError, Error, ErrorCode, Json, Result, interface};

/// What can go wrong.
#[derive(Debug, PartialEq, ErrorCode)]
enum SplitError {
    /// The text is too short.
    #[error_code(17, "the text is too short")]
    TooShort,
    #[error_code(-40, "there is no place {at} in '{text}'")]
    NoPlace { at: usize, text: String },
    #[error_code(0x31, "{0} of {1}")]
    Both(u8, u8),
}

struct Probe;

#[interface("com.foo.example")]
impl Probe {
    #[method]
    async fn split(&self, text: String) -> std::result::Result<String, SplitError> {
        match text.len() {
            0 => Err(SplitError::TooShort),
            1 => Err(SplitError::NoPlace { at: 2, text }),
            _ => Err(SplitError::Both(1, 2)),
        }
    }

    #[method]
    fn fail(&self, code: i64) -> Result<()> {
        Err(Error::application(code, "custom failure"))
    }

    #[method]
    fn bug(&self) -> Result<i32> {
        Ok("boom".parse::<i32>()?)
    }

    #[method]
    fn denied(&self) -> Result<()> {
        Err(Error::bad_request("bad thing"))
    }
}

#[tokio::test]
async fn declared_errors_go_out_with_code_text_and_fields() {
    let reply = call(Probe, "split", r#"{"text": ""}"#).run().await;
    assert_eq!((reply.code(), reply.error().unwrap().text()), (17, Some("the text is too short")));
    let reply = call(Probe, "split", r#"{"text": "a"}"#).run().await;
    assert_eq!((reply.code(), reply.error().unwrap().text()), (-40, Some("there is no place 2 in 'a'")));
    let Err(Error::Application { refusal, .. }) = reply.into_result() else { panic!("it is an application's error") };
    assert_eq!(refusal.data.unwrap().as_str(), r#"{"at":2,"text":"a"}"#);
    let reply = call(Probe, "split", r#"{"text": "ab"}"#).run().await;
    assert_eq!((reply.code(), reply.error().unwrap().text()), (0x31, Some("1 of 2")));
}

#[tokio::test]
async fn errors_of_the_method_keep_their_code() {
    assert_eq!(call(Probe, "fail", r#"{"code": 77}"#).error().await, (77, "custom failure".into()));
    assert_eq!(call(Probe, "fail", r#"{"code": 0}"#).error().await, (1, "custom failure".into()));
    assert_eq!(call(Probe, "denied", "null").error().await, (4, "bad thing".into()));
    let reply = call(Probe, "bug", "null").run().await;
    assert!(matches!(reply.error(), Some(Error::Internal(_))), "{:?}", reply.error());
}

#[test]
fn the_stub_gives_the_very_type_back() {
    use crate::interface::MethodError;
    let there_and_back = |error: SplitError| match SplitError::from_error(error.into_error()) {
        CallError::Declared(error) => error,
        CallError::Other(error) => panic!("{error}"),
    };
    assert_eq!(there_and_back(SplitError::TooShort), SplitError::TooShort);
    let error = || SplitError::NoPlace { at: 3, text: "a\"".into() };
    assert_eq!(there_and_back(error()), error());
    assert_eq!(there_and_back(SplitError::Both(1, 2)), SplitError::Both(1, 2));
}

#[test]
fn an_error_that_does_not_fit_stays_what_it_is() {
    use crate::interface::MethodError;
    // A peer that knows nothing of fields.
    assert!(matches!(SplitError::from_error(Error::application(-40, "x")), CallError::Other(_)));
    assert!(matches!(SplitError::from_error(Error::application(99, "x")), CallError::Other(_)));
    assert!(matches!(SplitError::from_error(Error::access_denied("x")), CallError::Other(_)));
    assert_eq!(SplitError::restore(-40, "", Some(&Json::from_text("{\"at\": \"x\"}").unwrap())), None);
}

#[test]
fn the_codes_are_described() {
    let codes: Vec<_> = SplitError::CODES.iter().map(|info| (info.code, info.name, info.docstring)).collect();
    assert_eq!(codes[0], (17, "TooShort", Some("The text is too short.")));
    assert_eq!(codes[1], (-40, "NoPlace", None));
    let offer = crate::offer(Probe);
    assert_eq!(offer.description().methods["split"].errors.len(), 3);
    assert_eq!(offer.description().methods["fail"].errors, []);
}
