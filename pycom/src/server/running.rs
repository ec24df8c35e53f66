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
    pub(super) grace: Duration,
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

    /// Ends it in order: gives its name back, goes on for a moment for those who have not heard of that
    /// ([`Limits::grace`](crate::Limits::grace)), refuses new calls, finishes those in hand (up to
    /// [`Limits::drain`](crate::Limits::drain)), sends their replies. Calls that took longer are cut: those that wait
    /// are refused, those that run are stopped, except where they are plain `fn`s or uncancellable.
    pub async fn stop(mut self) -> Stopped {
        let leaving: Vec<_> =
            self.registrations.drain(..).map(|registration| tokio::spawn(registration.end())).collect();
        for farewell in leaving {
            // It cannot panic, and nobody aborts it.
            let _ = farewell.await;
        }
        tokio::time::sleep(self.grace).await;
        let (cut, told) = oneshot::channel();
        let order = Order::Drain { limit: self.drain, cut };
        if self.orders.send(order).await.is_err() {
            return Stopped::default();
        }
        Stopped { cut: told.await.unwrap_or_default() }
    }
}

/// How a service ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// The methods of which calls were cut, because they took longer than [`Limits::drain`](crate::Limits::drain).
    pub cut: Vec<Cut>,
}

/// Calls of one method that were cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// Its interface.
    pub interface: String,
    /// Its remote name.
    pub method: String,
    /// Calls that ran: their callers are told that they may have run.
    pub running: u64,
    /// Calls that waited: their callers are told that they did not run.
    pub waiting: u64,
}

impl Stopped {
    /// How many calls were cut; 0 where the service ended cleanly.
    pub fn calls(&self) -> u64 {
        self.cut.iter().map(|cut| cut.running + cut.waiting).sum()
    }
}

impl fmt::Display for Stopped {
    /// The methods, with how many of their calls were cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Cut { interface, method, running, waiting }) in self.cut.iter().enumerate() {
            let before = if place == 0 { "" } else { ", " };
            write!(f, "{before}{interface}.{method} ({running} running, {waiting} waiting)")?;
        }
        Ok(())
    }
}
