//! The nameserver as a program.

use pycom::{Launcher, Result};

use crate::store::StoreAddress;
use crate::{ADDRESS, Nameserver, SERVICE, limits};

/// Exit code for what the user can mend, the same as the launcher's.
const EXIT_USAGE: i32 = 2;

/// The environment's word for `--store`.
const VARIABLE: &str = "PYCOM_STORE";

/// Runs the program `pycom-nameserver`, from whichever command line the launcher reads.
///
/// Beside the launcher's flags it takes `--store`, where it keeps the registry: `memory`, or
/// `etcd://h1:2379,h2:2379,h3:2379/prefix` in a build with the feature `etcd`.
///
/// # Errors
///
/// As [`Launcher::launch`].
pub async fn launch(launcher: Launcher) -> Result<()> {
    let mut launcher = launcher
        .about("The nameserver of PyCOM: knows which services there are, and where")
        .default_address(ADDRESS)
        .flag(
            "store",
            "STORE",
            "Where the registry is kept: memory, or etcd://host:2379,host:2379/prefix [env: PYCOM_STORE]",
        );
    let said = launcher.value("store").or_else(|| std::env::var(VARIABLE).ok().filter(|said| !said.is_empty()));
    let address = said.map_or(Ok(StoreAddress::Memory), |said| said.parse()).map_err(|error| error.to_string());
    match address.and_then(nameserver) {
        Ok((nameserver, several)) => {
            // Fronts of one store are services of one registry: each needs a name of its own.
            let name = if several { format!("{SERVICE}/{:08x}", fastrand::u32(..)) } else { SERVICE.into() };
            let gauges = nameserver.gauges();
            let launcher = launcher.default_service(&name).server(|server| gauges(server.limits(limits())));
            launcher.launch(nameserver).await
        }
        Err(reason) => {
            eprintln!("error: {reason}");
            std::process::exit(EXIT_USAGE);
        }
    }
}

/// The nameserver over a store, and whether it is one of several.
fn nameserver(address: StoreAddress) -> Result<(Nameserver, bool), String> {
    match address {
        StoreAddress::Memory => Ok((Nameserver::alone(), false)),
        StoreAddress::Etcd { endpoints, prefix, tls } => Ok((over_etcd(endpoints, prefix, tls)?, true)),
    }
}

#[cfg(feature = "etcd")]
fn over_etcd(endpoints: Vec<String>, prefix: String, tls: bool) -> Result<Nameserver, String> {
    use crate::store::{Etcd, LeaseTerms, Settings};
    let settings = Settings::new(endpoints, prefix, tls, |name| std::env::var(name).ok());
    let etcd = settings.and_then(|settings| Etcd::new(settings, LeaseTerms::default()));
    Ok(Nameserver::over(etcd.map_err(|error| error.to_string())?))
}

#[cfg(not(feature = "etcd"))]
fn over_etcd(_: Vec<String>, _: String, _: bool) -> Result<Nameserver, String> {
    Err("this build has no etcd store; build with --features etcd".into())
}
