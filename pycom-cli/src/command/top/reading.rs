//! What the services of a network tell of themselves, and what has happened between two times of asking.

use std::collections::BTreeMap;

use pycom::Error;
use pycom::stat::{self, MethodStatistics, ServiceStatistics, StatClient, percentile};
use serde::Serialize;

use crate::failure::Result;
use crate::network::{Network, Service, join_all};

/// Services asked at once.
const ASKED: usize = 64;

/// What one service told, or why it did not.
#[derive(Debug, Clone)]
pub struct Reading {
    pub service: String,
    pub told: Result<ServiceStatistics, String>,
}

/// What is shown of a method, or of a service that tells nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interface: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// Calls in a second.
    pub rate: f64,
    /// Errors in a second, refusals included.
    pub errors: f64,
    /// Of the calls that ended since it was asked before; microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_us: Option<f64>,
    pub in_flight: u64,
    pub queued: u64,
    /// Calls since the service started.
    pub calls: u64,
    /// Why there is nothing to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Row {
    /// The interface and the method, or what stands for them.
    pub fn what(&self) -> String {
        match &self.note {
            Some(note) => format!("({note})"),
            None => format!("{}.{}", self.interface, self.method),
        }
    }
}

/// Asks all services.
pub async fn read(network: &Network) -> Result<Vec<Reading>> {
    let services = network.services().await?;
    let mut readings = Vec::with_capacity(services.len());
    for some in services.chunks(ASKED) {
        readings.extend(join_all(some.iter().map(|service| ask(network, service))).await);
    }
    Ok(readings)
}

async fn ask(network: &Network, service: &Service) -> Reading {
    let told = match &service.address {
        None => Err("no address".into()),
        Some(address) => match StatClient::connect(&network.context, address) {
            Ok(client) => client.stat(Some(true)).await.map_err(|error| why(&error)),
            Err(error) => Err(why(&error)),
        },
    };
    Reading { service: service.service.clone(), told }
}

fn why(error: &Error) -> String {
    match error {
        // The words of ours, and of both originals, for an interface that a service does not have.
        Error::BadRequest(_) | Error::MethodNotFound(_) | Error::Unknown(_) => "tells no statistics".into(),
        Error::Timeout { .. } => "no answer in time".into(),
        Error::ServiceNotAvailable(_) => "nobody answers".into(),
        error => error.to_string(),
    }
}

/// What is to be shown: the difference of two readings, or all since the start where there is none before.
pub fn rows(before: &[Reading], now: &[Reading]) -> Vec<Row> {
    let before: BTreeMap<&str, &ServiceStatistics> =
        before.iter().filter_map(|reading| Some((reading.service.as_str(), reading.told.as_ref().ok()?))).collect();
    let mut rows = Vec::new();
    for Reading { service, told } in now {
        let told = match told {
            Ok(told) => told,
            Err(why) => {
                rows.push(Row { service: service.clone(), note: Some(why.clone()), ..Row::default() });
                continue;
            }
        };
        // One that has been started anew counts from its start.
        let before = before.get(service.as_str()).filter(|before| before.instance == told.instance);
        let first = rows.len();
        for method in told.methods.iter().filter(|method| is_shown(method)) {
            let earlier = before.and_then(|before| before.method(&method.interface, &method.method));
            let seconds = told.uptime - before.map_or(0.0, |before| before.uptime);
            rows.push(row(service, method, earlier, seconds));
        }
        if rows.len() == first {
            let note = if told.draining { "ends" } else { "no calls yet" };
            rows.push(Row { service: service.clone(), note: Some(note.into()), ..Row::default() });
        }
    }
    rows
}

/// Ours are asked by ourselves.
fn is_shown(method: &MethodStatistics) -> bool {
    method.interface != stat::INTERFACE && method.calls + method.in_flight + method.queued + method.refused > 0
}

fn row(service: &str, now: &MethodStatistics, before: Option<&MethodStatistics>, seconds: f64) -> Row {
    let rate = |count: fn(&MethodStatistics) -> u64| {
        let more = count(now).saturating_sub(before.map_or(0, count));
        if seconds > 0.0 { more as f64 / seconds } else { 0.0 }
    };
    let earlier: BTreeMap<u64, u64> = before.map(|before| before.buckets.iter().copied().collect()).unwrap_or_default();
    let buckets: Vec<(u64, u64)> = now
        .buckets
        .iter()
        .map(|(time, count)| (*time, count.saturating_sub(earlier.get(time).copied().unwrap_or(0))))
        .filter(|(_, count)| *count > 0)
        .collect();
    let at = |share| percentile(&buckets, share).map(|nanoseconds| nanoseconds as f64 / 1e3);
    Row {
        service: service.into(),
        interface: now.interface.clone(),
        method: now.method.clone(),
        rate: rate(|method| method.calls),
        errors: rate(|method| method.failed() + method.refused),
        p50_us: at(0.5),
        p99_us: at(0.99),
        in_flight: now.in_flight,
        queued: now.queued,
        calls: now.calls,
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(instance: &str, uptime: f64, calls: u64, slow: u64) -> Reading {
        let told = serde_json::json!({
            "service": "/com/foo/svc", "instance": instance, "version": "0", "since": 0.0, "uptime": uptime,
            "methods": [
                { "interface": "com.foo.example", "method": "create", "calls": calls, "errors": { "17": calls / 10 },
                  "in_flight": 2, "bytes_in": 0, "bytes_out": 0, "buckets": [[1_000_000, calls - slow], [9_000_000, slow]] },
                { "interface": "com.foo.example", "method": "unused", "calls": 0 },
                { "interface": "org.pycom.stat", "method": "stat", "calls": 5 },
            ],
        });
        Reading { service: "/com/foo/svc".into(), told: Ok(serde_json::from_value(told).unwrap()) }
    }

    #[test]
    fn rates_and_percentiles_are_of_the_time_between() {
        let rows = rows(&[reading("a", 10.0, 1000, 0)], &[reading("a", 12.0, 1200, 100)]);
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((row.rate, row.errors, row.calls, row.in_flight), (100.0, 10.0, 1200, 2));
        assert_eq!((row.p50_us, row.p99_us), (Some(1000.0), Some(9000.0)));
    }

    #[test]
    fn one_that_was_started_anew_counts_from_its_start() {
        let rows = rows(&[reading("a", 10.0, 1000, 0)], &[reading("b", 2.0, 100, 0)]);
        assert_eq!((rows[0].rate, rows[0].p99_us), (50.0, Some(1000.0)));
    }

    #[test]
    fn one_that_tells_nothing_is_shown_as_such() {
        let silent = Reading { service: "/com/foo/old".into(), told: Err("tells no statistics".into()) };
        let rows = rows(&[], &[silent, reading("a", 1.0, 0, 0)]);
        assert_eq!(rows[0].what(), "(tells no statistics)");
        assert_eq!(rows[1].what(), "com.foo.example.create");
    }
}
