//! What `--store` says.

use std::str::FromStr;

/// Where the registry is kept: `memory`, or `etcd://h1:2379,h2:2379,h3:2379/prefix` (`etcds://` with TLS).
///
/// ```
/// use pycom_nameserver::store::StoreAddress;
/// let store: StoreAddress = "etcd://h1:2379,h2/fleet".parse()?;
/// let StoreAddress::Etcd { endpoints, prefix, tls } = store else { unreachable!() };
/// assert_eq!((endpoints, prefix.as_str(), tls), (vec!["h1:2379".into(), "h2:2379".into()], "/fleet", false));
/// # Ok::<(), pycom_nameserver::store::StoreAddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreAddress {
    /// In the nameserver itself.
    Memory,
    /// In etcd.
    Etcd {
        /// Its nodes, each `host:port`.
        endpoints: Vec<String>,
        /// What all keys begin with; `/pycom/v1` unless given.
        prefix: String,
        /// Whether the nodes are reached by TLS.
        tls: bool,
    },
}

/// A text that names no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' names no store: {problem}; write memory, or etcd://host:2379,host:2379/prefix")]
pub struct StoreAddressError {
    text: String,
    problem: &'static str,
}

const PREFIX: &str = "/pycom/v1";
const PORT: &str = "2379";
const MOST_ENDPOINTS: usize = 16;

impl FromStr for StoreAddress {
    type Err = StoreAddressError;

    fn from_str(text: &str) -> Result<Self, StoreAddressError> {
        let wrong = |problem| {
            let text = text.chars().take(128).collect::<String>().escape_debug().to_string();
            StoreAddressError { text, problem }
        };
        if text == "memory" {
            return Ok(StoreAddress::Memory);
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let tls = match scheme {
            "etcd" => false,
            "etcds" => true,
            _ => return Err(wrong("its scheme is none of etcd and etcds")),
        };
        let (hosts, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let endpoints = hosts.split(',').map(endpoint).collect::<Option<Vec<_>>>();
        let endpoints = endpoints.ok_or_else(|| wrong("a host or a port is wrong"))?;
        if endpoints.len() > MOST_ENDPOINTS {
            return Err(wrong("it has more than 16 hosts"));
        }
        let prefix = prefix.trim_end_matches('/');
        if prefix.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong("its prefix holds blanks or control characters"));
        }
        let prefix = if prefix.is_empty() { PREFIX.into() } else { format!("/{prefix}") };
        Ok(StoreAddress::Etcd { endpoints, prefix, tls })
    }
}

fn endpoint(text: &str) -> Option<String> {
    // An IPv6 address has colons of its own, inside brackets.
    let after_host = text.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match text[after_host..].rfind(':') {
        Some(colon) => (&text[..after_host + colon], &text[after_host + colon + 1..]),
        None => (text, PORT),
    };
    let fits = |c: char| c.is_alphanumeric() || "-._[]:".contains(c);
    let well_formed = !host.is_empty() && host.chars().all(fits) && (after_host > 0 || !host.contains(':'));
    let port: u16 = port.parse().ok().filter(|&port| port > 0)?;
    well_formed.then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_their_defaults() {
        assert_eq!("memory".parse(), Ok(StoreAddress::Memory));
        let etcd = |endpoints: &[&str], prefix: &str, tls| {
            let endpoints = endpoints.iter().map(|&text| text.into()).collect();
            Ok(StoreAddress::Etcd { endpoints, prefix: prefix.into(), tls })
        };
        assert_eq!("etcd://h1".parse(), etcd(&["h1:2379"], "/pycom/v1", false));
        assert_eq!("etcds://h1:1,10.0.0.1:2/a/b/".parse(), etcd(&["h1:1", "10.0.0.1:2"], "/a/b", true));
        assert_eq!("etcd://[::1]:5,[::2]".parse(), etcd(&["[::1]:5", "[::2]:2379"], "/pycom/v1", false));
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for text in
            ["", "etcd", "etcd://", "etcd://,", "etcd://a:0", "etcd://a:b", "etcd://a b", "redis://a", "etcd://::1"]
        {
            let error = text.parse::<StoreAddress>().unwrap_err().to_string();
            assert!(error.contains("etcd://host:2379"), "{error}");
        }
    }
}
