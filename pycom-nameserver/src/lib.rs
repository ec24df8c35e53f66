//! The nameserver of PyCOM: which services there are, and where.
//!
//! [`Nameserver`] is an ordinary service, written with `#[interface]` on a pure [`registry`]. Run
//! it as the program `pycom-nameserver`, or inside a service of your own:
//!
//! ```no_run
//! # use pycom::{interface, Result};
//! use pycom_nameserver::Nameserver;
//! # struct Query;
//! # #[interface("com.foo.example")]
//! # impl Query {
//! #     #[method]
//! #     async fn double(&self, n: u32) -> u32 { 2 * n }
//! # }
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     pycom::launch((Query, Nameserver::new())).await
//! }
//! ```
//!
//! | file | owns |
//! | --- | --- |
//! | [`registry`] | names, addresses, terms and rules, as plain data |
//! | `nameserver` | the interface `org.pycom.nameserver` over it |
//! | `answers` | what its methods give |
//! | `upkeep` | the task that expires and probes |

mod answers;
mod names;
mod nameserver;
pub mod registry;
mod upkeep;

pub use answers::{Empty, Found, Listed, Located, Statistics};
pub use nameserver::{Nameserver, NameserverClient};

/// Name of the nameserver's interface, the same as the originals'.
pub const INTERFACE: &str = "org.pycom.nameserver";

/// The usual name of the service itself.
pub const SERVICE: &str = "/org/pycom/nameserver";

/// Where `pycom-nameserver` listens unless told otherwise.
pub const ADDRESS: &str = "tcp://127.0.0.1:2012";
