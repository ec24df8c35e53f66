//! The caller's side: a `Context` finds components, a `Component` is one interface somewhere.

mod call;
mod component;
mod connection;
mod connections;
mod context;
mod in_flight;
mod locate;
pub mod stub;
mod verify;

pub use call::CallBuilder;
pub use component::{Answer, Component};
pub(crate) use context::parse_nameservers;
pub use context::{Context, ContextBuilder, DEFAULT_TIMEOUT, configure, default_context, locate};
pub use locate::NAMESERVER_INTERFACE;
pub use stub::Client;
