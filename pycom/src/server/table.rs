//! Interfaces and methods by name, and how a received call becomes a job.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::placement::Placement;
use super::statistics::Counters;
use super::{Cut, MethodLimit};
use crate::Json;
use crate::error::{Error, Result};
use crate::fast_map::FastMap;
use crate::hook::Hook;
use crate::interface::{INTROSPECTION_METHODS, Offer, Offered};
use crate::names::escaped;
use crate::protocol::{self, ReceivedCall};
use crate::request::{PeerId, Request};
use crate::session::{SessionLimits, Sessions};
use crate::stat::{self, MethodStatistics};

/// What is run when a method is called.
#[derive(Clone)]
pub(crate) enum Action {
    /// The method at this place of the interface's own table.
    Method(Arc<dyn Offered>, usize),
    /// The description of the interface, written once.
    Describe(Json),
}

/// A method as it is served.
pub(crate) struct Method {
    pub(crate) interface: Arc<str>,
    pub(crate) name: Arc<str>,
    /// Its place among all that are counted.
    pub(crate) number: usize,
    pub(crate) action: Action,
    pub(crate) hooks: Option<Arc<[Hook]>>,
    pub(crate) placement: Placement,
    pub(crate) ends: Ends,
    /// What an attachment without a name is called.
    pub(crate) first_attachment: Option<Arc<str>>,
    /// It begins while its attachments are still arriving.
    pub(crate) streaming: bool,
}

/// What may end a call before its method does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Its caller, and its deadline.
    AtAnyTime,
    /// Nothing once it runs: a plain `fn` cannot be stopped.
    UntilItRuns,
    /// Nothing: the method says so.
    Never,
}

struct Served {
    name: Arc<str>,
    stateful: bool,
    methods: FastMap<Arc<str>, Arc<Method>>,
}

/// A method and what is counted of it.
pub(crate) struct Counted {
    pub(crate) interface: Arc<str>,
    pub(crate) method: Arc<str>,
    pub(crate) counters: Counters,
    /// What the method itself says.
    limit: Option<MethodLimit>,
}

/// Everything a service offers.
pub(crate) struct Table {
    interfaces: FastMap<Arc<str>, Served>,
    counted: Vec<Counted>,
    sessions: Mutex<Sessions>,
}

/// A call that is ready to run.
pub(crate) struct Job {
    pub(crate) method: Arc<Method>,
    pub(crate) request: Request,
}

impl Table {
    /// The table of what a service was given, and of what it offers beside that.
    ///
    /// # Errors
    ///
    /// Where two offers have the same name, or none was given.
    pub(crate) fn new(given: &[Offer], own: Option<&Offer>, hooks: &[Hook], sessions: SessionLimits) -> Result<Self> {
        if given.is_empty() {
            return Err(Error::configuration("the service offers no interface; give it at least one"));
        }
        let mut interfaces = FastMap::default();
        let mut counted = Vec::new();
        for offer in given.iter().chain(own) {
            let served = Served::new(offer, hooks, &mut counted)?;
            let name = served.name.clone();
            if interfaces.insert(name.clone(), served).is_some() {
                let reason = match &*name {
                    stat::INTERFACE => format!(
                        "every service offers {name} by itself; rename yours, or leave out the other with Server::statistics(false)"
                    ),
                    _ => format!("interface {name} is offered twice; leave one of them out, or rename it"),
                };
                return Err(Error::configuration(reason));
            }
        }
        Ok(Self { interfaces, counted, sessions: Mutex::new(Sessions::new(sessions)) })
    }

    /// What is counted of the method with this number.
    pub(crate) fn counted(&self, number: usize) -> &Counted {
        &self.counted[number]
    }

    /// What has been counted of all methods; of those that describe, only where they were called.
    pub(crate) fn statistics(&self) -> Vec<MethodStatistics> {
        let shown = |counted: &&Counted| {
            !INTROSPECTION_METHODS.contains(&&*counted.method) || counted.counters.bytes_in.get() > 0
        };
        let read = |Counted { interface, method, counters, .. }: &Counted| counters.read(interface, method);
        self.counted.iter().filter(shown).map(read).collect()
    }

    /// The limits of methods, by their numbers: what they say themselves, and what is said here instead.
    ///
    /// # Errors
    ///
    /// Where there is no such method, or none of its calls could run.
    pub(crate) fn method_limits(&self, said: &[(String, String, MethodLimit)]) -> Result<Vec<(usize, MethodLimit)>> {
        let own = self.counted.iter().map(|counted| counted.limit).enumerate();
        let mut limits: BTreeMap<usize, MethodLimit> =
            own.filter_map(|(number, limit)| Some((number, limit?))).collect();
        for (interface, method, limit) in said {
            let name = || escaped(&format!("{interface}.{method}"));
            let Some(served) = self.interfaces.get(interface.as_str()) else {
                let reason = format!("a limit was given for {}, but the service offers no such interface", name());
                return Err(Error::configuration(reason));
            };
            let Some(found) = served.methods.get(method.as_str()) else {
                let known = served.known().join(", ");
                let reason =
                    format!("a limit was given for {}, but there is no such method; there are: {known}", name());
                return Err(Error::configuration(reason));
            };
            if limit.calls == 0 {
                let reason = format!("the limit of {} is 0, so no call could ever run; give at least 1", name());
                return Err(Error::configuration(reason));
            }
            limits.insert(found.number, *limit);
        }
        Ok(limits.into_iter().collect())
    }

    /// The methods of which calls run or wait now: the name, how many run, how many wait.
    pub(crate) fn busy(&self) -> Vec<Cut> {
        let all = self.counted.iter().map(|Counted { interface, method, counters, .. }| Cut {
            interface: interface.to_string(),
            method: method.to_string(),
            running: counters.in_flight.get(),
            waiting: counters.queued.get(),
        });
        all.filter(|cut| cut.running + cut.waiting > 0).collect()
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Finds the method that is called, its session and its deadline.
    ///
    /// # Errors
    ///
    /// Codes 2, 4 and 6, in the original's words (protocol.md, "Codes").
    pub(crate) fn resolve(&self, call: ReceivedCall<'_>, peer: &PeerId, now: Instant) -> Result<Job> {
        let Some(interface) = self.interfaces.get(call.interface) else {
            return Err(Error::bad_request(format!("Unsupported interface: {}", escaped(call.interface))));
        };
        let Some(method) = interface.methods.get(call.method) else {
            return Err(Error::method_not_found(call.interface, call.method).with_known(interface.known()));
        };
        let mut request = Request::new(interface.name.clone(), method.name.clone(), call.args);
        request.deadline = protocol::deadline(call.said, now);
        request.strict = call.said.strict;
        request.trace = call.said.trace;
        request.extensions = call.extensions;
        if let Some(attachment) = call.attachment {
            let name = method.first_attachment.as_ref().map_or(Cow::Borrowed(""), |name| Cow::Owned(name.to_string()));
            request.attachments.set(name, attachment, true);
        }
        request.takes_streams = call.said.takes_streams;
        request.peer = Some(peer.clone());
        if interface.stateful && matches!(method.action, Action::Method(..)) {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            request.session = Some(match call.session_id {
                None => sessions.start(now),
                Some(id) => sessions.find(id, now)?,
            });
        }
        Ok(Job { method: method.clone(), request })
    }
}

impl Served {
    fn new(offer: &Offer, outer: &[Hook], counted: &mut Vec<Counted>) -> Result<Self> {
        let description = offer.description();
        let described = Json::from_value(description)?;
        let inner = offer.0.hooks();
        let interface: Arc<str> = description.name.as_str().into();
        let mut methods = FastMap::default();
        for (name, method) in &description.methods {
            let place = offer.0.find(name);
            let action = match place {
                Some(place) => Action::Method(offer.0.clone(), place),
                None => Action::Describe(described.clone()),
            };
            let name: Arc<str> = name.as_str().into();
            let hooks = inner.around(outer, &name);
            let ends = match method.uncancellable {
                true => Ends::Never,
                // Also where hooks that could be stopped are around it.
                false if place.is_some_and(|place| offer.0.is_blocking(place)) => Ends::UntilItRuns,
                false => Ends::AtAnyTime,
            };
            let number = counted.len();
            let counters = Counters::default();
            let limit = (method.limit.is_some() || method.queue.is_some()).then(|| {
                let MethodLimit { calls, queue } = MethodLimit::default();
                MethodLimit { calls: method.limit.unwrap_or(calls), queue: method.queue.unwrap_or(queue) }
            });
            counted.push(Counted { interface: interface.clone(), method: name.clone(), counters, limit });
            let method = Method {
                interface: interface.clone(),
                name: name.clone(),
                number,
                action,
                hooks,
                placement: Placement::default(),
                ends,
                first_attachment: method.attachments.incoming.as_deref().map(Into::into),
                streaming: method.streaming,
            };
            methods.insert(name, Arc::new(method));
        }
        Ok(Self { name: interface, stateful: description.is_stateful(), methods })
    }

    /// The names of the methods, for whoever asked for another.
    fn known(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.methods.keys().map(|name| &**name).collect();
        names.retain(|name| !INTROSPECTION_METHODS.contains(name));
        names.sort_unstable();
        names
    }
}
