//! What an error says of its call: what the service answered, or why no answer came.

use std::fmt;

use super::Source;
use super::site::{CallSite, Outcome, Tried, write_tried};

/// An error that a service answered with: its text, and where the call went.
///
/// `Box`ed inside [`Error`](super::Error), so that results stay small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The text as the service sent it.
    pub text: String,
    /// Where the call went; empty on the service's side.
    pub at: CallSite,
    /// The fields of an error that a method declares (`#[derive(ErrorCode)]`).
    pub data: Option<crate::Json>,
    /// The names that exist where an unknown one was asked for; the text does not list them,
    /// because its wording is the original's.
    pub known: Vec<String>,
    /// The instances that were tried before this one.
    pub tried: Vec<Tried>,
    /// When to try again, where the service said so ([`Error::unavailable`](super::Error::unavailable)).
    pub retry_after: Option<std::time::Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if !self.at.is_unknown() {
            write!(f, " (from {})", self.at)?;
        }
        write_tried(f, &self.tried)?;
        if self.known.is_empty() {
            return Ok(());
        }
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let asked = self.at.method.as_deref().unwrap_or_default();
        if let Some(near) = crate::interface::nearest(asked, &known) {
            write!(f, "; did you mean '{near}'?")?;
        }
        write!(f, " There are: {}", known.join(", "))
    }
}

/// A call that got no answer, or none that could be used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// What happened, then what to do about it.
    pub reason: String,
    /// Where the call went.
    pub at: CallSite,
    /// Whether it ran.
    pub outcome: Outcome,
    /// The instances that were tried before this one.
    pub tried: Vec<Tried>,
    /// What lies below, if anything does.
    pub source: Option<Source>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.at, self.reason, self.outcome)?;
        write_tried(f, &self.tried)
    }
}
