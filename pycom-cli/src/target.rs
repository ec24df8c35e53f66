//! What a name on the command line stands for.

use pycom::stat;
use pycom::{Component, Description, Error};

use crate::failure::{Failure, Result};
use crate::near;
use crate::network::Network;
use crate::terminal::safe;

/// An interface, and where to look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub interface: String,
    pub place: Place,
}

/// Where to look for an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Wherever the nameserver says.
    Anywhere,
    /// At the service of this name.
    Service(String),
    /// At this address; no nameserver is asked.
    Address(String),
}

impl Target {
    /// Reads `INTERFACE`, `INTERFACE@SERVICE`, `INTERFACE@ADDRESS`.
    pub fn parse(text: &str) -> Result<Self> {
        if text.starts_with('/') {
            return Err(Failure::usage(format!(
                "'{text}' is the name of a service; name one of its interfaces, as INTERFACE@{text}"
            )));
        }
        let Some((interface, place)) = text.split_once('@') else {
            return Ok(Self { interface: text.to_owned(), place: Place::Anywhere });
        };
        let place = match place {
            "" => {
                return Err(Failure::usage(format!("nothing follows the @ of '{text}'; name a service or an address")));
            }
            place if place.contains("://") => Place::Address(place.to_owned()),
            place if place.starts_with('/') => Place::Service(place.to_owned()),
            place if place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) => {
                Place::Address(place.to_owned())
            }
            place => Place::Service(place.to_owned()),
        };
        Ok(Self { interface: interface.to_owned(), place })
    }

    /// Finds it.
    pub async fn component(&self, network: &Network) -> Result<Component> {
        let context = &network.context;
        let found = match &self.place {
            Place::Address(address) => return Ok(context.connect(address, &self.interface)?),
            Place::Service(service) => context.locate_service(&self.interface, service).await,
            Place::Anywhere => context.locate(&self.interface).await,
        };
        match (found, &self.place) {
            (Err(Error::ServiceNotFound(_)), Place::Service(name)) if self.interface == stat::INTERFACE => {
                self.beside(network, name).await
            }
            (Err(Error::ServiceNotFound(_)), _) => Err(self.not_found(network).await),
            (found, _) => Ok(found?),
        }
    }

    /// The interface of a service that offers it without having registered it.
    async fn beside(&self, network: &Network, name: &str) -> Result<Component> {
        let services = network.services().await?;
        match services.into_iter().find(|service| service.service == name).and_then(|service| service.address) {
            Some(address) => Ok(network.context.connect(address, &self.interface)?),
            None => Err(self.not_found(network).await),
        }
    }

    /// Says what is missing, and what was probably meant.
    async fn not_found(&self, network: &Network) -> Failure {
        let services = network.services().await.unwrap_or_default();
        let interface = &self.interface;
        if let Place::Service(wanted) = &self.place {
            let hint = match services.iter().find(|service| service.service == *wanted) {
                Some(service) => format!("; it offers {}", service.interfaces.join(", ")),
                None => near::hint(wanted, services.iter().map(|service| service.service.as_str())),
            };
            return Failure::not_found(format!("no service '{wanted}' offers '{interface}'{}", safe(&hint)));
        }
        let mut interfaces: Vec<&str> = services.iter().flat_map(|s| s.interfaces.iter().map(String::as_str)).collect();
        interfaces.sort_unstable();
        interfaces.dedup();
        let hint = match interfaces.is_empty() {
            true => format!("; the nameserver at {} knows no services yet", network.choice.nameserver),
            false => near::hint(interface, interfaces),
        };
        Failure::not_found(format!("no service offers '{interface}'{}", safe(&hint)))
    }
}

/// What the interface says of itself.
pub async fn describe(component: &Component) -> Result<Description> {
    Ok(component.introspect().await?)
}

/// Whether a method only answers with the description.
pub fn is_introspection(method: &str) -> bool {
    pycom::interface::INTROSPECTION_METHODS.contains(&method)
}

/// Names of the methods of an interface, without those that only describe it.
pub fn method_names(description: &Description) -> impl Iterator<Item = &str> {
    description.methods.keys().map(String::as_str).filter(|name| !is_introspection(name))
}

/// Says that there is no such method, and what was probably meant.
pub fn no_method(description: &Description, method: &str) -> Failure {
    let hint = near::hint(method, method_names(description));
    Failure::not_found(format!("{} has no method '{method}'{}", safe(&description.name), safe(&hint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_told_by_its_form() {
        let place = |text| Target::parse(text).unwrap().place;
        assert_eq!(place("com.foo.example"), Place::Anywhere);
        assert_eq!(place("com.foo.example@/com/foo/svc"), Place::Service("/com/foo/svc".into()));
        assert_eq!(place("com.foo.example@tcp://127.0.0.1:1"), Place::Address("tcp://127.0.0.1:1".into()));
        assert_eq!(place("com.foo.example@host:2013"), Place::Address("host:2013".into()));
        assert!(Target::parse("/com/foo/svc").unwrap_err().to_string().contains("INTERFACE@/com/foo/svc"));
        assert!(Target::parse("com.foo@").is_err());
    }
}
