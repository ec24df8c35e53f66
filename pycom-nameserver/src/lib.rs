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
//! | [`store`] | where several nameservers keep together what they know |
//! | `front` | a nameserver over a store |
//! | `gauges` | the registry's numbers in the text for Prometheus |
//! | `nameserver` | the interface `org.pycom.nameserver` over it |
//! | `answers` | what its methods give |
//! | `program` | the program `pycom-nameserver`, wherever it is started from |
//! | `upkeep` | the task that expires and probes |
//! | `watchers` | who waits for which change |

mod answers;
mod front;
mod gauges;
mod names;
mod nameserver;
mod program;
pub mod registry;
pub mod store;
mod upkeep;
mod watchers;

pub use answers::{Empty, Found, Listed, Located, Provider, Statistics, Watched};
pub use front::StoreStatistics;
pub use nameserver::{Nameserver, NameserverClient};
pub use program::launch;

/// Name of the nameserver's interface, the same as the originals'.
pub const INTERFACE: &str = "org.pycom.nameserver";

/// The usual name of the service itself.
pub const SERVICE: &str = "/org/pycom/nameserver";

/// Where `pycom-nameserver` listens unless told otherwise.
pub const ADDRESS: &str = "tcp://127.0.0.1:2012";

/// Calls of `watch` that a nameserver program holds at once. One that waits costs about a kilobyte.
const WATCHERS: usize = 64 * 1024;

/// Nothing that a nameserver is told is longer.
const MESSAGE_SIZE: usize = 1024 * 1024;

/// The bounds of a service that is a nameserver and nothing else: room for 65,536 calls of `watch`
/// beside all the others, frames of 1 MiB. To be used with [`Nameserver::alone`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pycom::Result<()> {
/// use pycom_nameserver::Nameserver;
/// let server = pycom::Server::new().offer(Nameserver::alone()).limits(pycom_nameserver::limits());
/// let running = server.bind("tcp://127.0.0.1:0").await?;
/// # drop(running);
/// # Ok(())
/// # }
/// ```
pub fn limits() -> pycom::Limits {
    let usual = pycom::Limits::default();
    pycom::Limits { message_size: MESSAGE_SIZE, calls: usual.calls + WATCHERS, ..usual }
}
