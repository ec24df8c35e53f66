//! Interfaces and methods by name, and how a received call becomes a job.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::placement::Placement;
use crate::Json;
use crate::error::{Error, Result};
use crate::hook::Hook;
use crate::interface::{INTROSPECTION_METHODS, Offer, Offered};
use crate::names::escaped;
use crate::protocol::{self, ReceivedCall};
use crate::request::{PeerId, Request};
use crate::session::{SessionLimits, Sessions};

/// What is run when a method is called.
#[derive(Clone)]
pub(crate) enum Action {
    /// The method at this place of the interface's own table.
    Method(Arc<dyn Offered>, usize),
    /// The description of the interface, written once.
    Describe(Json),
}

#[derive(Clone)]
struct Method {
    name: Arc<str>,
    action: Action,
    hooks: Option<Arc<[Hook]>>,
    placement: Arc<Placement>,
    ends: Ends,
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
    methods: HashMap<Arc<str>, Method>,
}

/// Everything a service offers.
pub(crate) struct Table {
    interfaces: HashMap<Arc<str>, Served>,
    sessions: Mutex<Sessions>,
}

/// A call that is ready to run.
pub(crate) struct Job {
    pub(crate) action: Action,
    pub(crate) hooks: Option<Arc<[Hook]>>,
    pub(crate) request: Request,
    pub(crate) placement: Arc<Placement>,
    pub(crate) ends: Ends,
}

impl Table {
    /// # Errors
    ///
    /// Where two offers have the same name, or there is none.
    pub(crate) fn new(offers: &[Offer], hooks: &[Hook], sessions: SessionLimits) -> Result<Self> {
        let mut interfaces = HashMap::new();
        for offer in offers {
            let served = Served::new(offer, hooks)?;
            let name = served.name.clone();
            if interfaces.insert(name.clone(), served).is_some() {
                let reason = format!("interface {name} is offered twice; leave one of them out, or rename it");
                return Err(Error::configuration(reason));
            }
        }
        if interfaces.is_empty() {
            return Err(Error::configuration("the service offers no interface; give it at least one"));
        }
        Ok(Self { interfaces, sessions: Mutex::new(Sessions::new(sessions)) })
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
        request.extensions = call.extensions;
        request.attachment = call.attachment;
        request.peer = Some(peer.clone());
        if interface.stateful && matches!(method.action, Action::Method(..)) {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            request.session = Some(match call.session_id {
                None => sessions.start(now),
                Some(id) => sessions.find(id, now)?,
            });
        }
        let Method { action, hooks, placement, ends, .. } = method.clone();
        Ok(Job { action, hooks, request, placement, ends })
    }
}

impl Served {
    fn new(offer: &Offer, outer: &[Hook]) -> Result<Self> {
        let description = offer.description();
        let described = Json::from_value(description)?;
        let inner = offer.0.hooks();
        let mut methods = HashMap::new();
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
            methods.insert(name.clone(), Method { name, action, hooks, placement: Arc::default(), ends });
        }
        Ok(Self { name: description.name.as_str().into(), stateful: description.is_stateful(), methods })
    }

    /// The names of the methods, for whoever asked for another.
    fn known(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.methods.keys().map(|name| &**name).collect();
        names.retain(|name| !INTROSPECTION_METHODS.contains(name));
        names.sort_unstable();
        names
    }
}
