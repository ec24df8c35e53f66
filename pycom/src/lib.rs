//! A small distributed component model: *services* in their own processes offer *interfaces* made of *methods*, a
//! *nameserver* finds them, and the protocol is JSON over ZeroMQ, the one that Python PyCOM speaks.
//!
//! # Five minutes
//!
//! A service is a type with an annotated impl block. The macro makes its dispatch, its introspection, and a typed client
//! of it.
//!
//! ```
//! use pycom::{Client, Context, Error, Result, Server, interface};
//! use serde_json::json;
//!
//! struct Query;
//!
//! /// Splits texts.
//! #[interface("com.foo.example")]
//! impl Query {
//!     /// Splits a text in two: in the middle, unless told where.
//!     #[method(results("head", "tail"))]
//!     async fn split(&self, text: String, at: Option<usize>) -> Result<(String, String)> {
//!         match text.split_at_checked(at.unwrap_or(text.len() / 2)) {
//!             Some((head, tail)) => Ok((head.into(), tail.into())),
//!             None => Err(Error::application(20, "there is no such place in the text")),
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     // A service in a program of its own is one line: pycom::launch(Query).await
//!     let service = Server::new().offer(Query).service("/com/foo/svc").bind("tcp://127.0.0.1:0").await?;
//!
//!     // A client. With a nameserver: Context::new("tcp://127.0.0.1:2012")?.locate("com.foo.example").await?
//!     let context = Context::builder().build();
//!     let query = context.connect(service.address().to_string(), "com.foo.example")?;
//!     let halves = query.invoke("split", json!({ "text": "hello", "at": 2 })).await?;
//!     assert_eq!(halves, json!({ "head": "he", "tail": "llo" }));
//!
//!     // With types.
//!     let query = QueryClient::from_component(query);
//!     assert_eq!(query.split("hello".into(), None).await?, ("he".into(), "llo".into()));
//!
//!     // What you see when it goes wrong: what was called, where, what to do about it, and whether it ran.
//!     let error = query.split("hello".into(), Some(9)).await.unwrap_err();
//!     assert_eq!((error.code(), error.text()), (Some(20), Some("there is no such place in the text")));
//!     let error = query.component().invoke("splt", ()).await.unwrap_err();
//!     assert!(error.to_string().contains("did you mean 'split'? There are: split"));
//!
//!     service.stop().await;
//!     Ok(())
//! }
//! ```
//!
//! As programs, with a nameserver between them: put `pycom::launch(Query).await` into the service's `main`, the client
//! into another program, and
//!
//! ```sh
//! pycom-nameserver
//! my-service -s /com/foo/svc -n tcp://127.0.0.1:2012
//! pycom call com.foo.example split text=hello at=2
//! ```
//!
//! # Where things are
//!
//! | to | use |
//! | --- | --- |
//! | write a service | [`macro@interface`] and [`macro@method`] on an impl block or a trait, [`ErrorCode`](macro@ErrorCode) |
//! | make an interface at run time | [`InterfaceBuilder`] |
//! | run it as a program | [`launch()`], [`Launcher`] |
//! | run it inside another program | [`Server`], [`Running`], [`Limits`] |
//! | find and call services | [`Context`], [`Component`], [`CallBuilder`]; for programs with one nameserver [`configure`], [`locate()`] |
//! | know what went wrong | [`Error`], [`Outcome`] |
//! | read what a call carries | [`Request`], [`Session`], [`Attachment`], [`Extensions`] |
//! | look at calls as they pass | [`Hook`] |
//! | test without sockets | [`testing`] |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `launch` | yes | [`launch()`]: flags, configuration file, logs on stderr |
//! | `arbitrary-precision` | no | `serde_json::Value` keeps numbers of any length, in the whole build; [`Json`] does anyway |

#[allow(unused_extern_crates)] // what the macros write starts with `::pycom`, here too
extern crate self as pycom;

mod attachment;
pub mod client;
mod error;
mod fast_map;
mod give_way;
pub mod hook;
pub mod interface;
mod json;
#[cfg(feature = "launch")]
mod launch;
mod made;
#[cfg(feature = "measured")]
#[doc(hidden)]
pub mod measured;
mod names;
mod protocol;
mod random;
mod reply;
mod request;
pub mod server;
pub mod session;
pub mod stat;
pub mod testing;
pub mod trace;
mod transport;
mod wire;

pub use attachment::{Attachment, AttachmentReader, Progress};
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
pub use server::{Cut, IntoOffers, Limits, MethodLimit, Running, Server, Stopped, TransferLimits};
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
