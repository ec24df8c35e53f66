//! An object of named arguments, or of named results, to a tuple: in one pass over its text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::argument::Slot;

/// Why an object could not be read into slots.
#[derive(Debug)]
pub enum Mismatch {
    /// It is no object.
    NotAnObject,
    /// The value at this place in the list of names is missing.
    Missing(usize),
    /// It has a value of an unknown name, and that was not allowed.
    Unknown(String),
    /// A value is not of its type.
    Invalid(serde_json::Error),
}

/// Named values: a tuple of slots, read from an object in one pass.
pub trait Arguments<'de>: Sized {
    /// The tuple of values.
    type Values;
    /// Reads them. `names` has one name per slot; `null` counts as an empty object.
    ///
    /// # Errors
    ///
    /// Says what does not fit.
    fn read(text: &'de str, names: &[&str], strict: bool) -> Result<Self::Values, Mismatch>;
}

struct Seed<S>(PhantomData<S>);

impl<'de, S: Slot<'de>> DeserializeSeed<'de> for Seed<S> {
    type Value = S::Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        S::read(deserializer)
    }
}

/// The place of a key among the names; no text is copied for it.
struct Key<'n>(&'n [&'n str], &'n mut Option<String>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an argument")
    }
    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        let place = self.0.iter().position(|name| *name == key);
        if place.is_none() && self.1.is_none() {
            *self.1 = Some(key.to_owned());
        }
        Ok(place)
    }
}

macro_rules! arguments {
    ($($slot:ident $value:ident $index:tt),*) => {
        impl<'de, $($slot: Slot<'de>),*> Arguments<'de> for ($($slot,)*) {
            type Values = ($($slot::Value,)*);

            fn read(text: &'de str, names: &[&str], strict: bool) -> Result<Self::Values, Mismatch> {
                struct Object<'n, T>(&'n [&'n str], &'n mut Option<String>, PhantomData<T>);

                impl<'de, $($slot: Slot<'de>),*> Visitor<'de> for Object<'_, ($($slot,)*)> {
                    type Value = ($(Option<$slot::Value>,)*);
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object of named arguments")
                    }
                    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                        $(let mut $value = None;)*
                        while let Some(place) = map.next_key_seed(Key(self.0, &mut *self.1))? {
                            match place {
                                $(Some($index) => $value = Some(map.next_value_seed(Seed::<$slot>(PhantomData))?),)*
                                _ => drop(map.next_value::<IgnoredAny>()?),
                            }
                        }
                        Ok(($($value,)*))
                    }
                }

                let mut unknown = None;
                #[allow(unused_variables)]
                let found = if text == "null" {
                    ($(None::<$slot::Value>,)*)
                } else if text.starts_with('{') {
                    let mut deserializer = serde_json::Deserializer::from_str(text);
                    let visitor = Object::<($($slot,)*)>(names, &mut unknown, PhantomData);
                    deserializer.deserialize_map(visitor).map_err(Mismatch::Invalid)?
                } else {
                    return Err(Mismatch::NotAnObject);
                };
                if strict && let Some(name) = unknown {
                    return Err(Mismatch::Unknown(name));
                }
                Ok(($(found.$index.or_else($slot::absent).ok_or(Mismatch::Missing($index))?,)*))
            }
        }
    };
}

arguments!(A a 0);
arguments!(A a 0, B b 1);
arguments!(A a 0, B b 1, C c 2);
arguments!(A a 0, B b 1, C c 2, D d 3);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10);
arguments!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11);

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::misfit::misfit;
    use super::super::{Optional, Required, Text};
    use super::*;

    type Split = (Required<String>, Optional<usize>);
    const NAMES: &[&str] = &["text", "at"];

    fn read<'de, A: Arguments<'de>>(text: &'de str, strict: bool) -> Result<A::Values, String> {
        A::read(text, NAMES, strict)
            .map_err(|mismatch| misfit("com.foo.example", "split", NAMES, text, mismatch).to_string())
    }

    #[test]
    fn required_and_optional_arguments_are_read_in_any_order() {
        assert_eq!(read::<Split>(r#"{"at": 2, "text": "a"}"#, true), Ok(("a".into(), Some(2))));
        assert_eq!(read::<Split>(r#"{"text": "a", "zzz": [1]}"#, false), Ok(("a".into(), None)));
        assert_eq!(read::<Split>(r#"{"text": "a", "at": null}"#, false), Ok(("a".into(), None)));
        assert_eq!(read::<(Optional<u8>, Optional<u8>)>("null", false), Ok((None, None)));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(
            read::<Split>(r#"{"at": 2}"#, false).unwrap_err(),
            "Argument 'text' is required for com.foo.example.split"
        );
        assert_eq!(
            read::<Split>("[1]", false).unwrap_err(),
            "Expected dictionary as argument for com.foo.example.split"
        );
        assert_eq!(
            read::<Split>(r#"{"text": "a", "at": "x"}"#, false).unwrap_err(),
            "Invalid argument 'at' for com.foo.example.split: invalid type: string \"x\", expected usize"
        );
        assert_eq!(
            read::<Split>(r#"{"txt": "a"}"#, true).unwrap_err(),
            "Unknown argument 'txt' for com.foo.example.split; did you mean 'text'? It takes: text, at"
        );
    }

    #[test]
    fn text_borrows_where_it_can() {
        let (a, b) = read::<(Text, Text)>(r#"{"text": "plain", "at": "es\n"}"#, false).unwrap();
        assert!(matches!(a, Cow::Borrowed("plain")) && matches!(b, Cow::Owned(_)));
    }
}
