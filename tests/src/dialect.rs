//! JSON as Python writes it: with `NaN` and `Infinity`, and with integers of any length. Read here without rounding, so
//! that answers are compared to the last digit; written by hand because no reader that a service uses shall judge it.

use std::collections::BTreeMap;
use std::fmt;

/// A value. Numbers stay text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Any number, and `NaN`, `Infinity`, `-Infinity`, as written.
    Number(String),
    /// A string, its escapes resolved.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// Reads a text.
    ///
    /// # Panics
    ///
    /// Where it is not JSON.
    pub fn read(text: &str) -> Self {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value();
        reader.blanks();
        assert_eq!(reader.at, text.len(), "there is more after the JSON: {text}");
        value
    }

    /// Reads a frame.
    ///
    /// # Panics
    ///
    /// Where it is not JSON in UTF-8.
    pub fn read_frame(frame: &[u8]) -> Self {
        Self::read(std::str::from_utf8(frame).expect("JSON is UTF-8"))
    }

    /// A value with this text.
    pub fn text(text: &str) -> Self {
        Value::Text(text.into())
    }

    /// The field of an object; `None` where there is none, or this is no object.
    pub fn get(&self, field: &str) -> Option<&Value> {
        match self {
            Value::Object(fields) => fields.get(field),
            _ => None,
        }
    }

    /// The fields of an object.
    ///
    /// # Panics
    ///
    /// Where it is none.
    pub fn fields(&self) -> &BTreeMap<String, Value> {
        match self {
            Value::Object(fields) => fields,
            other => panic!("expected an object, got {other:?}"),
        }
    }

    /// The items of an array.
    ///
    /// # Panics
    ///
    /// Where it is none.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) => items,
            other => panic!("expected an array, got {other:?}"),
        }
    }

    /// The text of a string.
    ///
    /// # Panics
    ///
    /// Where it is none.
    pub fn as_text(&self) -> &str {
        match self {
            Value::Text(text) => text,
            other => panic!("expected a text, got {other:?}"),
        }
    }

    /// Whether everything that `expected` has is here too: objects may have more keys, and all else is equal.
    pub fn has(&self, expected: &Value) -> bool {
        match (self, expected) {
            (Value::Object(fields), Value::Object(expected)) => {
                expected.iter().all(|(key, value)| fields.get(key).is_some_and(|field| field.has(value)))
            }
            (Value::Array(items), Value::Array(expected)) => {
                items.len() == expected.len() && items.iter().zip(expected).all(|(item, expected)| item.has(expected))
            }
            (value, expected) => value == expected,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(text) => f.write_str(text),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Array(items) => f.debug_list().entries(items).finish(),
            Value::Object(fields) => f.debug_map().entries(fields).finish(),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, word: &str) -> bool {
        self.blanks();
        let there = self.rest().starts_with(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn expect(&mut self, word: &str) {
        assert!(self.take(word), "expected {word} at byte {} of {}", self.at, self.text);
    }

    fn value(&mut self) -> Value {
        self.blanks();
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if self.take(word) {
                return value;
            }
        }
        if self.take("{") {
            self.object()
        } else if self.take("[") {
            self.array()
        } else {
            self.scalar()
        }
    }

    fn object(&mut self) -> Value {
        let mut fields = BTreeMap::new();
        while !self.take("}") {
            if !fields.is_empty() {
                self.expect(",");
            }
            self.blanks();
            let key = self.string();
            self.expect(":");
            let value = self.value();
            assert!(fields.insert(key, value).is_none(), "a key is there twice: {}", self.text);
        }
        Value::Object(fields)
    }

    fn array(&mut self) -> Value {
        let mut items = Vec::new();
        while !self.take("]") {
            if !items.is_empty() {
                self.expect(",");
            }
            items.push(self.value());
        }
        Value::Array(items)
    }

    fn scalar(&mut self) -> Value {
        if self.rest().starts_with('"') {
            return Value::Text(self.string());
        }
        for word in ["NaN", "Infinity", "-Infinity"] {
            if self.take(word) {
                return Value::Number(word.into());
            }
        }
        let length = self.rest().find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let number = self.rest()[..length.unwrap_or(self.rest().len())].to_owned();
        assert!(number.contains(|c: char| c.is_ascii_digit()), "no JSON at byte {} of {}", self.at, self.text);
        self.at += number.len();
        Value::Number(number)
    }

    fn string(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.unwrap_or_else(|| panic!("a string without an end in {}", self.text)).0;
        let text = serde_json::from_str(&self.rest()[..=end]).unwrap_or_else(|e| panic!("{e} in {}", self.text));
        self.at += end + 1;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_json_is_read_to_the_last_digit() {
        let value = Value::read(r#"{"a": [NaN, -Infinity, 123456789012345678901234567890], "\"b\\": null, "c": {}}"#);
        assert_eq!(value.get("\"b\\"), Some(&Value::Null));
        let numbers = ["NaN", "-Infinity", "123456789012345678901234567890"].map(|n| Value::Number(n.into()));
        assert_eq!(value.get("a"), Some(&Value::Array(numbers.into())));
        assert!(value.has(&Value::read("{}")) && !value.has(&Value::read(r#"{"c": 1}"#)));
    }
}
