//! The handle of a bound service.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::registration::Registration;
use super::socket::Order;
use super::statistics::About;
use crate::error::{Error, Result};
use crate::names::ServiceName;
use crate::stat::{Metrics, ServiceStatistics};
use crate::transport::{Address, TransportError};

type Outcome = watch::Receiver<Option<std::result::Result<(), Arc<TransportError>>>>;

/// A service that is bound and answers. Dropping it ends it at once; [`stop`](Self::stop) finishes
/// the calls in hand first.
pub struct Running {
    pub(super) address: Address,
    pub(super) advertised: Address,
    pub(super) service: ServiceName,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) outcome: Outcome,
    pub(super) registrations: Vec<Registration>,
    pub(super) drain: Duration,
    pub(super) metrics: Option<Metrics>,
    pub(super) about: Arc<About>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({} at {})", self.service, self.address)
    }
}

impl Running {
    /// Where it is bound, with the real port.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The address that others are told to use.
    pub fn advertised(&self) -> &Address {
        &self.advertised
    }

    /// Where its metrics are served, with the real port; `None` where they are not.
    pub fn metrics_address(&self) -> Option<std::net::SocketAddr> {
        self.metrics.as_ref().map(Metrics::address)
    }

    /// What it has counted so far, as [`org.pycom.stat`](crate::stat) tells it.
    pub fn statistics(&self) -> ServiceStatistics {
        self.about.statistics()
    }

    /// Its name.
    pub fn service(&self) -> &ServiceName {
        &self.service
    }

    /// Waits until it has ended by itself, which it does only if its socket breaks.
    ///
    /// # Errors
    ///
    /// What broke the socket.
    pub async fn ended(&self) -> Result<()> {
        let mut outcome = self.outcome.clone();
        let ended = match outcome.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone(),
            // The runtime that it ran on is gone.
            Err(_) => None,
        };
        ended.unwrap_or(Ok(())).map_err(Error::Transport)
    }

    /// Ends it in order: gives its name back, refuses new calls, finishes those in hand (up to
    /// [`Limits::drain`](crate::Limits::drain)), sends their replies. Returns how many calls were
    /// cut because they took longer.
    pub async fn stop(mut self) -> usize {
        for registration in self.registrations.drain(..) {
            registration.end().await;
        }
        let (cut, count) = oneshot::channel();
        let order = Order::Drain { limit: self.drain, cut };
        if self.orders.send(order).await.is_err() {
            return 0;
        }
        count.await.unwrap_or(0)
    }
}
