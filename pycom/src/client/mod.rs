//! The caller's side: a `Context` finds components, a `Component` is one interface somewhere.
//!
//! | file | owns |
//! | --- | --- |
//! | `context` | what all components share: nameservers, groups, connections, hooks |
//! | `component` | one interface, to be called; its session |
//! | `call` | one call being put together, and one attempt at it |
//! | `spread` | which instances a call tries, and when it is tried again |
//! | `group` | everyone who offers an interface |
//! | `instance` | one of them: where, how busy |
//! | `health` | whether calls go to it; pure |
//! | `balance` | which of several |
//! | `budget` | how many calls may be sent again |
//! | `locate` | what nameservers are asked |
//! | `attend` | the task that keeps a group current |
//! | `changes` | who comes and goes, as a stream |
//! | `events` | what happens to connections, as a stream |
//! | `connections` | one connection per address |
//! | `connection` | the task that owns one |
//! | `in_flight` | the calls on it; pure |
//! | `watchdog` | whether a connected peer is still there; pure |
//! | `stub` | what typed stubs are made of |
//! | `verify` | whether a service is what a stub was made for |

mod attend;
mod balance;
mod budget;
mod call;
mod changes;
mod component;
mod connection;
mod connections;
mod context;
mod events;
mod group;
mod health;
mod in_flight;
mod instance;
mod locate;
mod spread;
pub mod stub;
mod transfer;
mod verify;
mod watchdog;

pub use balance::Balance;
pub use call::CallBuilder;
pub use changes::{Change, Changes};
pub use component::{Answer, Component};
pub(crate) use context::parse_nameservers;
pub use context::{Context, ContextBuilder, DEFAULT_TIMEOUT, configure, default_context, locate};
pub use events::{Event, Events};
pub use locate::NAMESERVER_INTERFACE;
pub use stub::Client;
