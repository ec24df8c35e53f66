//! The service's side: binds, dispatches, bounds, keeps sessions, stays registered, drains.
//!
//! | file | owns |
//! | --- | --- |
//! | `builder` | what a service is made of, until it is bound |
//! | `limits` | its bounds |
//! | `offers` | what can be served: types, tuples, lists |
//! | `table` | interfaces and methods by name; a received call to a job |
//! | `admission` | which jobs run, wait or are refused; pure |
//! | `cancel` | which running calls can be stopped, and how |
//! | `carry` | how the attachments of a reply travel |
//! | `transfers` | attachments in chunks |
//! | `job` | one call: how it is started and answered |
//! | `placement` | which methods share the runtime, and which need a thread |
//! | `runners` | the calls of quick methods, in turn |
//! | `socket` | the task that owns the socket |
//! | `statistics` | what is counted, and what a service knows of itself |
//! | `registration` | the task that keeps the names known |
//! | `advertise` | which address others are told |
//! | `running` | the handle of a bound service |

mod admission;
mod advertise;
mod builder;
mod cancel;
mod carry;
mod job;
mod limits;
mod offers;
mod placement;
mod registration;
mod runners;
mod running;
mod socket;
mod statistics;
mod table;
mod transfers;

pub use builder::Server;
pub(crate) use job::inherited;
pub use limits::{Limits, MethodLimit};
pub use offers::IntoOffers;
pub use running::{Cut, Running, Stopped};
pub(crate) use statistics::About;
pub use transfers::TransferLimits;
