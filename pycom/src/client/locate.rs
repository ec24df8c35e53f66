//! What clients ask nameservers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::component::{Answer, Component};
use super::context::Context;
use crate::error::Error;
use crate::names::{InterfaceName, ServiceName};
use crate::transport::Address;

/// Name of the nameserver's interface, the same as the originals'.
pub const NAMESERVER_INTERFACE: &str = "org.pycom.nameserver";

/// How long a nameserver that did not answer is asked last.
const ASKED_LAST: Duration = Duration::from_secs(10);

/// The longest that a call of `watch` waits for a change.
const WATCH: Duration = Duration::from_secs(20);

/// How long the answer to such a call may take beyond that.
const WATCH_MARGIN: Duration = Duration::from_secs(5);

/// What the nameserver says of one service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Located {
    pub(crate) address: Address,
    pub(crate) service: ServiceName,
    /// Which run of it; from ours only.
    pub(crate) instance: Option<String>,
}

/// The same as it came.
#[derive(Deserialize)]
struct Told {
    address: String,
    service: String,
    #[serde(default)]
    instance: Option<String>,
}

impl Told {
    /// A registered address is where clients connect: nothing else than a place.
    fn read(self) -> Result<Located, Error> {
        let address: Address = self.address.parse()?;
        address.check_connectable()?;
        Ok(Located { address, service: ServiceName::new(self.service)?, instance: self.instance })
    }
}

#[derive(Serialize)]
struct LocateArgs<'a> {
    interface: &'a InterfaceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a ServiceName>,
    as_list: bool,
}

#[derive(Serialize)]
struct WatchArgs<'a> {
    interface: &'a InterfaceName,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    wait: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Told>),
    One(Told),
}

/// The nameservers of a context: in the order given, those that did not answer lately last.
#[derive(Debug, Default)]
pub(super) struct Nameservers {
    addresses: Vec<Address>,
    start: Option<Instant>,
    /// When each failed last, in milliseconds since `start`, plus one.
    failed: Vec<AtomicU64>,
}

impl Nameservers {
    pub(super) fn new(addresses: Vec<Address>) -> Self {
        let failed = addresses.iter().map(|_| AtomicU64::new(0)).collect();
        Self { addresses, start: Some(Instant::now()), failed }
    }

    pub(super) fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    fn age(&self, now: Instant) -> u64 {
        let age = self.start.map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
        u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
    }

    /// In which order they are to be asked.
    fn order(&self, now: Instant) -> Vec<usize> {
        let (age, last) = (self.age(now), ASKED_LAST.as_millis());
        let failed = |place: &usize| {
            let failed = self.failed[*place].load(Ordering::Relaxed);
            failed > 0 && u128::from((age + 1).saturating_sub(failed)) < last
        };
        let (after, mut order): (Vec<_>, Vec<_>) = (0..self.addresses.len()).partition(failed);
        order.extend(after);
        order
    }

    fn failed(&self, place: usize, now: Instant) {
        self.failed[place].store(self.age(now) + 1, Ordering::Relaxed);
    }

    fn answered(&self, place: usize) {
        self.failed[place].store(0, Ordering::Relaxed);
    }
}

fn is_silence(error: &Error) -> bool {
    matches!(error, Error::ServiceNotAvailable(_) | Error::Timeout { .. } | Error::Overloaded(_))
}

/// Asks the nameservers for everyone who offers `interface`, or for the service `wanted`: the first
/// that answers and knows any.
///
/// Each has its share of the time until `deadline`, so that one that is silent leaves some for the others.
pub(super) async fn ask(
    context: &Context,
    interface: &InterfaceName,
    wanted: Option<&ServiceName>,
    deadline: Instant,
) -> Result<Vec<Located>, Error> {
    let all = context.nameservers()?;
    let known = context.known_nameservers();
    let order = known.order(Instant::now());
    let (mut silent, mut unknown) = (None, None);
    for (asked, place) in order.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(order.len() - asked).unwrap_or(1);
        match ask_one(&all[*place], interface, wanted, share).await {
            Ok(found) if !found.is_empty() => {
                known.answered(*place);
                return Ok(found);
            }
            Ok(_) => unknown = unknown.or(Some(not_found(interface))),
            Err(error @ Error::ServiceNotFound(_)) => unknown = unknown.or(Some(error)),
            Err(error) if is_silence(&error) => {
                known.failed(*place, Instant::now());
                silent = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    // Where one of them answers, that is the answer.
    Err(unknown.unwrap_or_else(|| nobody(context, silent)))
}

pub(super) fn not_found(interface: &InterfaceName) -> Error {
    Error::service_not_found(format!("Interface not found: {}", crate::names::escaped(interface.as_str())))
}

async fn ask_one(
    nameserver: &Component,
    interface: &InterfaceName,
    wanted: Option<&ServiceName>,
    timeout: Duration,
) -> Result<Vec<Located>, Error> {
    let args = LocateArgs { interface, service: wanted, as_list: true };
    let answer = nameserver.call("locate").args(&args).lenient().timeout(timeout).await?;
    let found = match answer.parse()? {
        OneOrMany::Many(list) => list,
        OneOrMany::One(one) if wanted.is_some() => vec![one],
        // 0.6.0 gives a random one, and lists all only by expression (protocol.md, "Nameserver").
        OneOrMany::One(one) => match list(nameserver, interface, timeout).await {
            Ok(all) if !all.is_empty() => all,
            _ => vec![one],
        },
    };
    read(found)
}

/// Everyone who offers an interface, from a nameserver of 0.6.0.
async fn list(nameserver: &Component, interface: &InterfaceName, timeout: Duration) -> Result<Vec<Told>, Error> {
    let escaped = interface.as_str().chars().flat_map(|letter| {
        let plain = letter.is_alphanumeric() || letter == '_';
        (!plain).then_some('\\').into_iter().chain([letter])
    });
    let expression: String = escaped.chain(['$']).collect();
    let args = serde_json::json!({ "interface": expression });
    nameserver.call("list_services").args(&args).lenient().timeout(timeout).await?.parse()
}

/// Those that can be used: one that cannot is not to keep clients from the others.
///
/// # Errors
///
/// Where there are some, and none can be used.
fn read(told: Vec<Told>) -> Result<Vec<Located>, Error> {
    let (mut found, mut unusable) = (Vec::with_capacity(told.len()), None);
    for told in told {
        match told.read() {
            Ok(located) => found.push(located),
            Err(error) => unusable = Some(error),
        }
    }
    match unusable {
        Some(error) if found.is_empty() => Err(error),
        Some(error) => {
            tracing::debug!(%error, "the nameserver tells of a service that cannot be used");
            Ok(found)
        }
        None => Ok(found),
    }
}

/// Where a watching client stands with the nameserver that it asked last.
#[derive(Debug)]
pub(super) struct Cursor {
    nameserver: usize,
    text: String,
}

/// What came of waiting for a change.
#[derive(Debug)]
pub(super) enum Watched {
    /// Everyone who is there, and where to go on.
    Now(Vec<Located>, Cursor),
    /// The nameserver cannot tell of changes, or not now.
    NotOffered,
    /// No nameserver answers.
    Silence,
}

#[derive(Deserialize)]
struct WatchResult {
    cursor: String,
    services: Vec<Told>,
}

/// Waits until those that offer `interface` are others than `cursor` stands for, at the first
/// nameserver that answers.
pub(super) async fn watch(context: &Context, interface: &InterfaceName, mut cursor: Option<Cursor>) -> Watched {
    let Ok(all) = context.nameservers() else { return Watched::Silence };
    let known = context.known_nameservers();
    let mut full = false;
    for place in known.order(Instant::now()) {
        let seen = cursor.take_if(|cursor| cursor.nameserver == place);
        let wait = u64::try_from(WATCH.as_millis()).unwrap_or(u64::MAX);
        let args = WatchArgs { interface, cursor: seen.as_ref().map(|cursor| cursor.text.as_str()), wait };
        // Without a cursor the answer comes at once.
        let timeout = if seen.is_some() { WATCH + WATCH_MARGIN } else { WATCH_MARGIN };
        let answer = all[place].call("watch").args(&args).lenient().timeout(timeout).await;
        let parse = |answer: Answer| answer.parse::<WatchResult>();
        match answer.and_then(parse).and_then(|result| Ok((read(result.services)?, result.cursor))) {
            Ok((found, text)) => {
                known.answered(place);
                return Watched::Now(found, Cursor { nameserver: place, text });
            }
            Err(Error::MethodNotFound(_)) => return Watched::NotOffered,
            // It answers, and has no room for one more that waits.
            Err(Error::Overloaded(_)) => full = true,
            Err(error) => {
                tracing::debug!(%interface, %error, "a nameserver does not tell of changes");
                known.failed(place, Instant::now());
            }
        }
    }
    if full { Watched::NotOffered } else { Watched::Silence }
}

/// The error where no nameserver answers: it says how to mend it.
fn nobody(context: &Context, last: Option<Error>) -> Error {
    let addresses: Vec<String> = context.nameserver_addresses().iter().map(Address::to_string).collect();
    let reason = format!(
        "no nameserver at {}; start one with pycom-nameserver, or name another with -n (PYCOM_NAMESERVER)",
        addresses.join(", ")
    );
    let failure = match last {
        Some(error) => {
            let site = error.at().cloned().unwrap_or_default();
            let mut failure = Error::failure(reason, site, error.outcome());
            failure.source = Some(Arc::new(error));
            failure
        }
        None => Error::failure(reason, Default::default(), crate::Outcome::NotRun),
    };
    Error::ServiceNotAvailable(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_be_used_does_not_keep_clients_from_the_others() {
        let told = |address: &str| Told { address: address.into(), service: "/com/foo/svc".into(), instance: None };
        let found =
            read(vec![told("tcp://127.0.0.1:0"), told("tcp://127.0.0.1:1"), told("nonsense"), told("tcp://*:1")]);
        assert_eq!(found.unwrap().len(), 1);
        assert!(read(vec![told("tcp://0.0.0.0:1")]).is_err());
        assert!(read(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn a_silent_nameserver_is_asked_last_for_a_while() {
        let addresses = ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"];
        let nameservers = Nameservers::new(addresses.iter().map(|text| text.parse().unwrap()).collect());
        let now = Instant::now();
        assert_eq!(nameservers.order(now), [0, 1, 2]);
        nameservers.failed(0, now);
        assert_eq!(nameservers.order(now), [1, 2, 0]);
        nameservers.failed(1, now);
        assert_eq!(nameservers.order(now), [2, 0, 1]);
        assert_eq!(nameservers.order(now + ASKED_LAST * 2), [0, 1, 2]);
        nameservers.answered(0);
        assert_eq!(nameservers.order(now), [0, 2, 1]);
    }
}
