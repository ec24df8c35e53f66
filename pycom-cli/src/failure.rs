//! What went wrong, said in one line, and the exit code that tells scripts of which kind it was.

use std::fmt;
use std::process::ExitCode;

use crate::terminal;

/// The exit codes of `pycom`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The method answered with an error of its own, or `doctor` found something wrong.
    Application = 1,
    /// The command line, the configuration or a local file is wrong.
    Usage = 2,
    /// No such service, interface or method.
    NotFound = 3,
    /// The arguments do not fit the method.
    BadRequest = 4,
    /// The service does not allow it.
    AccessDenied = 5,
    /// The session is gone.
    Session = 6,
    /// Nobody answers, or there is no room for the call.
    NotAvailable = 7,
    /// No answer in time.
    Timeout = 8,
    /// The answer is none that can be used.
    BadReply = 9,
    /// The call could not be sent.
    NotSent = 10,
}

/// The table for `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  it worked                      6  the session is gone
  1  the method answered an error   7  nobody answers, or no room
  2  wrong flags, files, settings   8  no answer in time
  3  no such service or method      9  the answer cannot be used
  4  the arguments do not fit      10  the call could not be sent
  5  access denied";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// The class of a library error.
    pub fn of(error: &pycom::Error) -> Self {
        use pycom::Error as E;
        match error {
            E::MethodNotFound(_) | E::ServiceNotFound(_) => Exit::NotFound,
            E::BadRequest(_) => Exit::BadRequest,
            E::AccessDenied(_) => Exit::AccessDenied,
            E::SessionExpired(_) => Exit::Session,
            E::ServiceNotAvailable(_) | E::Overloaded(_) => Exit::NotAvailable,
            E::Timeout { .. } => Exit::Timeout,
            E::BadReply(_) => Exit::BadReply,
            E::NotSent(_) => Exit::NotSent,
            E::InvalidName(_) | E::InvalidAddress(_) | E::Configuration { .. } | E::Transport(_) => Exit::Usage,
            _ => Exit::Application,
        }
    }
}

/// Why the command failed: one line, and its exit code.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    message: String,
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, message)
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Exit::BadRequest, message)
    }

    /// Something that could not be read or written here.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::usage(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// Writes the line to stderr.
    pub fn print(&self) {
        let style = terminal::stderr();
        eprintln!("{} {}", style.error("error:"), terminal::safe(&self.message));
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The reason alone, for where it is known what was called.
pub fn reason(error: &pycom::Error) -> String {
    use pycom::Error as E;
    match error {
        E::ServiceNotAvailable(failure) | E::BadReply(failure) | E::NotSent(failure) => {
            failure.reason.trim_end_matches("; is the service running?").to_owned()
        }
        E::Timeout { after, failure } => {
            format!("no answer within {:.1} s: {}", after.as_secs_f64(), failure.reason)
        }
        error => error.text().map_or_else(|| error.to_string(), str::to_owned),
    }
}

impl From<pycom::Error> for Failure {
    fn from(error: pycom::Error) -> Self {
        let message = match &error {
            // Where a nameserver is missing, how to mend it is all that matters.
            pycom::Error::ServiceNotAvailable(failure) if failure.reason.starts_with("no nameserver at") => {
                failure.reason.clone()
            }
            error => error.to_string(),
        };
        Self::new(Exit::of(&error), message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            // Whoever read our output has seen enough.
            std::process::exit(0);
        }
        Self::usage(error.to_string())
    }
}
