//! Interfaces made at run time, from a name and closures.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Json;
use crate::error::{Error, Result};
use crate::hook::{Hook, Hooks};
use crate::interface::{
    Description, ErrorDescription, HandlerFuture, INTROSPECTION_METHODS, MethodDescription, MethodError, MethodValue,
    Offer, Offered, ReplyBuilder, Run,
};
use crate::names::{InterfaceName, MethodName};
use crate::reply::Reply;
use crate::request::Request;

type Body = Arc<dyn Fn(Request) -> HandlerFuture + Send + Sync>;

/// A method made at run time: a remote name, an async closure, and what introspection says of it.
///
/// ```
/// use pycom::{MethodBuilder, Request};
/// use serde_json::json;
///
/// let method = MethodBuilder::new("double", |request: Request| async move {
///     let n: u64 = request.argument("n")?;
///     Ok::<_, pycom::Error>(2 * n)
/// })
/// .docstring("Doubles a number.")
/// .required("n", json!({ "type": "integer" }));
/// # let _ = method;
/// ```
#[must_use = "a method does nothing until it is added to an interface"]
pub struct MethodBuilder {
    name: String,
    body: Body,
    description: MethodDescription,
    properties: Map<String, Value>,
    hooks: Vec<Hook>,
}

impl std::fmt::Debug for MethodBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MethodBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl MethodBuilder {
    /// A method with this remote name that runs `body`.
    pub fn new<F, R, T, E>(name: impl Into<String>, body: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        T: MethodValue,
        E: MethodError,
    {
        let body: Body = Arc::new(move |request| {
            let site = (request.interface.clone(), request.method.clone());
            let outcome = body(request);
            Box::pin(async move {
                match outcome.await {
                    Ok(value) => ReplyBuilder::new().value(value).end(&site.0, &site.1),
                    Err(error) => Reply::failed(error.into_error()),
                }
            })
        });
        let errors = E::declared().iter().map(ErrorDescription::from).collect();
        let description = MethodDescription { errors, ..MethodDescription::default() };
        Self { name: name.into(), body, description, properties: Map::new(), hooks: Vec::new() }
    }

    /// What it does.
    pub fn docstring(mut self, text: impl Into<String>) -> Self {
        self.description.docstring = Some(text.into());
        self
    }

    /// Declares an argument without which a call is refused; `schema` is a JSON Schema, or `null`.
    pub fn required(mut self, name: impl Into<String>, schema: Value) -> Self {
        let name = name.into();
        self.description.required_arguments.push(name.clone());
        self.property(name, schema);
        self
    }

    /// Declares an argument that a call may leave out; `schema` is a JSON Schema, or `null`.
    pub fn optional(mut self, name: impl Into<String>, schema: Value) -> Self {
        let name = name.into();
        self.description.optional_arguments.push(name.clone());
        self.property(name, schema);
        self
    }

    fn property(&mut self, name: String, schema: Value) {
        if !schema.is_null() {
            self.properties.insert(name, schema);
        }
    }

    /// Names its results: `body` then gives a tuple, or an array, of as many values; for one name
    /// any value.
    pub fn results<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.description.results = names.into_iter().map(Into::into).collect();
        self
    }

    /// The JSON Schema of what it gives.
    pub fn result_schema(mut self, schema: Value) -> Self {
        self.description.result_schema = Some(schema);
        self
    }

    /// Says which argument is an attachment of the request; several may be.
    pub fn incoming(mut self, name: impl Into<String>) -> Self {
        self.description.attachments.add_incoming(name.into());
        self
    }

    /// Says which result is an attachment of the reply: `body` gives it with a
    /// [`Response`](crate::Response), beside the other results. Several may be.
    pub fn outgoing(mut self, name: impl Into<String>) -> Self {
        self.description.attachments.add_outgoing(name.into());
        self
    }

    /// Lets it begin while its attachments are still arriving. What it reads of them fails at the end
    /// where what came is not what was sent.
    pub fn streaming(mut self) -> Self {
        self.description.streaming = true;
        self
    }

    /// Says that running it twice does what running it once does.
    pub fn idempotent(mut self) -> Self {
        self.description.idempotent = true;
        self
    }

    /// Says that a call of it runs to its end, also where its caller has given it up or the
    /// caller's time is over.
    pub fn uncancellable(mut self) -> Self {
        self.description.uncancellable = true;
        self
    }

    /// Bounds how many calls of it run at once; further ones wait.
    pub fn limit(mut self, calls: usize) -> Self {
        self.description.limit = Some(calls.max(1));
        self
    }

    /// Bounds how many calls of it wait, over the limit; further ones are refused as overloaded.
    pub fn queue(mut self, calls: usize) -> Self {
        self.description.queue = Some(calls);
        self
    }

    /// Adds a hook around it, inside those added before.
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    fn finish(mut self) -> (String, Method) {
        if !self.properties.is_empty() {
            let required = &self.description.required_arguments;
            self.description.arguments_schema =
                Some(serde_json::json!({ "type": "object", "properties": self.properties, "required": required }));
        }
        (self.name, Method { body: self.body, description: Arc::new(self.description), hooks: self.hooks })
    }
}

struct Method {
    body: Body,
    description: Arc<MethodDescription>,
    hooks: Vec<Hook>,
}

/// An interface made at run time: it is served, called and introspected like one of
/// `#[interface]`.
///
/// ```
/// use pycom::{InterfaceBuilder, MethodBuilder, Request, Result, Server};
///
/// # fn main() -> Result<()> {
/// let echo = MethodBuilder::new("echo", |request: Request| async move { Ok::<_, pycom::Error>(request.args_json().clone()) });
/// let offer = InterfaceBuilder::new("com.foo.example").docstring("Made at run time.").method(echo).build()?;
/// let server = Server::new().offer(offer);
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "an interface does nothing until it is built and offered"]
pub struct InterfaceBuilder {
    description: Description,
    methods: Vec<MethodBuilder>,
    hooks: Vec<Hook>,
}

impl InterfaceBuilder {
    /// An interface with this dotted name and no methods yet.
    pub fn new(name: impl Into<String>) -> Self {
        let description = Description { name: name.into(), stateful: Some(false), ..Description::default() };
        Self { description, ..Self::default() }
    }

    /// What it is for.
    pub fn docstring(mut self, text: impl Into<String>) -> Self {
        self.description.docstring = Some(text.into());
        self
    }

    /// Makes it keep sessions.
    pub fn stateful(mut self) -> Self {
        self.description.stateful = Some(true);
        self
    }

    /// Adds a value to the `data` of its introspection.
    pub fn data(mut self, name: impl Into<String>, value: Value) -> Self {
        self.description.data.insert(name.into(), value);
        self
    }

    /// Adds a method.
    pub fn method(mut self, method: MethodBuilder) -> Self {
        self.methods.push(method);
        self
    }

    /// Adds a hook around all its methods, inside those added before.
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// The interface, ready to be served.
    ///
    /// # Errors
    ///
    /// Where its name is not dotted, a method's name is reserved or there twice.
    pub fn build(self) -> Result<Offer> {
        let Self { mut description, methods, hooks } = self;
        let name = InterfaceName::new(&description.name)?;
        if name.as_str().split('.').count() < 2 || name.as_str().split('.').any(str::is_empty) {
            let reason = format!(
                "interface name {} is not dotted; write it like com.foo.example",
                crate::names::shown(name.as_str())
            );
            return Err(Error::configuration(reason));
        }
        let mut places = HashMap::new();
        let mut table = Vec::new();
        for method in methods {
            let (method_name, method) = method.finish();
            MethodName::new(&method_name)?;
            if INTROSPECTION_METHODS.contains(&method_name.as_str()) {
                return Err(Error::configuration(format!(
                    "method name '{method_name}' of {name} is reserved; choose another"
                )));
            }
            description.methods.insert(method_name.clone(), (*method.description).clone());
            if places.insert(method_name.clone(), table.len()).is_some() {
                return Err(Error::configuration(format!(
                    "method '{method_name}' of {name} is there twice; rename one of them"
                )));
            }
            table.push(method);
        }
        description.add_introspection();
        let named = |method: &(&String, &usize)| (method.0.clone(), table[*method.1].hooks.clone());
        let method_hooks: BTreeMap<String, Vec<Hook>> = places.iter().map(|entry| named(&entry)).collect();
        let mut all = hooks.into_iter().fold(Hooks::none(), Hooks::interface);
        for (method, hooks) in method_hooks {
            all = hooks.into_iter().fold(all, |all, hook| all.method(method.clone(), hook));
        }
        Ok(Offer(Arc::new(Made { description, places, table, hooks: all })))
    }
}

struct Made {
    description: Description,
    places: HashMap<String, usize>,
    table: Vec<Method>,
    hooks: Hooks,
}

impl Offered for Made {
    fn description(&self) -> &Description {
        &self.description
    }

    fn find(&self, method: &str) -> Option<usize> {
        self.places.get(method).copied()
    }

    fn run(&self, place: usize, request: Request) -> Run {
        let Method { body, description, .. } = &self.table[place];
        let (body, description) = (body.clone(), description.clone());
        Run::Async(Box::pin(async move {
            if let Err(error) = check(&request, &description) {
                return Reply::failed(error);
            }
            let site = (request.interface.clone(), request.method.clone());
            let reply = body(request).await;
            if description.results.is_empty() || reply.error().is_some() {
                reply
            } else {
                named(reply, &site, &description)
            }
        }))
    }

    fn hooks(&self) -> Hooks {
        self.hooks.clone()
    }
}

/// Refuses a call whose arguments are not as declared, in the words that generated methods use.
fn check(request: &Request, method: &MethodDescription) -> Result<()> {
    let names: Vec<&str> =
        method.required_arguments.iter().chain(&method.optional_arguments).map(String::as_str).collect();
    if names.is_empty() {
        return Ok(());
    }
    let given = arguments(request)?;
    let missing = method.required_arguments.iter().find(|&name| match method.attachments.is_incoming(name) {
        true => request.attachments.get(name).is_none(),
        false => !given.contains_key(name),
    });
    let site = (&*request.interface, &*request.method);
    if let Some(name) = missing {
        return Err(Error::bad_request(format!("Argument '{name}' is required for {}.{}", site.0, site.1)));
    }
    match given.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) if request.is_strict() => {
            Err(crate::interface::unknown_argument(site.0, site.1, unknown, &names))
        }
        _ => Ok(()),
    }
}

fn arguments(request: &Request) -> Result<BTreeMap<String, Box<RawValue>>> {
    let text = request.args.as_str();
    if text == "null" {
        return Ok(BTreeMap::new());
    }
    if !text.starts_with('{') {
        let (interface, method) = (&request.interface, &request.method);
        return Err(Error::bad_request(format!("Expected dictionary as argument for {interface}.{method}")));
    }
    request.args()
}

/// The reply with the parts of its result under their names.
fn named(reply: Reply, (interface, method): &(Arc<str>, Arc<str>), description: &MethodDescription) -> Reply {
    let is_value = |name: &&str| !description.attachments.is_outgoing(name);
    let names: Vec<&str> = description.results.iter().map(String::as_str).filter(is_value).collect();
    let Some(json) = reply.json() else { return reply };
    let parts: Option<Vec<Json>> = match names.as_slice() {
        [_] => Some(vec![json]),
        _ => json.parse::<Vec<Box<RawValue>>>().ok().map(|parts| parts.iter().map(|raw| Json::from_raw(raw)).collect()),
    };
    match parts {
        Some(parts) if parts.len() == names.len() => {
            let mut named = Reply::result(Json::object(names.into_iter().zip(&parts)));
            named.attachments = reply.attachments;
            named.extensions = reply.extensions;
            named
        }
        _ => Reply::failed(Error::internal(format!("{interface}.{method} is to give {} results", names.len()))),
    }
}

impl Request {
    /// One named argument, read as a `T`; what is absent is read as `null`.
    ///
    /// # Errors
    ///
    /// Code 4, naming the argument, the interface, the method and what was expected where.
    pub fn argument<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        let arguments = arguments(self)?;
        let text = arguments.get(name).map_or("null", |raw| raw.get());
        serde_json::from_str(text).map_err(|error| {
            let (interface, method) = (&self.interface, &self.method);
            if !arguments.contains_key(name) {
                return Error::bad_request(format!("Argument '{name}' is required for {interface}.{method}"));
            }
            let what = crate::interface::explain(text, &error);
            Error::bad_request(format!("Invalid argument '{name}' for {interface}.{method}: {what}"))
        })
    }
}
