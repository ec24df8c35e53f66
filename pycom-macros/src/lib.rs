//! The macros of pycom, a small compiler: `parse` turns attributes and signatures into a `model`,
//! `check` looks at it as a whole, `expand` writes code from it.
//!
//! What is written for a small interface is to be seen in `tests/ui/expansion`.

mod check;
mod crate_path;
mod error_code;
mod expand;
mod model;
mod names;
mod parse;
mod report;
#[cfg(test)]
mod snapshot;
mod tokens;
mod twice;

use proc_macro::TokenStream;

/// Makes an interface of an impl block, or of a trait: what others can call, and how.
///
/// ```
/// use pycom::{Request, Result, interface};
/// use serde_json::{Value, json};
///
/// struct Query;
///
/// /// Creates and splits things.
/// #[interface("com.foo.example")]
/// impl Query {
///     /// Creates a thing.
///     #[method("create")]
///     async fn create(&self, request: Request) -> Result<Value> {
///         Ok(json!({ "field1": request.args::<Value>()? }))
///     }
///
///     /// Splits a text in two.
///     #[method(results("head", "tail"))]
///     fn split(&self, text: String, at: Option<usize>) -> Result<(String, String)> {
///         let at = at.unwrap_or(text.len() / 2);
///         Ok((text[..at].into(), text[at..].into()))
///     }
/// }
///
/// # async fn example(context: pycom::Context) -> Result<()> {
/// // Elsewhere, the client's half, made from the same source:
/// let query = QueryClient::locate(&context).await?;
/// let (head, tail) = query.split("hello".into(), Some(2)).await?;
/// # Ok(())
/// # }
/// ```
///
/// The block stays what it was. Beside it there is what a server needs, so that
/// `pycom::launch(Query)` runs it, and the stub `QueryClient`: one async function per method, under
/// the same Rust name and with the same argument types.
///
/// # Keys
///
/// | key | means |
/// | --- | --- |
/// | `"com.foo.example"` | the interface's name: at least two parts with dots between them, each of letters, digits, `_` and `-`, starting with a letter |
/// | `stateful` | methods keep a session for each caller, and may take a `Session` |
/// | `client = "Name"` | the stub's name, `QueryClient` unless said; where a type has two interfaces, the second needs one |
/// | `client = false` | no stub; then arguments need not be `Serialize`, nor results `Deserialize` |
/// | `server = "Name"` | for a trait: the name of what serves an implementor, `QueryServer` unless said |
/// | `server = false` | only the stub |
/// | `hooks(path, …)` | async functions around every method, the first outermost; each an expression that `pycom::Hook::new` takes |
///
/// Doc comments become docstrings, here and on methods: those that callers read by introspection,
/// and those of the stub. `#[deprecated]` and `#[cfg(…)]` on methods go where the method goes.
///
/// # On a trait
///
/// A trait is a contract: it can stand in a crate that services and clients share. The stub is made
/// from the trait alone; the service implements the trait, and `QueryServer` serves it. On the wire
/// there is no difference to an impl block.
///
/// ```
/// use pycom::{Result, interface};
///
/// #[interface("com.foo.example")]
/// pub trait Query {
///     /// Measures a text.
///     #[method]
///     async fn length(&self, text: &str) -> Result<usize>;
/// }
///
/// struct Service;
///
/// impl Query for Service {
///     async fn length(&self, text: &str) -> Result<usize> {
///         Ok(text.chars().count())
///     }
/// }
///
/// # async fn example() -> Result<()> {
/// pycom::launch(QueryServer::new(Service)).await
/// # }
/// ```
///
/// An `async fn` of the trait that is marked becomes one whose future can be sent to other threads,
/// and the trait gets `Send`, `Sync` and `'static` as supertraits. An implementor writes plain
/// `async fn`s.
///
/// # Generics
///
/// A service may be generic. Its stub has those of its parameters that arguments or results use.
///
/// ```
/// # use pycom::interface;
/// # use serde::{Serialize, de::DeserializeOwned};
/// struct Store<T, Backend>(Vec<T>, Backend);
///
/// #[interface("com.foo.store")]
/// impl<T, Backend> Store<T, Backend>
/// where
///     T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
///     Backend: Send + Sync + 'static,
/// {
///     #[method]
///     async fn get(&self, at: usize) -> Option<T> {
///         self.0.get(at).cloned()
///     }
/// }
///
/// fn of_numbers(stub: StoreClient<u64>) {}
/// ```
///
/// # What is refused
///
/// All that cannot work over a network, each with what to write instead: `&mut self`, type
/// parameters of methods, `impl Trait`, patterns as parameters, more than twelve named arguments.
/// A public `async fn` without `#[method]` beside others that have it gives a warning;
/// `#[method(skip)]` says that it is meant so.
#[proc_macro_attribute]
pub fn interface(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::interface(attribute.into(), item.into(), &crate_path::pycom()).into()
}

/// Marks a function of an impl block or trait that is an [`interface`]: others can call it.
///
/// A method takes `&self`. An `async fn` runs on the runtime and must not block its thread; a plain
/// `fn` runs on a thread of its own, and may.
///
/// # Keys
///
/// | key | means |
/// | --- | --- |
/// | `"create"` | the remote name; the function's own unless said |
/// | `results("a", "b")` | names of the results: the function returns a tuple, written out, and callers get an object; one name stands for one value |
/// | `attachments(incoming = "blob")` | the parameter `blob: Attachment`, or `Option<Attachment>`, is the attachment of the call; of several: `incoming("a", "b")` |
/// | `attachments(outgoing = "blob")` | the result `blob` is the attachment of the reply: one of those that `results` names, or, without `results`, all of the result or the second part of a pair; of several: `outgoing("a", "b")` |
/// | `streaming` | it begins while its attachments are still arriving; reading them fails at the end where what came is not what was sent |
/// | `idempotent` | running it twice does what running it once does: clients may retry it by themselves |
/// | `limit = 8` | so many calls of it run at once; further ones wait |
/// | `queue = 16` | so many calls of it wait; further ones are refused as overloaded |
/// | `uncancellable` | once begun it runs to its end, also where its caller gives up or its time is over |
/// | `hooks(path, …)` | async functions around this method, inside those of the interface |
/// | `skip` | no method; silences the warning about a public `async fn` without `#[method]` |
///
/// # Parameters
///
/// | parameter | gets |
/// | --- | --- |
/// | `text: String`, any type that serde knows, or `Json` | the argument of that name, which must be there |
/// | `at: Option<usize>` | the argument, or `None` where it is absent or `null` |
/// | `text: &str`, `more: Option<&str>`, `list: &[T]`, `thing: &T` | the same, borrowed; the stub borrows too |
/// | `#[args] all: T` | all arguments whole, any JSON: a struct with names of its own, a list, a number |
/// | `request: Request`, `&Request` | the whole call; alone it leaves `args` to the method, and the stub takes anything |
/// | `session: Session`, `&Session` | the caller's session, in an interface that is `stateful` |
/// | `blob: Attachment`, `Option<Attachment>` | the attachment, declared with `attachments(incoming = "blob")` |
///
/// An attribute on a named argument says more of it:
///
/// | attribute | means |
/// | --- | --- |
/// | `#[arg("remote-name")]` | its remote name; the parameter's own unless said |
/// | `#[arg(default)]` | `Default::default()` where it is absent or `null` |
/// | `#[arg(default = value)]` | this value; it is evaluated for each call that needs it, and shown by introspection if it is `Serialize` |
/// | `#[arg(check = path)]` | a function from `&T` to `Result<(), impl Display>`; what it refuses is answered with code 4 and its text |
///
/// ```
/// # use pycom::{Attachment, Result, Session, interface};
/// fn short(title: &str) -> Result<(), String> {
///     if title.len() <= 80 { Ok(()) } else { Err(format!("has {} bytes, at most 80 fit", title.len())) }
/// }
///
/// struct Store;
///
/// #[interface("com.foo.store", stateful)]
/// impl Store {
///     /// Keeps a document.
///     #[method(attachments(incoming = "document"), results("id", "count"))]
///     async fn put(
///         &self,
///         session: Session,
///         document: Attachment,
///         #[arg(check = short)] title: &str,
///         #[arg("language", default = "en")] lang: String,
///     ) -> Result<(u64, u32)> {
///         let count = session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1)?;
///         Ok((7, count))
///     }
///
///     /// Gives a document and its title.
///     #[method(attachments(outgoing = "document"), idempotent)]
///     async fn get(&self, id: u64) -> Result<(String, Attachment)> {
///         Ok(("A title".into(), Attachment::from(vec![1, 2, 3])))
///     }
/// }
/// ```
///
/// # Results
///
/// A value, nothing, or a `Result` of one: any type whose name is `Result` and that is
/// `std::result::Result`, so `io::Result`-like aliases too, if the error is `pycom::Error` or has
/// codes (`#[derive(ErrorCode)]`). The stub then fails with `CallError`, which has either this very
/// error or what went wrong on the way. `Response<T>` is a value with an attachment or extensions
/// beside it, undeclared.
#[proc_macro_attribute]
pub fn method(_: TokenStream, item: TokenStream) -> TokenStream {
    expand::lone_method(item.into()).into()
}

/// Gives the variants of an error codes, so that a method can fail with it and its stub give the
/// very same error back.
///
/// ```
/// use pycom::{CallError, ErrorCode, interface};
///
/// #[derive(Debug, ErrorCode)]
/// enum SplitError {
///     /// There is nothing to split.
///     #[error_code(17, "the text is empty")]
///     Empty,
///     #[error_code(18, "there is no place {at} in '{text}'")]
///     NoPlace { at: usize, text: String },
/// }
///
/// struct Query;
///
/// #[interface("com.foo.example")]
/// impl Query {
///     #[method]
///     async fn split(&self, text: String) -> Result<Vec<String>, SplitError> {
///         if text.is_empty() { Err(SplitError::Empty) } else { Ok(vec![text]) }
///     }
/// }
///
/// # async fn example(query: QueryClient) {
/// match query.split(String::new()).await {
///     Ok(parts) => println!("{parts:?}"),
///     Err(CallError::Declared(SplitError::NoPlace { at, .. })) => println!("try less than {at}"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
///
/// `#[error_code(17, "text")]` on each variant has its code and the text for callers, a format
/// string that may name the fields (`{at}`, or `{0}` of a tuple). Without a text, `Display` gives
/// it. Codes 0 to 6 are the protocol's own; each variant has another. Doc comments of variants
/// stand in the introspection.
///
/// Fields travel beside the text, as JSON: each is `Serialize` and `Deserialize`. A peer that knows
/// nothing of this type gets code and text.
#[proc_macro_derive(ErrorCode, attributes(error_code))]
pub fn error_code(input: TokenStream) -> TokenStream {
    error_code::error_code(input.into(), &crate_path::pycom()).into()
}
