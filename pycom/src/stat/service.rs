//! The interface `org.pycom.stat`.

use std::sync::Arc;
use std::time::Duration;

use super::{Monitor, Passed, ServiceStatistics};
use crate::error::{Error, Result};
use crate::interface;
use crate::server::About;

/// How long `monitor` waits at most.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What every service offers beside the interfaces it was given.
#[derive(Debug)]
pub(crate) struct StatService(pub(crate) Arc<About>);

/// Tells how a service fares: its calls, errors, durations, and what it is busy with.
#[interface("org.pycom.stat", client = "StatClient")]
impl StatService {
    /// Everything that is counted, since the service started. With `buckets` also how many calls took how long, so that
    /// who asks twice knows the percentiles of the time between.
    #[method(idempotent)]
    pub async fn stat(&self, buckets: Option<bool>) -> ServiceStatistics {
        match buckets {
            Some(true) => self.0.statistics_with_buckets(),
            _ => self.0.statistics(),
        }
    }

    /// The same as text for Prometheus, format 0.0.4.
    #[method(idempotent)]
    pub async fn metrics(&self) -> String {
        self.0.prometheus()
    }

    /// The calls that have ended since `cursor`, as soon as there is one or `wait` milliseconds are over (20,000 at
    /// most). Without a cursor it answers at once with the one to begin at. Only where the service allows it, and
    /// `payloads` likewise. Calls of this interface are not shown.
    #[method(idempotent)]
    pub async fn monitor(&self, cursor: Option<u64>, wait: Option<u64>, payloads: Option<bool>) -> Result<Passed> {
        let payloads = payloads == Some(true);
        match self.0.monitor.allowed() {
            Monitor::Off => {
                let text = "The service does not show its calls; start it with --allow-monitor";
                return Err(Error::access_denied(text));
            }
            Monitor::Calls if payloads => {
                let text = "The service does not show payloads; start it with --allow-monitor payloads";
                return Err(Error::access_denied(text));
            }
            _ => {}
        }
        let wait = Duration::from_millis(wait.unwrap_or(0)).min(LONGEST_WAIT);
        tokio::select! {
            passed = self.0.monitor.read(cursor, wait, payloads) => Ok(passed),
            // Nobody waits for a service that ends because somebody looks on.
            () = self.0.draining() => Ok(self.0.monitor.read(cursor, Duration::ZERO, payloads).await),
        }
    }
}
