//! Names of the wire to names of Rust: legal, in Rust's own case, no two the same.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

/// Words of a name: at what is no letter or digit, and where a capital begins one.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (at, &c) in letters.iter().enumerate() {
        if !(c.is_ascii_alphanumeric()) {
            words.push(String::new());
            continue;
        }
        let after_small = at > 0 && (letters[at - 1].is_lowercase() || letters[at - 1].is_ascii_digit());
        let before_small =
            at > 0 && letters[at - 1].is_uppercase() && letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (after_small || before_small) {
            words.push(String::new());
        }
        words.last_mut().expect("there is always one").push(c.to_ascii_lowercase());
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `UpperCamelCase`; `fallback` where nothing of the name can be kept.
pub fn type_name(name: &str, fallback: &str) -> String {
    let capital = |word: String| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    let text: String = words(name).into_iter().map(capital).collect();
    match text.chars().next() {
        None => fallback.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{fallback}{text}"),
        // What an enum or a trait may not be called, or would be mistaken for.
        Some(_) if matches!(&*text, "Self" | "Result" | "Option" | "Vec" | "String" | "Box") => {
            format!("{text}_").replace('_', "Type")
        }
        Some(_) => text,
    }
}

/// `snake_case`; `fallback` where nothing of the name can be kept.
pub fn value_name(name: &str, fallback: &str) -> String {
    let text = words(name).join("_");
    match text.chars().next() {
        None => fallback.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{fallback}_{text}"),
        Some(_) => text,
    }
}

/// An identifier; a keyword gets an underscore.
pub fn ident(name: &str) -> Ident {
    syn::parse_str::<Ident>(name).unwrap_or_else(|_| Ident::new(&format!("{name}_"), Span::call_site()))
}

/// Hands out names, each once.
#[derive(Debug, Default)]
pub struct Taken(BTreeSet<String>);

impl Taken {
    /// The name itself, or with the lowest number that makes it one of its own.
    pub fn take(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_of_rust() {
        assert_eq!(type_name("com.foo-example", "Item"), "ComFooExample");
        assert_eq!(type_name("HTTPServer", "Item"), "HttpServer");
        assert_eq!(type_name("3d", "Item"), "Item3d");
        assert_eq!(type_name("ж", "Item"), "Item");
        assert_eq!(type_name("result", "Item"), "ResultType");
        assert_eq!(value_name("getHTTPStatus", "item"), "get_http_status");
        assert_eq!(value_name("a b-c.d", "item"), "a_b_c_d");
        assert_eq!(value_name("__introspect__", "item"), "introspect");
        assert_eq!(ident("type").to_string(), "type_");
        assert_eq!(ident("self").to_string(), "self_");
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut taken = Taken::default();
        assert_eq!(["A", "A", "A"].map(|name| taken.take(name.into())).join(" "), "A A2 A3");
    }
}
