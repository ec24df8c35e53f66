//! How etcd is reached.

use std::path::PathBuf;
use std::time::Duration;

use etcd_client::{Certificate, ConnectOptions, Identity, TlsOptions};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// Nodes, prefix, and what TLS and authentication need.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The nodes, each `host:port`.
    pub endpoints: Vec<String>,
    /// What all keys begin with.
    pub prefix: String,
    /// Whether they are reached by TLS.
    pub tls: bool,
    /// The certificate of whoever signed theirs, a PEM file; those of the system unless given.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, PEM files.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// User and password.
    pub user: Option<(String, String)>,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("cannot read {path}, which {variable} names: {source}")]
    File {
        /// The file.
        path: String,
        /// The variable.
        variable: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Only one of two that belong together is there.
    #[error("{given} is set and {missing} is not; set both, or none")]
    Half {
        /// The one.
        given: &'static str,
        /// The other.
        missing: &'static str,
    },
    /// Certificates are given for connections without TLS.
    #[error("certificates are set, but the store is etcd://; write etcds:// to use them")]
    NoTls,
}

const CA: &str = "PYCOM_ETCD_CA";
const CERT: &str = "PYCOM_ETCD_CERT";
const KEY: &str = "PYCOM_ETCD_KEY";
const USER: &str = "PYCOM_ETCD_USER";
const PASSWORD: &str = "PYCOM_ETCD_PASSWORD";

impl Settings {
    /// Those of these nodes, with certificates, user and password from `PYCOM_ETCD_CA`, `PYCOM_ETCD_CERT`,
    /// `PYCOM_ETCD_KEY`, `PYCOM_ETCD_USER` and `PYCOM_ETCD_PASSWORD`, which `variable` reads.
    ///
    /// # Errors
    ///
    /// Where they do not fit together.
    pub fn new(
        endpoints: Vec<String>,
        prefix: String,
        tls: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let both = |one: &'static str, other: &'static str| match (variable(one), variable(other)) {
            (Some(first), Some(second)) => Ok(Some((first, second))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(SettingsError::Half { given: one, missing: other }),
            (None, Some(_)) => Err(SettingsError::Half { given: other, missing: one }),
        };
        let identity = both(CERT, KEY)?.map(|(cert, key)| (cert.into(), key.into()));
        let (user, ca) = (both(USER, PASSWORD)?, variable(CA).map(PathBuf::from));
        if !tls && (ca.is_some() || identity.is_some()) {
            return Err(SettingsError::NoTls);
        }
        Ok(Self { endpoints, prefix, tls, ca, identity, user })
    }

    /// The nodes as etcd's client takes them.
    pub(super) fn nodes(&self) -> Vec<String> {
        let scheme = if self.tls { "https" } else { "http" };
        self.endpoints.iter().map(|endpoint| format!("{scheme}://{endpoint}")).collect()
    }

    pub(super) fn options(&self) -> Result<ConnectOptions, SettingsError> {
        // No pings of HTTP/2: etcd cuts who pings more often than every 5 s. The watch asks for its progress instead.
        let mut options = ConnectOptions::new().with_connect_timeout(CONNECT).with_require_leader(true);
        if let Some((user, password)) = &self.user {
            options = options.with_user(user, password).with_auto_token_refresh(true);
        }
        if self.tls {
            let read = |path: &PathBuf, variable| {
                std::fs::read(path).map_err(|source| {
                    let path = path.display().to_string();
                    SettingsError::File { path, variable, source }
                })
            };
            let mut tls = match &self.ca {
                Some(ca) => TlsOptions::new().ca_certificate(Certificate::from_pem(read(ca, CA)?)),
                None => TlsOptions::new().with_enabled_roots(),
            };
            if let Some((cert, key)) = &self.identity {
                tls = tls.identity(Identity::from_pem(read(cert, CERT)?, read(key, KEY)?));
            }
            options = options.with_tls(tls);
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(tls: bool, set: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        Settings::new(vec!["h1:2379".into()], "/x".into(), tls, variable)
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        assert_eq!(settings(false, &[]).unwrap().nodes(), ["http://h1:2379"]);
        let all = [(CA, "/nonexistent"), (CERT, "/c"), (KEY, "/k"), (USER, "u"), (PASSWORD, "p")];
        let whole = settings(true, &all).unwrap();
        assert_eq!(whole.nodes(), ["https://h1:2379"]);
        assert_eq!(whole.user, Some(("u".into(), "p".into())));
        let error = whole.options().unwrap_err().to_string();
        assert!(error.contains("/nonexistent") && error.contains(CA), "{error}");
        assert!(matches!(settings(false, &all), Err(SettingsError::NoTls)));
        assert!(matches!(settings(true, &all[..2]), Err(SettingsError::Half { given: CERT, missing: KEY })));
        assert!(matches!(settings(false, &all[4..]), Err(SettingsError::Half { given: PASSWORD, missing: USER })));
    }
}
