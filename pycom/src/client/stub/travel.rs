//! What generated code asks of the types of arguments and results, in such a way that a type
//! that cannot travel gives one error, in our words, on that very type.
//!
//! It never names a user's type `T` as something that travels but through a question: not
//! `Required<T>`, but `<T as Parameter<'_, _>>::Of<Required<T>>`, which is the same where `T` is a
//! `Parameter`. Where it is not, the compiler says so, and what follows from it has a type that it
//! does not know and complains of no more. Both halves ask the same question on the same tokens,
//! and what is the same is said once.
//!
//! A question has two answers, [`BySerde`] and [`AsIs`]: with one impl only, the compiler would
//! take that and then complain of its conditions one by one.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{StubAnswer, StubArgument, StubResult};
use crate::Json;
use crate::error::Error;
use crate::interface::{MethodValue, ReplyBuilder};
use crate::reply::Response;

/// What travels because serde can read and write it.
#[derive(Debug)]
pub struct BySerde;

/// What travels without serde.
#[derive(Debug)]
pub struct AsIs;

/// An argument that travels without serde.
pub trait AsIsArgument {}
impl AsIsArgument for Json {}

/// A result that travels without serde.
pub trait AsIsResult {}
impl AsIsResult for Json {}
impl<T: MethodValue + StubResult> AsIsResult for Response<T> {}

/// A result that goes out without serde.
pub trait AsIsReply {}
impl AsIsReply for Json {}
impl<T: MethodValue> AsIsReply for Response<T> {}

/// There is none.
pub trait AsIsField {}

macro_rules! questions {
    ($(
        $(#[$attribute:meta])*
        $name:ident<$($life:lifetime)?> = $first:path $(, $more:path)?; or $raw:path
    )*) => {$(
        $(#[$attribute])*
        pub trait $name<$($life,)? Kind> {
            /// `S`.
            type Of<S>;
        }

        impl<$($life,)? T: $first $(+ $more)?> $name<$($life,)? BySerde> for T {
            type Of<S> = S;
        }

        impl<$($life,)? T: $raw> $name<$($life,)? AsIs> for T {
            type Of<S> = S;
        }
    )*};
}

questions! {
    /// An argument where both halves are wanted.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be an argument of a remote method",
        label = "this cannot travel over the network",
        note = "add #[derive(serde::Serialize, serde::Deserialize)] to `{Self}`; \
                without a stub (`client = false`), serde::Deserialize is enough"
    )]
    Parameter<'de> = Deserialize<'de>, Serialize; or AsIsArgument

    /// An argument where there is no stub.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be an argument of a remote method",
        label = "this cannot arrive from the network",
        note = "add #[derive(serde::Deserialize)] to `{Self}`"
    )]
    ServerParameter<'de> = Deserialize<'de>; or AsIsArgument

    /// An argument where there is only a stub.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be an argument of a remote method",
        label = "this cannot be sent over the network",
        note = "add #[derive(serde::Serialize)] to `{Self}`"
    )]
    ClientParameter<> = Serialize; or AsIsArgument

    /// A result where both halves are wanted.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a result of a remote method",
        label = "this cannot travel over the network",
        note = "add #[derive(serde::Serialize, serde::Deserialize)] to `{Self}`; \
                without a stub (`client = false`), serde::Serialize is enough"
    )]
    Returned<> = DeserializeOwned, Serialize; or AsIsResult

    /// A result where there is no stub.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a result of a remote method",
        label = "this cannot be sent over the network",
        note = "add #[derive(serde::Serialize)] to `{Self}`"
    )]
    ServerReturned<> = Serialize; or AsIsReply

    /// A result where there is only a stub.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a result of a remote method",
        label = "this cannot arrive from the network",
        note = "add #[derive(serde::Deserialize)] to `{Self}`"
    )]
    ClientReturned<> = DeserializeOwned; or AsIsResult

    /// A field of an error.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a field of an error that travels",
        label = "this cannot travel over the network",
        note = "add #[derive(serde::Serialize, serde::Deserialize)] to `{Self}`"
    )]
    ErrorField<> = DeserializeOwned, Serialize; or AsIsField
}

/// `T` as what travels, where it was asked.
#[derive(Debug)]
pub struct As<T: ?Sized>(PhantomData<T>);

/// What a stub sends.
pub trait Sent {
    /// The type.
    type Value: ?Sized;
    /// Writes it.
    fn write(value: &Self::Value, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error>;
}

impl<T: StubArgument + ?Sized> Sent for As<T> {
    type Value = T;
    fn write(value: &T, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        value.write(buffer)
    }
}

/// What a stub gets.
pub trait Got {
    /// The type.
    type Value;
    /// Reads it.
    fn read(answer: &StubAnswer<'_>) -> Result<Self::Value, Error>;
}

impl<T: StubResult> Got for As<T> {
    type Value = T;
    fn read(answer: &StubAnswer<'_>) -> Result<T, Error> {
        T::read(answer)
    }
}

/// What a method replies.
pub trait Replied {
    /// The type.
    type Value;
    /// Writes it.
    fn write(value: Self::Value, reply: &mut ReplyBuilder) -> Result<(), serde_json::Error>;
}

impl<T: MethodValue> Replied for As<T> {
    type Value = T;
    fn write(value: T, reply: &mut ReplyBuilder) -> Result<(), serde_json::Error> {
        value.write(reply)
    }
}
