//! What a running service knows of itself.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::{Codes, Count, Watch};
use crate::names::ServiceName;
use crate::server::table::Table;
use crate::stat::{Monitor, ServiceStatistics};

/// One run of a service: who it is, what it has counted, whether it ends. Shared by its socket's task, its interface
/// `org.pycom.stat`, and the calls that it runs.
pub(crate) struct About {
    service: ServiceName,
    instance: String,
    started: Instant,
    since: SystemTime,
    table: OnceLock<Weak<Table>>,
    draining: watch::Sender<bool>,
    /// Requests that named no method, or were none.
    pub(crate) bad_requests: Codes,
    pub(crate) dropped_slow: Count,
    pub(crate) dropped_gone: Count,
    pub(crate) monitor: Watch,
    gauges: OnceLock<Vec<Gauge>>,
}

/// A number of the service's own in its text for Prometheus.
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) read: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gauge({})", self.name)
    }
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "About({})", self.service)
    }
}

impl About {
    pub(crate) fn new(service: ServiceName, instance: String, monitor: Monitor) -> Self {
        let (started, since) = (Instant::now(), SystemTime::now());
        Self {
            service,
            instance,
            started,
            since,
            table: OnceLock::new(),
            draining: watch::Sender::new(false),
            bad_requests: Codes::default(),
            dropped_slow: Count::default(),
            dropped_gone: Count::default(),
            monitor: Watch::new(monitor),
            gauges: OnceLock::new(),
        }
    }

    /// Says what is counted of which method.
    pub(crate) fn set_table(&self, table: &Arc<Table>) {
        let _ = self.table.set(Arc::downgrade(table));
    }

    /// Adds the service's own numbers.
    pub(crate) fn set_gauges(&self, gauges: Vec<Gauge>) {
        let _ = self.gauges.set(gauges);
    }

    /// All of it as text for Prometheus.
    pub(crate) fn prometheus(&self) -> String {
        let gauges = self.gauges.get().map_or(&[][..], Vec::as_slice);
        let gauges = gauges.iter().map(|gauge| (gauge.name, gauge.help, (gauge.read)()));
        crate::stat::prometheus_text(&self.statistics_with_buckets(), gauges)
    }

    /// A time by the clock of this machine: seconds since 1970.
    pub(crate) fn clock(&self, at: Instant) -> f64 {
        let start = self.since.duration_since(UNIX_EPOCH).unwrap_or_default();
        (start + at.saturating_duration_since(self.started)).as_secs_f64()
    }

    pub(crate) fn begin_to_drain(&self) {
        self.draining.send_replace(true);
    }

    /// Waits until the service is about to end.
    pub(crate) async fn draining(&self) {
        // The sender is here: it does not go away while this waits.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// What has been counted so far, without the buckets.
    pub(crate) fn statistics(&self) -> ServiceStatistics {
        let mut statistics = self.statistics_with_buckets();
        statistics.methods.iter_mut().for_each(|method| method.buckets = Vec::new());
        statistics
    }

    /// What has been counted so far.
    pub(crate) fn statistics_with_buckets(&self) -> ServiceStatistics {
        let table = self.table.get().and_then(Weak::upgrade);
        ServiceStatistics {
            service: self.service.to_string(),
            instance: self.instance.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            since: self.clock(self.started),
            clock: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            uptime: self.started.elapsed().as_secs_f64(),
            draining: *self.draining.borrow(),
            sessions: table.as_ref().map_or(0, |table| table.sessions() as u64),
            methods: table.map(|table| table.statistics()).unwrap_or_default(),
            bad_requests: self.bad_requests.read(),
            dropped_slow: self.dropped_slow.get(),
            dropped_gone: self.dropped_gone.get(),
        }
    }
}
