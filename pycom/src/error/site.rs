//! Where a call went, and whether it ran there.

use std::fmt;
use std::sync::Arc;

use crate::transport::Address;

/// Whether a call that failed ran on the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The service answered: with a result, or with the method's own error.
    Answered,
    /// The service refused the call before the method ran.
    Refused,
    /// The call surely did not run: it was never sent.
    NotRun,
    /// The call was handed over and no answer came: it may have run.
    MayHaveRun,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Answered => "it was answered",
            Outcome::Refused => "it was refused and did not run",
            Outcome::NotRun => "it surely did not run",
            Outcome::MayHaveRun => "it may have run",
        })
    }
}

/// Where a call went: as much of it as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallSite {
    /// Interface that was called.
    pub interface: Option<Arc<str>>,
    /// Method that was called.
    pub method: Option<Arc<str>>,
    /// Name of the service, where it was found by the nameserver.
    pub service: Option<Arc<str>>,
    /// Address the call went to.
    pub address: Option<Address>,
}

impl fmt::Display for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.interface, &self.method) {
            (Some(interface), Some(method)) => write!(f, "{interface}.{method}")?,
            (Some(name), None) | (None, Some(name)) => f.write_str(name)?,
            (None, None) => f.write_str("the call")?,
        }
        match (&self.service, &self.address) {
            (Some(service), Some(address)) => write!(f, " of {service} at {address}"),
            (Some(service), None) => write!(f, " of {service}"),
            (None, Some(address)) => write!(f, " at {address}"),
            (None, None) => Ok(()),
        }
    }
}

impl CallSite {
    pub(super) fn is_unknown(&self) -> bool {
        *self == CallSite::default()
    }
}

/// An instance that was tried before the one that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// Name of the service.
    pub service: Arc<str>,
    /// Where it is.
    pub address: Address,
    /// Why it did not answer.
    pub reason: String,
    /// Whether the call ran there.
    pub outcome: Outcome,
}

pub(super) fn write_tried(f: &mut fmt::Formatter<'_>, tried: &[Tried]) -> fmt::Result {
    for (place, Tried { service, address, reason, .. }) in tried.iter().enumerate() {
        let before = if place == 0 { "; tried before: " } else { ", " };
        write!(f, "{before}{service} at {address} ({reason})")?;
    }
    Ok(())
}
