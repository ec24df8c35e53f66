//! Where a component is, and finding it again when it is there no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::error::Error;
use crate::names::{InterfaceName, ServiceName};
use crate::transport::Address;

/// Name of the nameserver's interface, the same as the originals'.
pub const NAMESERVER_INTERFACE: &str = "org.pycom.nameserver";

/// What the nameserver says of one service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Located {
    pub(crate) address: Address,
    pub(crate) service: ServiceName,
}

#[derive(Serialize)]
struct LocateArgs<'a> {
    interface: &'a InterfaceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a ServiceName>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    as_list: bool,
}

/// Asks the nameservers, the first that answers, for services that offer `interface`.
///
/// One of ours, or 0.4.1's, gives all of them where `all` is asked for; 0.6.0's gives a random one.
pub(crate) async fn ask(
    context: &Context,
    interface: &InterfaceName,
    service: Option<&ServiceName>,
    all: bool,
    deadline: Option<Instant>,
) -> Result<Vec<Located>, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        Many(Vec<Located>),
        One(Located),
    }
    let args = LocateArgs { interface, service, as_list: all };
    let mut last = None;
    for nameserver in context.nameservers()? {
        let mut call = nameserver.call("locate").args(&args).lenient();
        if let Some(deadline) = deadline {
            call = call.timeout(deadline.saturating_duration_since(Instant::now()));
        }
        let error = match call.await {
            Ok(answer) => {
                let found = match answer.parse()? {
                    OneOrMany::Many(list) => list,
                    OneOrMany::One(one) => vec![one],
                };
                // A registered address is where clients connect: nothing else than a place.
                found.iter().try_for_each(|located| located.address.check_connectable())?;
                return Ok(found);
            }
            Err(error) => error,
        };
        match error {
            Error::ServiceNotAvailable(_) | Error::Timeout { .. } => last = Some(error),
            error => return Err(error),
        }
    }
    Err(nobody(context, last))
}

/// The error where no nameserver answers: it says how to mend it.
pub(crate) fn nobody(context: &Context, last: Option<Error>) -> Error {
    let addresses: Vec<String> = context.nameserver_addresses().iter().map(Address::to_string).collect();
    let reason = format!(
        "no nameserver at {}; start one with pycom-nameserver, or name another with -n (PYCOM_NAMESERVER)",
        addresses.join(", ")
    );
    let failure = match last {
        Some(error) => {
            let site = error.at().cloned().unwrap_or_default();
            let mut failure = Error::failure(reason, site, error.outcome());
            failure.source = Some(Arc::new(error));
            failure
        }
        None => Error::failure(reason, Default::default(), crate::Outcome::NotRun),
    };
    Error::ServiceNotAvailable(failure)
}

/// Where the calls of a component go.
#[derive(Debug)]
pub(super) enum Target {
    /// To a given address, whoever is there.
    Fixed { address: Address },
    /// To where the nameserver says; `wanted` is the service that was asked for by name.
    Located { wanted: Option<ServiceName>, current: Mutex<Located> },
}

impl Target {
    pub(super) fn located(wanted: Option<ServiceName>, current: Located) -> Self {
        Target::Located { wanted, current: Mutex::new(current) }
    }

    pub(super) fn address(&self) -> Address {
        match self {
            Target::Fixed { address } => address.clone(),
            Target::Located { current, .. } => current.lock().unwrap_or_else(PoisonError::into_inner).address.clone(),
        }
    }

    pub(super) fn service(&self) -> Option<ServiceName> {
        match self {
            Target::Fixed { .. } => None,
            Target::Located { current, .. } => {
                Some(current.lock().unwrap_or_else(PoisonError::into_inner).service.clone())
            }
        }
    }

    /// Asks the nameserver where the interface is now that nobody answers at `dead`; another
    /// address, if there is one.
    pub(super) async fn find_again(
        &self,
        context: &Context,
        interface: &InterfaceName,
        dead: &Address,
        deadline: Instant,
    ) -> Option<Address> {
        let Target::Located { wanted, current } = self else { return None };
        let lock = || current.lock().unwrap_or_else(PoisonError::into_inner);
        if let here = lock().address.clone()
            && here != *dead
        {
            // Another call has found it meanwhile.
            return Some(here);
        }
        // Boxed: asking is itself a call.
        let asked = Box::pin(ask(context, interface, wanted.as_ref(), true, Some(deadline)));
        let found = asked.await.ok()?.into_iter().filter(|located| located.address != *dead).collect::<Vec<_>>();
        if found.is_empty() {
            return None;
        }
        let chosen = found[crate::random::below(found.len())].clone();
        let address = chosen.address.clone();
        *lock() = chosen;
        Some(address)
    }
}
