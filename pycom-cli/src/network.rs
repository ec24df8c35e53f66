//! Asking nameservers, ours and the originals'.

use std::collections::BTreeMap;

use pycom::{Component, Context, Error};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::Global;
use crate::failure::{Exit, Failure, Result};
use crate::settings::{self, Choice};

/// Extension of an answer of our nameserver: after which name the next page begins.
const NEXT: &str = "org.pycom.next";

/// Look-ups under way at once where a nameserver does not list addresses.
const LOOKUPS: usize = 16;

/// The nameservers to ask, and the connections to whatever they name.
#[derive(Debug, Clone)]
pub struct Network {
    pub choice: Choice,
    pub context: Context,
}

/// What a nameserver says of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Service {
    pub service: String,
    /// 0.4.1 lists services without it, and forgets some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub interfaces: Vec<String>,
    /// Seconds since it registered, where the nameserver knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<f64>,
}

/// An entry as any of the nameservers gives it.
#[derive(Debug, Deserialize)]
struct Entry {
    service: String,
    address: Option<String>,
    #[serde(default)]
    interfaces: Vec<String>,
    interface: Option<String>,
    age: Option<f64>,
}

impl Network {
    /// The network that the command line, the environment and the configuration name.
    pub fn new(global: &Global) -> Result<Self> {
        let choice = settings::choose(global)?;
        let builder = Context::builder()
            .timeout(global.timeout)
            .nameserver(&choice.nameserver)
            .map_err(|error| Failure::new(Exit::Usage, format!("{error} (the nameserver, from {})", choice.source)))?;
        Ok(Self { choice, context: builder.build() })
    }

    /// Each nameserver, as a component.
    pub fn nameservers(&self) -> Result<Vec<Component>> {
        let addresses = self.choice.nameserver.split(',').map(str::trim).filter(|address| !address.is_empty());
        addresses.map(|address| Ok(self.context.connect(address, pycom_nameserver::INTERFACE)?)).collect()
    }

    /// What to say where no nameserver answers.
    fn nobody(&self) -> Failure {
        Failure::new(
            Exit::NotAvailable,
            format!(
                "no nameserver at {}; start one with pycom-nameserver, or name another with -n (PYCOM_NAMESERVER)",
                self.choice.nameserver
            ),
        )
    }

    /// All services that the first nameserver which answers knows, in the order of their names.
    pub async fn services(&self) -> Result<Vec<Service>> {
        let mut last = self.nobody();
        for nameserver in self.nameservers()? {
            match list(&nameserver).await {
                Ok(services) => return Ok(services),
                Err(Error::ServiceNotAvailable(_)) => {}
                Err(error @ Error::Timeout { .. }) => last = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last)
    }
}

/// What one nameserver lists, page by page.
pub async fn list(nameserver: &Component) -> Result<Vec<Service>, Error> {
    let mut found: BTreeMap<String, Service> = BTreeMap::new();
    let mut args = json!({});
    loop {
        let answer = nameserver.call("list_services").args(&args).lenient().await?;
        for entry in answer.parse::<Vec<Entry>>()? {
            let service = found.entry(entry.service.clone()).or_default();
            service.service = entry.service;
            service.address = entry.address.or(service.address.take());
            service.age = entry.age.or(service.age);
            let offered = if entry.interfaces.is_empty() { Vec::from_iter(entry.interface) } else { entry.interfaces };
            for interface in offered {
                if !service.interfaces.contains(&interface) {
                    service.interfaces.push(interface);
                }
            }
        }
        match answer.extensions().get::<String>(NEXT) {
            Ok(Some(after)) if args["after"] != after.as_str() => args = json!({ "after": after }),
            _ => break,
        }
    }
    let mut services: Vec<Service> = found.into_values().collect();
    for chunk in services.chunks_mut(LOOKUPS) {
        let lookups = chunk.iter_mut().filter(|service| service.address.is_none()).map(|service| async {
            service.address = address_of(nameserver, service).await;
        });
        join_all(lookups).await;
    }
    Ok(services)
}

/// Where a service is, asked of a nameserver whose list does not say so.
async fn address_of(nameserver: &Component, service: &Service) -> Option<String> {
    #[derive(Deserialize)]
    struct Located {
        address: String,
    }
    let args = json!({ "interface": service.interfaces.first()?, "service": service.service });
    let answer = nameserver.call("locate").args(&args).lenient().await.ok()?;
    Some(answer.parse::<Located>().ok()?.address)
}

/// Runs futures side by side until all are done.
pub async fn join_all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut ready = true;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}
