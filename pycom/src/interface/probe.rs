//! What a type can do where it can, without asking it of those that cannot: JSON Schema of a type,
//! JSON of a default, the codes of an error.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::{ErrorInfo, MethodError};
use crate::error::Error;

/// Asks a type for what it can do by way of method resolution: the impl for `&Probe<T>`, where `T`
/// can, is found before the one for `Probe<T>` with any `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Clone for Probe<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Probe<T> {}

impl<T: ?Sized> Probe<T> {
    /// Of a type.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Of the type of a value.
    pub const fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

#[doc(hidden)]
pub trait WithSchema {
    fn pycom_schema(self, generator: &mut SchemaGenerator) -> Option<Schema>;
}

#[doc(hidden)]
pub trait WithoutSchema {
    fn pycom_schema(self, generator: &mut SchemaGenerator) -> Option<Schema>;
}

impl<T: JsonSchema + ?Sized> WithSchema for &Probe<T> {
    fn pycom_schema(self, generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

impl<T: ?Sized> WithoutSchema for Probe<T> {
    fn pycom_schema(self, _: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

#[doc(hidden)]
pub trait WithJson<T: ?Sized> {
    fn pycom_json(self, value: &T) -> Option<Value>;
}

#[doc(hidden)]
pub trait WithoutJson<T: ?Sized> {
    fn pycom_json(self, value: &T) -> Option<Value>;
}

impl<T: Serialize + ?Sized> WithJson<T> for &Probe<T> {
    fn pycom_json(self, value: &T) -> Option<Value> {
        serde_json::to_value(value).ok()
    }
}

impl<T: ?Sized> WithoutJson<T> for Probe<T> {
    fn pycom_json(self, _: &T) -> Option<Value> {
        None
    }
}

#[doc(hidden)]
pub trait WithError<E> {
    fn pycom_errors(self) -> &'static [ErrorInfo];
    fn pycom_error(self, error: E) -> Error;
}

/// Never run: what is no error is complained of in the stub's signature, once.
#[doc(hidden)]
pub trait WithoutError<E> {
    fn pycom_errors(self) -> &'static [ErrorInfo];
    fn pycom_error(self, error: E) -> Error;
}

impl<E: MethodError> WithError<E> for &Probe<E> {
    fn pycom_errors(self) -> &'static [ErrorInfo] {
        E::declared()
    }
    fn pycom_error(self, error: E) -> Error {
        error.into_error()
    }
}

impl<E> WithoutError<E> for Probe<E> {
    fn pycom_errors(self) -> &'static [ErrorInfo] {
        &[]
    }
    fn pycom_error(self, _: E) -> Error {
        Error::internal("an error without a code")
    }
}

#[cfg(test)]
#[allow(clippy::needless_borrow)] // it is what makes the difference
mod tests {
    use super::*;

    struct Plain;

    #[test]
    fn a_type_without_a_schema_is_no_error() {
        let generator = &mut SchemaGenerator::default();
        assert!((&Probe::<Plain>::new()).pycom_schema(generator).is_none());
        assert!((&Probe::of(&Plain)).pycom_json(&Plain).is_none());
    }

    #[test]
    fn a_type_with_a_schema_gives_it() {
        let schema = (&Probe::<u8>::new()).pycom_schema(&mut SchemaGenerator::default()).unwrap();
        assert_eq!(schema.get("type").unwrap(), "integer");
        assert_eq!((&Probe::of(&7)).pycom_json(&7), Some(7.into()));
    }
}
