//! The types that an argument can have, and how each is read from JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use crate::Json;

/// A type that an argument of a remote method can have, or the result on a client's side.
///
/// Everything that `serde` can deserialise, and [`Json`] for what is to stay unread. Not to be
/// implemented by hand: derive `serde::Deserialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a remote method",
    label = "this cannot arrive from the network",
    note = "add #[derive(serde::Deserialize)] to `{Self}`"
)]
pub trait Argument<'de>: Sized {
    /// Reads one value.
    ///
    /// # Errors
    ///
    /// Where what is there is no `Self`.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Reads the whole text.
    ///
    /// # Errors
    ///
    /// Where it is no `Self`.
    fn read_whole(text: &'de Json) -> Result<Self, serde_json::Error>;
}

#[diagnostic::do_not_recommend]
impl<'de, T: Deserialize<'de>> Argument<'de> for T {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
    }

    fn read_whole(text: &'de Json) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text.as_str())
    }
}

#[diagnostic::do_not_recommend]
impl<'de> Argument<'de> for Json {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Json::from_text(String::from(Box::<str>::from(raw))).map_err(D::Error::custom)
    }

    fn read_whole(text: &'de Json) -> Result<Self, serde_json::Error> {
        Ok(text.clone())
    }
}

/// How one named argument is read, and what stands for it where it is absent.
pub trait Slot<'de> {
    /// What the method gets.
    type Value;
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where what is there is no such value.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
    /// What stands for it, or `None` where a call without it is refused.
    fn absent() -> Option<Self::Value>;
}

/// An argument that must be there.
#[derive(Debug)]
pub struct Required<T>(PhantomData<T>);

impl<'de, T: Argument<'de>> Slot<'de> for Required<T> {
    type Value = T;
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
    fn absent() -> Option<T> {
        None
    }
}

/// An argument that need not be there; absent and `null` give `None`.
#[derive(Debug)]
pub struct Optional<T>(PhantomData<T>);

impl<'de, T: Argument<'de>> Slot<'de> for Optional<T> {
    type Value = Option<T>;
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        struct Maybe<T>(PhantomData<T>);
        impl<'de, T: Argument<'de>> Visitor<'de> for Maybe<T> {
            type Value = Option<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }
            fn visit_none<E>(self) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_unit<E>(self) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
                T::read(deserializer).map(Some)
            }
        }
        deserializer.deserialize_option(Maybe(PhantomData))
    }
    fn absent() -> Option<Option<T>> {
        Some(None)
    }
}

/// Text that a method takes as `&str`: borrowed from the request where it holds no escapes.
#[derive(Debug)]
pub struct Text;

impl<'de> Slot<'de> for Text {
    type Value = Cow<'de, str>;
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Owned(text))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
    fn absent() -> Option<Cow<'de, str>> {
        None
    }
}
