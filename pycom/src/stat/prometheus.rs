//! Statistics as text for Prometheus, format 0.0.4.

use std::fmt::Write;

use super::{MethodStatistics, ServiceStatistics};

/// What the text is served as.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the buckets of the durations, in seconds.
const BOUNDS: [f64; 17] =
    [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The text. Wants the buckets.
pub(crate) fn write<'g>(stat: &ServiceStatistics, gauges: impl IntoIterator<Item = (&'g str, &'g str, f64)>) -> String {
    let mut text = Text(String::with_capacity(16 * 1024));
    let info = [("service", &*stat.service), ("instance", &*stat.instance), ("version", &*stat.version)];
    text.head("pycom_service_info", "gauge", "Which service this is; always 1.");
    text.sample("pycom_service_info", &info, 1.0);
    for (name, help, value) in [
        ("pycom_start_time_seconds", "When the service started, in seconds since 1970.", stat.since),
        ("pycom_draining", "1 where the service is about to end and takes no new calls.", f64::from(stat.draining)),
        ("pycom_sessions", "Sessions that are kept.", stat.sessions as f64),
    ] {
        text.head(name, "gauge", help);
        text.sample(name, &[], value);
    }
    for (name, help, value) in gauges {
        text.head(name, "gauge", help);
        text.sample(name, &[], value);
    }
    text.head("pycom_bad_requests_total", "counter", "Requests that named no method, or were no requests, by code.");
    for (code, count) in &stat.bad_requests {
        text.sample("pycom_bad_requests_total", &[("code", code)], *count as f64);
    }
    text.head("pycom_dropped_replies_total", "counter", "Replies that could not be delivered, by cause.");
    for (cause, count) in [("slow", stat.dropped_slow), ("gone", stat.dropped_gone)] {
        text.sample("pycom_dropped_replies_total", &[("cause", cause)], count as f64);
    }
    type Value = fn(&MethodStatistics) -> u64;
    let of_methods: [(&str, &str, &str, Value); 7] = [
        ("pycom_calls_total", "counter", "Calls that were answered, with a result or an error.", |m| m.calls),
        ("pycom_refused_calls_total", "counter", "Calls that were turned away unrun.", |m| m.refused),
        ("pycom_cancelled_calls_total", "counter", "Calls that were given up by their callers.", |m| m.cancelled),
        ("pycom_calls_in_flight", "gauge", "Calls that run.", |m| m.in_flight),
        ("pycom_calls_queued", "gauge", "Calls that wait to run.", |m| m.queued),
        ("pycom_received_bytes_total", "counter", "Bytes of requests.", |m| m.bytes_in),
        ("pycom_sent_bytes_total", "counter", "Bytes of replies.", |m| m.bytes_out),
    ];
    for (name, kind, help, value) in of_methods {
        text.head(name, kind, help);
        for method in &stat.methods {
            text.sample(name, &labels(method), value(method) as f64);
        }
    }
    text.head("pycom_call_errors_total", "counter", "Calls that were answered with an error, by code.");
    for method in &stat.methods {
        let [interface, name] = labels(method);
        for (code, count) in &method.errors {
            text.sample("pycom_call_errors_total", &[interface, name, ("code", code)], *count as f64);
        }
    }
    text.head("pycom_call_duration_seconds", "histogram", "How long calls took, from arrival to reply (within 1.6 %).");
    for method in &stat.methods {
        text.durations(method);
    }
    text.0
}

fn labels(method: &MethodStatistics) -> [(&str, &str); 2] {
    [("interface", &method.interface), ("method", &method.method)]
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn durations(&mut self, method: &MethodStatistics) {
        const NAME: &str = "pycom_call_duration_seconds";
        let [interface, name] = labels(method);
        let (bucket, count) = (format!("{NAME}_bucket"), method.buckets.iter().map(|(_, count)| count).sum::<u64>());
        for bound in BOUNDS {
            let within = |(time, _): &&(u64, u64)| *time as f64 <= bound * 1e9;
            let below: u64 = method.buckets.iter().take_while(within).map(|(_, count)| count).sum();
            self.sample(&bucket, &[interface, name, ("le", &bound.to_string())], below as f64);
        }
        self.sample(&bucket, &[interface, name, ("le", "+Inf")], count as f64);
        self.sample(&format!("{NAME}_sum"), &[interface, name], method.time);
        self.sample(&format!("{NAME}_count"), &[interface, name], count as f64);
    }
}
