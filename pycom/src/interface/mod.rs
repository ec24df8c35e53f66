//! What an interface is made of: its description, its arguments and results, its dispatch.
//!
//! `#[interface]` writes values of these types; so can anyone by hand.
//!
//! | file | owns |
//! | --- | --- |
//! | `info` | what the macros know at compile time |
//! | `description` | what introspection says, owned, here and on the wire |
//! | `argument` | the types of arguments, and how each is read |
//! | `arguments` | an object of named ones to a tuple, in one pass |
//! | `misfit` | what is said of arguments that do not fit |
//! | `outcome` | what a method returned to a reply |
//! | `error_fields` | fields of an error that travels, for `#[derive(ErrorCode)]` |
//! | `glue` | what generated code calls |
//! | `probe` | what a type can do, where it can |
//! | `offer` | an interface without its type, as the server keeps it |

mod argument;
mod arguments;
mod description;
mod error_fields;
mod glue;
mod info;
mod misfit;
mod offer;
mod outcome;
#[doc(hidden)]
pub mod probe;
#[cfg(test)]
mod tests;

pub use argument::{Argument, Optional, Required, Slot, Text};
pub use arguments::{Arguments, Mismatch};
pub use description::{Attachments, Description, ErrorDescription, MethodDescription};
#[doc(hidden)]
pub use error_fields::{ErrorFields, ErrorText, Field, error_text};
#[doc(hidden)]
pub use glue::*;
pub use info::{ArgumentInfo, ErrorInfo, InterfaceInfo, MethodInfo, Parameters, SchemaSource};
pub(crate) use misfit::{describe, explain, nearest, unknown_argument, whole_misfit};
pub use offer::{Handler, HandlerFuture, Interface, Offer, Offered, Run, offer};
pub use outcome::{Answer, CallError, ErrorCode, MethodError, MethodResult, MethodValue, ReplyBuilder};

/// Remote names under which every interface describes itself: 0.4.2 and later ask for the first,
/// 0.4.1 for the second (protocol.md, "Introspection").
pub const INTROSPECTION_METHODS: [&str; 2] = ["introspect", "__introspect__"];
