//! Helpers for tests of services and of what calls them: no sockets, no ports, no nameserver.
//!
//! ```
//! # use pycom::{interface, Result};
//! # struct Query;
//! # #[interface("com.foo.example")]
//! # impl Query {
//! #     #[method]
//! #     async fn double(&self, n: u32) -> u32 { 2 * n }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let service = pycom::testing::serve(Query).await?;
//! assert_eq!(service.client::<QueryClient>().double(21).await?, 42);
//! # Ok(())
//! # }
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, Component, Context};
use crate::error::{Error, Result};
use crate::interface::Offer;
use crate::made::{InterfaceBuilder, MethodBuilder};
use crate::server::{IntoOffers, Running, Server, Stopped};
use crate::transport::{MemoryNetwork, TransportOptions};
use crate::{Json, Request};

const ADDRESS: &str = "inproc://service";

/// A service that runs in memory, reached only from here: everything is as over a socket, but the
/// socket.
#[derive(Debug)]
pub struct InMemory {
    pub(crate) running: Running,
    context: Context,
}

/// Runs a service in memory.
///
/// # Errors
///
/// Where it offers nothing, or one interface twice.
pub async fn serve<M>(service: impl IntoOffers<M>) -> Result<InMemory> {
    serve_with(Server::new().offer(service)).await
}

/// Runs a server in memory: with limits, hooks, sessions as it has them.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_with(server: Server) -> Result<InMemory> {
    let network = MemoryNetwork::new();
    let options = || TransportOptions { memory: network.clone(), ..TransportOptions::default() };
    let running = server.transport(options()).bind(ADDRESS).await?;
    Ok(InMemory { running, context: Context::builder().transport(options()).build() })
}

impl InMemory {
    /// The component of one of its interfaces.
    ///
    /// # Panics
    ///
    /// Where `interface` is empty or longer than 255 bytes.
    pub fn component(&self, interface: &str) -> Component {
        match self.context.connect(ADDRESS, interface) {
            Ok(component) => component,
            Err(error) => panic!("{error}"),
        }
    }

    /// A stub for it.
    pub fn client<C: Client>(&self) -> C {
        C::from_component(self.component(C::DESCRIPTION.name))
    }

    /// Finishes the calls in hand and ends it; see [`Running::stop`].
    pub async fn stop(self) -> Stopped {
        self.running.stop().await
    }
}

/// A call that a [`Fake`] has got.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// Remote name of the method.
    pub method: String,
    /// The arguments.
    pub args: Json,
}

impl Recorded {
    /// The arguments, read as a `T`.
    ///
    /// # Errors
    ///
    /// Where they are none.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(self.args.parse()?)
    }
}

/// A component that answers as it is told and remembers what it was asked: for tests of code that
/// calls others.
///
/// ```
/// # use serde_json::json;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pycom::Result<()> {
/// let fake = pycom::testing::Fake::new("com.foo.example").answer("create", json!({"field1": 42}));
/// let (component, calls) = fake.start().await?;
/// component.invoke("create", 42).await?;
/// assert_eq!(calls.all()[0].method, "create");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Fake {
    interface: InterfaceBuilder,
    calls: Calls,
}

impl Fake {
    /// One without methods yet.
    pub fn new(interface: &str) -> Self {
        Self { interface: InterfaceBuilder::new(interface), calls: Calls::default() }
    }

    /// Adds a method that answers with `value`, each time.
    ///
    /// # Panics
    ///
    /// Where `value` cannot be written as JSON.
    #[must_use]
    pub fn answer<T: Serialize>(self, method: &str, value: T) -> Self {
        let value = match Json::from_value(&value) {
            Ok(value) => value,
            Err(error) => panic!("the answer of {method} cannot be written as JSON: {error}"),
        };
        self.answer_with(method, move |_| Ok(value.clone()))
    }

    /// Adds a method that fails with `error`, each time.
    #[must_use]
    pub fn fail(self, method: &str, error: Error) -> Self {
        self.answer_with(method, move |_| Err(error.clone()))
    }

    /// Adds a method that answers with what `answer` makes of the call.
    #[must_use]
    pub fn answer_with<F>(mut self, method: &str, answer: F) -> Self
    where
        F: Fn(Request) -> Result<Json> + Send + Sync + 'static,
    {
        let calls = self.calls.clone();
        let body = move |request: Request| {
            calls.push(Recorded { method: request.method().to_owned(), args: request.args_json().clone() });
            let outcome = answer(request);
            async move { outcome }
        };
        self.interface = self.interface.method(MethodBuilder::new(method, body));
        self
    }

    /// Begins to answer: the component to give to the code under test, and its calls.
    ///
    /// # Errors
    ///
    /// Where a name is wrong or there twice.
    pub async fn start(self) -> Result<(Component, Calls)> {
        let offer: Offer = self.interface.build()?;
        let name = offer.description().name.clone();
        let service = serve(offer).await?;
        let component = service.component(&name);
        let calls = self.calls.clone();
        *calls.0.service.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
        Ok((component, calls))
    }
}

/// What a [`Fake`] was asked, in order. The fake answers as long as this is held.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<CallsInner>);

#[derive(Debug, Default)]
struct CallsInner {
    calls: Mutex<Vec<Recorded>>,
    service: Mutex<Option<InMemory>>,
}

impl Calls {
    fn push(&self, call: Recorded) {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    /// All calls so far.
    pub fn all(&self) -> Vec<Recorded> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls of one method so far.
    pub fn of(&self, method: &str) -> Vec<Recorded> {
        self.all().into_iter().filter(|call| call.method == method).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_fake_answers_as_told_and_remembers() -> Result<()> {
        let fake = Fake::new("com.foo.example").answer("create", 1).fail("deny", Error::access_denied("no"));
        let (component, calls) = fake.start().await?;
        assert_eq!(component.invoke("create", json!({"a": 5})).await?, 1);
        assert_eq!(component.invoke("deny", ()).await.unwrap_err().code(), Some(5));
        assert_eq!(calls.all().len(), 2);
        assert_eq!(calls.of("create")[0].args::<serde_json::Value>()?, json!({"a": 5}));
        Ok(())
    }

    #[tokio::test]
    async fn two_services_in_memory_do_not_meet() -> Result<()> {
        let offer = |name: &str| InterfaceBuilder::new(name).build();
        let (a, b) = (serve(offer("com.foo.a")?).await?, serve(offer("com.foo.b")?).await?);
        assert!(a.component("com.foo.a").introspect().await.is_ok());
        assert!(matches!(b.component("com.foo.a").introspect().await, Err(Error::BadRequest(_))));
        Ok(())
    }
}
