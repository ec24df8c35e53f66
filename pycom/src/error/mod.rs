//! What can go wrong with a call, one variant per thing a caller can do about it.

mod details;
mod site;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::details::{Failure, Refusal};
use self::site::write_tried;
pub use self::site::{CallSite, Outcome, Tried};
use crate::names::NameError;
use crate::transport::{AddressError, TransportError};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Shared cause of an error.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a call, or the setting up of a service or a client, failed.
///
/// `Display` is one sentence that names what was called, where, and whether it ran; `Debug` is the
/// same sentence and its causes, because that is what `fn main() -> pycom::Result<()>` prints.
///
/// Codes are those of the zerojson protocol ([`Error::code`]).
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// Code 1: the method failed in a way it did not declare. Details are in the service's log.
    Unknown(Box<Refusal>),
    /// Code 1 with our extension `org.pycom.overloaded`: the service had no room for the call.
    /// It surely did not run; try again later, or elsewhere.
    Overloaded(Box<Refusal>),
    /// Code 2: the interface has no such method.
    MethodNotFound(Box<Refusal>),
    /// Code 3: no service offers the interface, says the nameserver.
    ServiceNotFound(Box<Refusal>),
    /// Code 4: the service could not understand the request or its arguments.
    BadRequest(Box<Refusal>),
    /// Code 5: the service does not allow this.
    AccessDenied(Box<Refusal>),
    /// Code 6: the session is gone; start a new one.
    SessionExpired(Box<Refusal>),
    /// Any other code: the application's own.
    Application {
        /// The application's code.
        code: i64,
        /// Its text, and where it came from.
        refusal: Box<Refusal>,
    },
    /// Nobody answers at the address: never there, gone, or lost during the call.
    ServiceNotAvailable(Box<Failure>),
    /// The deadline passed.
    Timeout {
        /// How long was waited.
        after: Duration,
        /// Where the call went, and whether it ran.
        failure: Box<Failure>,
    },
    /// The peer answered with something that is no reply of the protocol, or whose result is not
    /// of the type that was asked for.
    BadReply(Box<Failure>),
    /// The call, or the rest of an attachment of it, was not sent: an argument cannot be written as JSON, an
    /// attachment cannot be read, something is over a limit, or too many calls are under way.
    NotSent(Box<Failure>),
    /// A name that breaks PyCOM's rules.
    InvalidName(NameError),
    /// An address that cannot be used.
    InvalidAddress(AddressError),
    /// A socket could not be set up.
    Transport(Arc<TransportError>),
    /// Something is missing from, or wrong in, the configuration: says what and how to mend it.
    Configuration {
        /// What is wrong, and what to do.
        reason: String,
        /// What lies below, if anything does.
        source: Option<Source>,
    },
    /// A failure inside a method that is nobody's business but the service's: it is logged there
    /// and goes out as code 1 without its text.
    Internal(Source),
}

/// Codes that the protocol itself uses; applications choose others.
pub mod code {
    /// Success.
    pub const OK: i64 = 0;
    /// The method failed in a way it did not declare.
    pub const UNKNOWN: i64 = 1;
    /// The interface has no such method.
    pub const METHOD_NOT_FOUND: i64 = 2;
    /// No service offers the interface.
    pub const SERVICE_NOT_FOUND: i64 = 3;
    /// The request or its arguments are wrong.
    pub const BAD_REQUEST: i64 = 4;
    /// Not allowed.
    pub const ACCESS_DENIED: i64 = 5;
    /// The session is gone.
    pub const SESSION_EXPIRED: i64 = 6;
}

/// The text that goes out for a failure whose details are not the caller's business.
pub(crate) const UNKNOWN_TEXT: &str = "Unknown error during request";

fn refusal(text: impl Into<String>) -> Box<Refusal> {
    Box::new(Refusal { text: text.into(), ..Refusal::default() })
}

impl Error {
    /// The application's own error, with its own code. Codes 0 to 6 are the protocol's: 0 is sent
    /// as 1, and 2 to 6 become the variants that have these meanings.
    ///
    /// ```
    /// let error = pycom::Error::application(77, "custom failure");
    /// assert_eq!(error.code(), Some(77));
    /// ```
    pub fn application(code: i64, text: impl Into<String>) -> Self {
        Self::from_code(code, text.into(), CallSite::default())
    }

    /// An error that a method declares, with its fields.
    pub(crate) fn declared(code: i64, text: String, data: Option<crate::Json>) -> Self {
        Error::Application { code, refusal: Box::new(Refusal { text, data, ..Refusal::default() }) }
    }

    /// Code 4: the arguments are wrong, in a way that the type system could not say.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Error::BadRequest(refusal(text))
    }

    /// Code 5: the caller may not do this.
    pub fn access_denied(text: impl Into<String>) -> Self {
        Error::AccessDenied(refusal(text))
    }

    /// Code 1 with our extension: there is no room for this call; it has surely not run.
    pub fn overloaded(text: impl Into<String>) -> Self {
        Error::Overloaded(refusal(text))
    }

    /// Code 1 with our extensions: what this call needs is away for now, and it has not run; another attempt is worth
    /// while after `retry_after`, which travels in whole seconds, rounded up.
    ///
    /// ```
    /// use pycom::{Error, Outcome};
    /// let error = Error::unavailable("the store is away", std::time::Duration::from_secs(5));
    /// assert!(matches!(error, Error::Overloaded(_)));
    /// assert_eq!(error.outcome(), Outcome::Refused);
    /// ```
    pub fn unavailable(text: impl Into<String>, retry_after: std::time::Duration) -> Self {
        Error::Overloaded(Box::new(Refusal { text: text.into(), retry_after: Some(retry_after), ..Refusal::default() }))
    }

    /// Code 3: nobody offers the interface.
    pub fn service_not_found(text: impl Into<String>) -> Self {
        Error::ServiceNotFound(refusal(text))
    }

    /// Code 1: `error` goes to the service's log, the caller learns only that something failed.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::Internal(Arc::from(error.into()))
    }

    pub(crate) fn method_not_found(interface: &str, method: &str) -> Self {
        Error::MethodNotFound(refusal(format!(
            "Method '{}' not found in interface {}",
            crate::names::escaped(method),
            crate::names::escaped(interface)
        )))
    }

    /// Adds the names that exist.
    pub(crate) fn with_known<S: Into<String>>(mut self, known: impl IntoIterator<Item = S>) -> Self {
        if let Error::MethodNotFound(refusal) = &mut self {
            refusal.known = known.into_iter().map(Into::into).collect();
        }
        self
    }

    pub(crate) fn session_expired(id: &str) -> Self {
        Error::SessionExpired(refusal(format!("Session '{}' has expired", crate::names::escaped(id))))
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Error::Configuration { reason: reason.into(), source: None }
    }

    pub(crate) fn failure(reason: impl Into<String>, at: CallSite, outcome: Outcome) -> Box<Failure> {
        Box::new(Failure { reason: reason.into(), at, outcome, tried: Vec::new(), source: None })
    }

    /// An instance that was asked has had its share of the time.
    pub(crate) fn overdue(at: CallSite, after: Duration) -> Self {
        let failure = Self::failure("it is slow, stopped, or gone", at, Outcome::MayHaveRun);
        Error::Timeout { after, failure }
    }

    /// Adds the instances that were tried before. Where the call may have run at one of them, it
    /// may have run.
    pub(crate) fn with_tried(mut self, before: Vec<Tried>) -> Self {
        let may_have_run = before.iter().any(|tried| tried.outcome == Outcome::MayHaveRun);
        match &mut self {
            Error::ServiceNotAvailable(failure) | Error::NotSent(failure) | Error::Timeout { failure, .. } => {
                if may_have_run {
                    failure.outcome = Outcome::MayHaveRun;
                }
                failure.tried = before;
            }
            Error::Overloaded(refusal) if may_have_run => {
                let mut failure = Self::failure(refusal.text.clone(), refusal.at.clone(), Outcome::MayHaveRun);
                failure.tried = before;
                return Error::ServiceNotAvailable(failure);
            }
            Error::Overloaded(refusal) => refusal.tried = before,
            _ => {}
        }
        self
    }

    /// The error that a reply with this code and text stands for.
    pub(crate) fn from_code(code: i64, text: String, at: CallSite) -> Self {
        let refusal = Box::new(Refusal { text, at, ..Refusal::default() });
        match code {
            code::OK | code::UNKNOWN => Error::Unknown(refusal),
            code::METHOD_NOT_FOUND => Error::MethodNotFound(refusal),
            code::SERVICE_NOT_FOUND => Error::ServiceNotFound(refusal),
            code::BAD_REQUEST => Error::BadRequest(refusal),
            code::ACCESS_DENIED => Error::AccessDenied(refusal),
            code::SESSION_EXPIRED => Error::SessionExpired(refusal),
            code => Error::Application { code, refusal },
        }
    }

    /// The code that the service answered with, or `None` where it did not answer.
    pub fn code(&self) -> Option<i64> {
        Some(match self {
            Error::Unknown(_) | Error::Overloaded(_) => code::UNKNOWN,
            Error::MethodNotFound(_) => code::METHOD_NOT_FOUND,
            Error::ServiceNotFound(_) => code::SERVICE_NOT_FOUND,
            Error::BadRequest(_) => code::BAD_REQUEST,
            Error::AccessDenied(_) => code::ACCESS_DENIED,
            Error::SessionExpired(_) => code::SESSION_EXPIRED,
            Error::Application { code, .. } => *code,
            _ => return None,
        })
    }

    /// The text that the service answered with, or `None` where it did not answer.
    pub fn text(&self) -> Option<&str> {
        self.refusal().map(|refusal| refusal.text.as_str())
    }

    /// Where the call went, where that is known.
    pub fn at(&self) -> Option<&CallSite> {
        match self {
            Error::ServiceNotAvailable(failure)
            | Error::Timeout { failure, .. }
            | Error::BadReply(failure)
            | Error::NotSent(failure) => Some(&failure.at),
            other => other.refusal().map(|refusal| &refusal.at),
        }
    }

    /// Whether the call ran.
    ///
    /// ```
    /// use pycom::{Error, Outcome};
    /// assert_eq!(Error::overloaded("256 calls are under way").outcome(), Outcome::Refused);
    /// ```
    pub fn outcome(&self) -> Outcome {
        match self {
            Error::Unknown(_) | Error::Application { .. } | Error::Internal(_) => Outcome::Answered,
            Error::ServiceNotAvailable(failure)
            | Error::Timeout { failure, .. }
            | Error::BadReply(failure)
            | Error::NotSent(failure) => failure.outcome,
            other if other.refusal().is_some() => Outcome::Refused,
            _ => Outcome::NotRun,
        }
    }

    /// Whether the service said when to try again.
    pub(crate) fn is_for_now(&self) -> bool {
        matches!(self, Error::Overloaded(refusal) if refusal.retry_after.is_some())
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Unknown(refusal)
            | Error::Overloaded(refusal)
            | Error::MethodNotFound(refusal)
            | Error::ServiceNotFound(refusal)
            | Error::BadRequest(refusal)
            | Error::AccessDenied(refusal)
            | Error::SessionExpired(refusal)
            | Error::Application { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// Whether this was made by a method's author, rather than received from a call to elsewhere.
    pub(crate) fn is_own(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.at.is_unknown())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Application { code, refusal } => write!(f, "{refusal}, code {code}"),
            Error::ServiceNotAvailable(failure) | Error::BadReply(failure) | Error::NotSent(failure) => {
                write!(f, "{failure}")
            }
            Error::Timeout { after, failure } => {
                let (after, Failure { at, reason, outcome, tried, .. }) = (Rounded(*after), &**failure);
                write!(f, "{at}: no answer within {after}: {reason}; {outcome}")?;
                write_tried(f, tried)
            }
            Error::InvalidName(error) => write!(f, "{error}"),
            Error::InvalidAddress(error) => write!(f, "{error}"),
            Error::Transport(error) => write!(f, "{error}"),
            Error::Configuration { reason, .. } => f.write_str(reason),
            Error::Internal(source) => write!(f, "{source}"),
            other => match other.refusal() {
                Some(refusal) => write!(f, "{refusal}"),
                None => Ok(()),
            },
        }
    }
}

/// A time as one would say it: `5 s`, `1.5 s`, `300 ms`.
struct Rounded(Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0.as_millis() + 50) / 100;
        match (tenths / 10, tenths % 10) {
            (0, _) if self.0 < Duration::from_micros(950) => write!(f, "{} µs", self.0.as_micros()),
            (0, _) => write!(f, "{} ms", (self.0.as_micros() + 500) / 1000),
            (whole, 0) => write!(f, "{whole} s"),
            (whole @ 1..10, tenth) => write!(f, "{whole}.{tenth} s"),
            (whole, tenth) => write!(f, "{} s", whole + tenth / 5),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let shared = match self {
            Error::ServiceNotAvailable(failure)
            | Error::Timeout { failure, .. }
            | Error::BadReply(failure)
            | Error::NotSent(failure) => failure.source.as_ref(),
            Error::Configuration { source, .. } => source.as_ref(),
            Error::Transport(error) => return error.source(),
            Error::Internal(source) => return source.source(),
            _ => None,
        };
        shared.map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Error::InvalidName(error)
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        Error::InvalidAddress(error)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Error::Transport(Arc::new(error))
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

macro_rules! internal {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Error {
            /// Sent as code 1; the details are logged by the service.
            fn from(error: $error) -> Self {
                Error::internal(error)
            }
        }
    )*};
}

internal!(
    std::io::Error,
    std::fmt::Error,
    std::num::ParseIntError,
    std::num::ParseFloatError,
    std::num::TryFromIntError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
    std::time::SystemTimeError,
    serde_json::Error,
    tokio::task::JoinError,
    tokio::time::error::Elapsed,
    Box<dyn std::error::Error + Send + Sync>,
);

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> CallSite {
        CallSite {
            interface: Some("com.foo.example".into()),
            method: Some("create".into()),
            service: Some("/com/foo/svc".into()),
            address: Some("tcp://127.0.0.1:2013".parse().unwrap()),
        }
    }

    #[test]
    fn codes_map_to_their_variants_and_back() {
        for number in 1..=6 {
            let error = Error::from_code(number, "text".into(), site());
            assert!(!matches!(error, Error::Application { .. }), "{number}");
            assert_eq!(error.code(), Some(number));
        }
        assert_eq!(Error::from_code(0, "text".into(), site()).code(), Some(1));
        let own = Error::from_code(77, "custom failure".into(), site());
        assert!(matches!(own, Error::Application { code: 77, .. }));
        assert_eq!(own.text(), Some("custom failure"));
    }

    #[test]
    fn display_names_method_service_address_and_outcome() {
        let failure = Error::failure("nobody answers", site(), Outcome::NotRun);
        let text = Error::ServiceNotAvailable(failure).to_string();
        assert_eq!(
            text,
            "com.foo.example.create of /com/foo/svc at tcp://127.0.0.1:2013: nobody answers; it surely did not run"
        );
    }

    #[test]
    fn times_are_rounded() {
        let cases = [
            (4_999_712, "5 s"),
            (300_000, "300 ms"),
            (299_600, "300 ms"),
            (999_990, "1 s"),
            (1_540_000, "1.5 s"),
            (59_960_000, "60 s"),
            (12_600_000, "13 s"),
            (1_400, "1 ms"),
            (20, "20 µs"),
        ];
        for (micros, text) in cases {
            assert_eq!(Rounded(Duration::from_micros(micros)).to_string(), text);
        }
    }

    #[test]
    fn an_error_names_each_instance_that_was_tried() {
        let tried = |outcome| Tried {
            service: "/com/foo/b".into(),
            address: "tcp://127.0.0.1:2014".parse().unwrap(),
            reason: "refused".into(),
            outcome,
        };
        let failure = || Error::ServiceNotAvailable(Error::failure("nobody answers", site(), Outcome::NotRun));
        let error = failure().with_tried(vec![tried(Outcome::NotRun), tried(Outcome::Refused)]);
        assert_eq!(error.outcome(), Outcome::NotRun);
        let text = "it surely did not run; tried before: /com/foo/b at tcp://127.0.0.1:2014 (refused), /com/foo/b at ";
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(failure().with_tried(vec![tried(Outcome::MayHaveRun)]).outcome(), Outcome::MayHaveRun);
        let full = Error::from_code(1, "full".into(), site());
        let Error::Unknown(refusal) = full else { panic!() };
        let full = Error::Overloaded(refusal).with_tried(vec![tried(Outcome::MayHaveRun)]);
        assert_eq!(full.outcome(), Outcome::MayHaveRun);
    }

    #[test]
    fn debug_is_the_sentence_and_its_causes() {
        let cause = std::io::Error::other("the disk is full");
        let error = Error::Configuration { reason: "cannot read x".into(), source: Some(Arc::new(cause)) };
        assert_eq!(format!("{error:?}"), "cannot read x\n  caused by: the disk is full");
    }

    #[test]
    fn errors_stay_small() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }
}
