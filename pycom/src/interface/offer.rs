//! An interface without its type, as the server keeps it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Description, InterfaceInfo};
use crate::hook::Hooks;
use crate::reply::Reply;
use crate::request::Request;

/// A call that is running.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// How one method of a service of type `S` is run.
///
/// In the table that `#[interface]` writes there is one per method, in the order of
/// [`InterfaceInfo::methods`].
pub enum Handler<S> {
    /// An `async fn`: runs on the runtime, and must not block its thread.
    Async(fn(Arc<S>, Request) -> HandlerFuture),
    /// A plain `fn`: runs on a thread of its own, and may block it.
    Blocking(fn(Arc<S>, Request) -> Reply),
}

impl<S> Clone for Handler<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Handler<S> {}

impl<S> std::fmt::Debug for Handler<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Handler::Async(_) => "Handler::Async",
            Handler::Blocking(_) => "Handler::Blocking",
        })
    }
}

/// An interface that a type offers; written by `#[interface]`.
///
/// `Tag` tells several interfaces of one type apart: it is the stub's type, e.g. `QueryClient`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` offers no interface",
    label = "this is not a service",
    note = "put #[pycom::interface(\"com.foo.example\")] on an impl block of `{Self}`"
)]
pub trait Interface<Tag = ()>: Send + Sync + Sized + 'static {
    /// What it is.
    const INFO: &'static InterfaceInfo;
    /// How its methods are run, in the order of `INFO.methods`.
    const HANDLERS: &'static [Handler<Self>];
    /// What wraps its calls.
    fn hooks(service: &Arc<Self>) -> Hooks {
        let _ = service;
        Hooks::none()
    }
}

/// How a call is to be run.
pub enum Run {
    /// On the runtime.
    Async(HandlerFuture),
    /// On a thread of its own.
    Blocking(Box<dyn FnOnce() -> Reply + Send>),
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Run::Async(_) => "Run::Async",
            Run::Blocking(_) => "Run::Blocking",
        })
    }
}

/// What the server needs of an interface, whatever made it.
pub trait Offered: Send + Sync {
    /// What it is.
    fn description(&self) -> &Description;
    /// The place of a method in the table.
    fn find(&self, method: &str) -> Option<usize>;
    /// Whether a method runs on a thread of its own, where nothing can stop it.
    fn is_blocking(&self, place: usize) -> bool {
        let _ = place;
        false
    }
    /// Runs a method.
    fn run(&self, place: usize, request: Request) -> Run;
    /// What wraps its calls.
    fn hooks(&self) -> Hooks;
}

/// An interface with the service behind it, ready to be served.
#[derive(Clone)]
pub struct Offer(pub(crate) Arc<dyn Offered>);

impl Offer {
    /// What it is.
    pub fn description(&self) -> &Description {
        self.0.description()
    }
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({})", self.description().name)
    }
}

struct Typed<S: 'static> {
    service: Arc<S>,
    description: Description,
    handlers: &'static [Handler<S>],
    places: HashMap<&'static str, usize>,
    hooks: Hooks,
}

impl<S: Send + Sync + 'static> Offered for Typed<S> {
    fn description(&self) -> &Description {
        &self.description
    }

    fn find(&self, method: &str) -> Option<usize> {
        self.places.get(method).copied()
    }

    fn is_blocking(&self, place: usize) -> bool {
        matches!(self.handlers[place], Handler::Blocking(_))
    }

    fn run(&self, place: usize, request: Request) -> Run {
        let service = self.service.clone();
        match self.handlers[place] {
            Handler::Async(run) => Run::Async(run(service, request)),
            Handler::Blocking(run) => Run::Blocking(Box::new(move || run(service, request))),
        }
    }

    fn hooks(&self) -> Hooks {
        self.hooks.clone()
    }
}

/// Makes an [`Offer`] of one interface of a service: needed only where a type has several, to say
/// which (`offer::<SecondClient, _>(service)`), or where a list of offers is put together.
pub fn offer<Tag, S: Interface<Tag>>(service: impl Into<Arc<S>>) -> Offer {
    let service = service.into();
    Offer(Arc::new(Typed {
        hooks: S::hooks(&service),
        description: Description::from_info(S::INFO),
        handlers: S::HANDLERS,
        places: S::INFO.methods.iter().enumerate().map(|(place, method)| (method.name, place)).collect(),
        service,
    }))
}
