//! The configuration file: JSON with the original's keys.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// What a service can be told from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen.
    pub address: Option<String>,
    /// Name of the service.
    pub service: Option<String>,
    /// Where to register: an address, several with commas between them, or `local`.
    pub nameserver: Option<String>,
    /// Which address others should use.
    pub advertise: Option<String>,
    /// What carries the messages: `tmq` or `zmtp`.
    pub backend: Option<String>,
    /// Where to serve metrics for Prometheus.
    pub metrics: Option<String>,
    /// What to show of its calls: `calls`, or `payloads` too.
    pub allow_monitor: Option<String>,
}

/// Keys of the file; the first four are the original's.
const KEYS: [&str; 8] =
    ["address", "service", "nameserver", "authentication", "advertise", "backend", "metrics", "allow_monitor"];

#[derive(Deserialize)]
struct File {
    address: Option<String>,
    service: Option<String>,
    nameserver: Option<OneOrMany>,
    advertise: Option<String>,
    backend: Option<String>,
    metrics: Option<String>,
    allow_monitor: Option<String>,
    authentication: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is no JSON object, or has a key that is not known.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let wrong = |reason: String, source: Option<crate::Source>| Error::Configuration { reason, source };
        let text = std::fs::read_to_string(path).map_err(|error| {
            let reason = format!("cannot read the configuration file {shown}: {error}; name another with -c");
            wrong(reason, Some(Arc::new(error)))
        })?;
        Self::parse(&text).map_err(|problem| wrong(format!("the configuration file {shown} {problem}"), None))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
        let Value::Object(object) = &value else {
            return Err("holds no JSON object; write {\"address\": \"tcp://…\"}".into());
        };
        if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let unknown = crate::names::shown(unknown);
            return Err(format!("has an unknown key {unknown}; there are: {}", KEYS.join(", ")));
        }
        let file: File = serde_json::from_value(value).map_err(|error| format!("is not as it should be: {error}"))?;
        if file.authentication.is_some_and(|policy| policy.get("policy").is_some_and(|policy| policy == "required")) {
            return Err(
                "asks for authentication, which this version does not check; guard the service with a hook".into()
            );
        }
        let nameserver = file.nameserver.map(|addresses| match addresses {
            OneOrMany::One(address) => address,
            OneOrMany::Many(addresses) => addresses.join(","),
        });
        let File { address, service, advertise, backend, metrics, allow_monitor, .. } = file;
        Ok(Self { address, service, nameserver, advertise, backend, metrics, allow_monitor })
    }

    /// What `self` does not say is as `weaker` says.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        Self {
            address: self.address.or(weaker.address),
            service: self.service.or(weaker.service),
            nameserver: self.nameserver.or(weaker.nameserver),
            advertise: self.advertise.or(weaker.advertise),
            backend: self.backend.or(weaker.backend),
            metrics: self.metrics.or(weaker.metrics),
            allow_monitor: self.allow_monitor.or(weaker.allow_monitor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_file_is_read() {
        let text =
            r#"{"address": "tcp://127.0.0.1:2013", "service": "/com/foo/svc", "nameserver": "tcp://127.0.0.1:2012"}"#;
        let config = Config::parse(text).unwrap();
        assert_eq!(config.address.as_deref(), Some("tcp://127.0.0.1:2013"));
        assert_eq!(config.nameserver.as_deref(), Some("tcp://127.0.0.1:2012"));
        let several = Config::parse(r#"{"nameserver": ["a:1", "b:2"]}"#).unwrap();
        assert_eq!(several.nameserver.as_deref(), Some("a:1,b:2"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        assert!(Config::parse("{").unwrap_err().starts_with("is not JSON"));
        assert!(Config::parse("[]").unwrap_err().contains("no JSON object"));
        assert!(Config::parse(r#"{"adress": "x"}"#).unwrap_err().contains("unknown key 'adress'"));
        assert!(Config::parse(r#"{"address": 5}"#).unwrap_err().contains("expected a string"));
        assert!(Config::parse(r#"{"authentication": {"policy": "required"}}"#).is_err());
        let error = Config::read("/nonexistent/file".as_ref()).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/file") && error.contains("-c"), "{error}");
    }

    #[test]
    fn the_stronger_source_wins_where_it_says_something() {
        let strong = Config { address: Some("a".into()), ..Config::default() };
        let weak = Config { address: Some("b".into()), service: Some("s".into()), ..Config::default() };
        let both = strong.or(weak);
        assert_eq!((both.address.as_deref(), both.service.as_deref()), (Some("a"), Some("s")));
    }
}
