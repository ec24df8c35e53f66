//! The task that keeps a service known to its nameservers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::client::Component;
use crate::error::{Error, Outcome};
use crate::names::ServiceName;
use crate::transport::Address;
use crate::wire::key;

/// How often a service says that it is still there unless told otherwise: half of what 0.6.0's nameserver, and ours,
/// keep a name without hearing of it.
pub(super) const RENEWAL: Duration = Duration::from_secs(30);

/// First and longest wait after a failed attempt.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// How long a name may take to be given back when the service ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is registered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) service: ServiceName,
    pub(super) address: Address,
    pub(super) interfaces: Vec<String>,
    /// Which run of the service this is: new at each start.
    pub(super) instance: String,
}

impl Entry {
    /// Registers with one nameserver.
    ///
    /// Each original ignores the key it does not know, so every message carries both: 0.4.1 wants
    /// one message per `interface`, 0.6.0 and ours the list (protocol.md, "Nameserver"). Ours says
    /// with the first answer that it needs no more.
    async fn register(&self, nameserver: &Component) -> Result<(), Error> {
        for interface in &self.interfaces {
            let args = json!({
                "service": self.service, "address": self.address,
                "interface": interface, "interfaces": self.interfaces,
            });
            let call = nameserver.call("register").args(&args).lenient().timeout(ATTEMPT);
            let answer = call.extension(key::INSTANCE, &self.instance).await?;
            if answer.extensions().contains(key::LEASE) {
                break;
            }
        }
        Ok(())
    }

    /// Gives the name back. The originals have no such method: there it runs out.
    async fn deregister(&self, nameserver: &Component) {
        let args = json!({ "service": self.service, "address": self.address });
        let call = nameserver.call("deregister").args(&args).lenient().timeout(FAREWELL);
        match call.extension(key::INSTANCE, &self.instance).await {
            Ok(_) | Err(Error::MethodNotFound(_)) => {}
            Err(error) => tracing::debug!(%error, "the name could not be given back; it runs out by itself"),
        }
    }
}

/// Keeps `entry` registered with one nameserver until it is dropped.
pub(super) struct Registration {
    entry: Arc<Entry>,
    nameserver: Component,
    task: tokio::task::JoinHandle<()>,
}

impl Registration {
    /// Registers, and goes on doing so. A nameserver that is not there yet is no error: it is
    /// tried again until it is.
    ///
    /// # Errors
    ///
    /// Where the nameserver refuses, e.g. because the name is another's (code 5).
    pub(super) async fn start(entry: Arc<Entry>, nameserver: Component, renewal: Duration) -> Result<Self, Error> {
        let first = entry.register(&nameserver).await;
        let lost = match first {
            Ok(()) => {
                tracing::info!(service = %entry.service, address = %entry.address, nameserver = %nameserver.address(), "registered");
                false
            }
            Err(error) if error.outcome() == Outcome::Refused && !error.is_for_now() => return Err(error),
            Err(error) => {
                report(&nameserver, &error);
                true
            }
        };
        let task = tokio::spawn(keep(entry.clone(), nameserver.clone(), renewal, lost));
        Ok(Self { entry, nameserver, task })
    }

    /// Stops renewing and gives the name back.
    pub(super) async fn end(self) {
        self.task.abort();
        self.entry.deregister(&self.nameserver).await;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn report(nameserver: &Component, error: &Error) {
    tracing::warn!(
        nameserver = %nameserver.address(), %error,
        "no registration: start a nameserver there with pycom-nameserver, or name another with -n; trying again"
    );
}

async fn keep(entry: Arc<Entry>, nameserver: Component, renewal: Duration, mut lost: bool) {
    let mut retry = RETRY.0;
    let mut wait = if lost { retry } else { renewal };
    loop {
        tokio::time::sleep(wait).await;
        match entry.register(&nameserver).await {
            Ok(()) => {
                if lost {
                    tracing::info!(service = %entry.service, nameserver = %nameserver.address(), "registered again");
                }
                (lost, wait, retry) = (false, renewal, RETRY.0);
            }
            Err(error) => {
                if !lost {
                    report(&nameserver, &error);
                }
                lost = true;
                wait = retry;
                retry = (retry * 2).min(RETRY.1);
            }
        }
    }
}
