//! PyCOM for Rust.

#[allow(unused_extern_crates)] // what the macros write starts with `::pycom`, here too
extern crate self as pycom;

mod attachment;
pub mod client;
mod error;
pub mod hook;
pub mod interface;
mod json;
#[cfg(feature = "launch")]
mod launch;
mod made;
mod names;
mod protocol;
mod random;
mod reply;
mod request;
pub mod server;
pub mod session;
pub mod stat;
pub mod testing;
mod transport;
mod wire;

pub use attachment::Attachment;
pub use client::{
    Answer, Balance, CallBuilder, Change, Changes, Client, Component, Context, Event, Events, configure,
    default_context, locate,
};
pub use error::{CallSite, Error, Failure, Outcome, Refusal, Result, Source, Tried, code};
pub use hook::{Hook, Hooks, Next};
pub use interface::{CallError, Description, ErrorCode, Interface, Offer, offer};
pub use json::Json;
#[cfg(feature = "launch")]
pub use launch::{Config, Launcher, launch};
pub use made::{InterfaceBuilder, MethodBuilder};
pub use names::{InterfaceName, MAX_NAME_LENGTH, MethodName, NameError, ServiceName};
pub use pycom_macros::{ErrorCode, interface, method};
pub use reply::{Reply, Response};
pub use request::{PeerId, Request};
pub use server::{IntoOffers, Limits, Running, Server};
pub use session::{Session, SessionLimits};
pub use transport::{Address, AddressError, Backend, TransportError};
pub use wire::Extensions;

/// What the macros write refers to; nothing here is for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;
    pub use std::clone::Clone;
    pub use std::convert::Into;
    pub use std::default::Default;
    pub use std::fmt;
    pub use std::marker::PhantomData;
    pub use std::option::Option::{self, None, Some};
    pub use std::primitive::str;
    pub use std::result::Result::Ok;
    pub use std::sync::Arc;
    pub use std::vec::Vec;

    pub use crate::client::stub::travel::*;
    pub use crate::client::stub::{StubArgument, StubCall, connect};
    pub use crate::interface::probe::Probe;
    pub use crate::interface::*;
    pub use crate::{Attachment, Client, Component, Context, Error, Hook, Hooks, Json, Reply, Request, Session};

    /// Traits whose methods generated code calls by method resolution.
    pub mod probes {
        pub use crate::interface::probe::{WithError as _, WithJson as _, WithSchema as _};
        pub use crate::interface::probe::{WithoutError as _, WithoutJson as _, WithoutSchema as _};
    }
}
