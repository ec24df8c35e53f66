//! JSON Schema to Rust types.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Map, Value};

use super::names::{Taken, ident, type_name, value_name};
use crate::schema::rust_number;

/// Longest tuple that has the usual traits.
const LONGEST_TUPLE: usize = 12;

/// Longest array that has the usual traits.
const LONGEST_ARRAY: u64 = 32;

/// The types of a contract, made as they are asked for.
#[derive(Debug)]
pub struct Types<'d> {
    definitions: &'d Map<String, Value>,
    /// Rust names of the definitions.
    named: BTreeMap<&'d str, String>,
    taken: Taken,
    /// What is written, by name.
    items: BTreeMap<String, TokenStream>,
}

impl<'d> Types<'d> {
    /// Types from these definitions; `reserved` are names that the contract has otherwise.
    pub fn new(definitions: &'d Map<String, Value>, reserved: impl IntoIterator<Item = String>) -> Self {
        let mut taken = Taken::default();
        for name in reserved {
            taken.take(name);
        }
        let named = definitions.keys().map(|key| (key.as_str(), taken.take(type_name(key, "Item")))).collect();
        Self { definitions, named, taken, items: BTreeMap::new() }
    }

    /// All types that were asked for, in the order of their names.
    pub fn into_items(self) -> impl Iterator<Item = TokenStream> {
        self.items.into_values()
    }

    /// A name of its own for a type that has none.
    pub(super) fn fresh(&mut self, hint: &str) -> String {
        self.taken.take(type_name(hint, "Item"))
    }

    pub(super) fn write(&mut self, name: String, item: TokenStream) {
        self.items.insert(name, item);
    }

    /// The Rust type of a schema; `hint` names it if it has to be written.
    pub fn of(&mut self, schema: &Value, hint: &str) -> TokenStream {
        let Value::Object(keys) = schema else { return any() };
        if let Some(key) = reference(schema) {
            return self.defined(key);
        }
        let alternatives = ["anyOf", "oneOf"].into_iter().find_map(|key| keys.get(key)?.as_array());
        if let Some(alternatives) = alternatives {
            let (null, others): (Vec<&Value>, Vec<&Value>) = alternatives.iter().partition(|schema| is_null(schema));
            return match (&others[..], null.is_empty()) {
                ([], _) => quote!(()),
                ([only], _) => optional(!null.is_empty(), self.of(only, hint)),
                (others, no_null) => {
                    let inner = self.alternatives(others, docs(schema), hint);
                    optional(!no_null, inner)
                }
            };
        }
        if let Some(Value::Array(values)) = keys.get("enum") {
            let (null, others): (Vec<&Value>, Vec<&Value>) = values.iter().partition(|value| value.is_null());
            let texts: Option<Vec<&str>> = others.into_iter().map(Value::as_str).collect();
            return match texts {
                Some(texts) if !texts.is_empty() => {
                    let inner = self.words(&texts, docs(schema), hint);
                    optional(!null.is_empty(), inner)
                }
                _ => any(),
            };
        }
        if let Some(Value::String(text)) = keys.get("const") {
            return self.words(&[text], docs(schema), hint);
        }
        match keys.get("type") {
            Some(Value::String(kind)) => self.simple(kind, keys, schema, hint),
            Some(Value::Array(kinds)) => {
                let (null, others): (Vec<&str>, Vec<&str>) =
                    kinds.iter().filter_map(Value::as_str).partition(|kind| *kind == "null");
                match others[..] {
                    [kind] => {
                        let inner = self.simple(kind, keys, schema, hint);
                        optional(!null.is_empty(), inner)
                    }
                    _ => any(),
                }
            }
            _ => match keys.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
                Some([only]) => self.of(only, hint),
                _ if keys.contains_key("properties") => self.simple("object", keys, schema, hint),
                _ => any(),
            },
        }
    }

    fn simple(&mut self, kind: &str, keys: &Map<String, Value>, schema: &Value, hint: &str) -> TokenStream {
        match kind {
            "null" => quote!(()),
            "boolean" => quote!(bool),
            "string" => quote!(String),
            "integer" | "number" => {
                let usual = if kind == "integer" { "i64" } else { "f64" };
                let number = keys.get("format").and_then(Value::as_str).and_then(rust_number).unwrap_or(usual);
                let number = ident(number);
                quote!(#number)
            }
            "array" => self.array(keys, hint),
            "object" => self.object(keys, schema, hint),
            _ => any(),
        }
    }

    fn array(&mut self, keys: &Map<String, Value>, hint: &str) -> TokenStream {
        if let Some(Value::Array(items)) = keys.get("prefixItems") {
            if items.is_empty() || items.len() > LONGEST_TUPLE {
                return quote!(Vec<serde_json::Value>);
            }
            let items: Vec<TokenStream> =
                items.iter().enumerate().map(|(at, item)| self.of(item, &format!("{hint}Part{}", at + 1))).collect();
            return quote!((#(#items,)*));
        }
        let item = keys.get("items").map_or_else(any, |item| self.of(item, &format!("{hint}Item")));
        let bound = |key: &str| keys.get(key).and_then(Value::as_u64);
        match (bound("minItems"), bound("maxItems")) {
            (Some(least), Some(most)) if least == most && (1..=LONGEST_ARRAY).contains(&least) => {
                let length = proc_macro2::Literal::u64_unsuffixed(least);
                quote!([#item; #length])
            }
            _ => quote!(Vec<#item>),
        }
    }

    fn object(&mut self, keys: &Map<String, Value>, schema: &Value, hint: &str) -> TokenStream {
        if has_fields(schema) {
            let name = self.fresh(hint);
            self.structure(&name, schema);
            let name = ident(&name);
            return quote!(#name);
        }
        let value = match keys.get("additionalProperties") {
            Some(inner @ Value::Object(_)) => self.of(inner, &format!("{hint}Value")),
            _ => any(),
        };
        quote!(std::collections::BTreeMap<String, #value>)
    }

    /// The type that a definition stands for; written when it is first asked for.
    fn defined(&mut self, key: &str) -> TokenStream {
        let Some((&key, name)) = self.named.get_key_value(key) else { return any() };
        let name = name.clone();
        let schema = &self.definitions[key];
        let name_ident = ident(&name);
        if !self.items.contains_key(&name) {
            // Holds the place, for types that hold themselves.
            self.items.insert(name.clone(), TokenStream::new());
            if has_fields(schema) {
                self.structure(&name, schema);
            } else {
                self.named_otherwise(&name, schema);
            }
        }
        quote!(#name_ident)
    }

    /// A definition that is no struct: an enum of this name, or an alias.
    fn named_otherwise(&mut self, name: &str, schema: &Value) {
        // Alternatives write an enum; it is to have the very name.
        let scratch = format!("{name}Of");
        let before = self.items.len();
        let ty = self.of(schema, &scratch);
        let text = ty.to_string();
        let docs = docs(schema);
        let name_ident = ident(name);
        match self.items.remove(&text) {
            Some(item) if self.items.len() >= before && text.starts_with(&scratch) => {
                self.items.insert(name.to_owned(), rename(item, &text, name));
            }
            other => {
                if let Some(item) = other {
                    self.items.insert(text, item);
                }
                self.items.insert(name.to_owned(), quote!(#docs pub type #name_ident = #ty;));
            }
        }
    }

    /// Writes a struct.
    pub(super) fn structure(&mut self, name: &str, schema: &Value) {
        let fields = self.fields(name, schema, &quote!(pub));
        let docs = docs(schema);
        let name_ident = ident(name);
        let derives = derives();
        self.write(name.to_owned(), quote!(#docs #derives pub struct #name_ident { #fields }));
    }

    /// The fields of a struct, or of a variant.
    pub(super) fn fields(&mut self, owner: &str, schema: &Value, visibility: &TokenStream) -> TokenStream {
        let required: BTreeSet<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut taken = Taken::default();
        let mut fields = TokenStream::new();
        for (remote, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let name = ident(&taken.take(value_name(remote, "field")));
            let mut ty = self.of(schema, &format!("{owner}{}", type_name(remote, "Field")));
            if let Some(key) = contained(schema)
                && self.reaches(key, schema_owner(owner, &self.named), &mut BTreeSet::new())
            {
                ty = boxed(ty);
            }
            let docs = docs(schema);
            let rename = (name != *remote).then(|| quote!(#[serde(rename = #remote)]));
            let rest = if required.contains(remote.as_str()) {
                quote!(#visibility #name: #ty,)
            } else {
                let ty = if is_option(&ty) { ty } else { quote!(Option<#ty>) };
                quote!(#[serde(default, skip_serializing_if = "Option::is_none")] #visibility #name: #ty,)
            };
            fields.extend(quote!(#docs #rename #rest));
        }
        fields
    }

    /// Whether the type `from` holds the type `to` without a vector or map between.
    fn reaches<'s>(&'s self, from: &'s str, to: Option<&str>, seen: &mut BTreeSet<&'s str>) -> bool {
        let Some(to) = to else { return false };
        if from == to {
            return true;
        }
        if !seen.insert(from) {
            return false;
        }
        let mut inside = Vec::new();
        if let Some(schema) = self.definitions.get(from) {
            directly_inside(schema, &mut inside);
        }
        inside.into_iter().any(|next| self.reaches(next, Some(to), seen))
    }
}

/// The definition that a written type came from.
fn schema_owner<'n>(owner: &str, named: &BTreeMap<&'n str, String>) -> Option<&'n str> {
    // A variant's or a nameless type's owner begins with the definition's name.
    let longest = named.iter().filter(|(_, name)| owner.starts_with(name.as_str()));
    longest.max_by_key(|(_, name)| name.len()).map(|(key, _)| *key)
}

/// The definition that a schema is, or is or null.
fn contained(schema: &Value) -> Option<&str> {
    if let Some(key) = reference(schema) {
        return Some(key);
    }
    let alternatives = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
    let mut others = alternatives.iter().filter(|schema| !is_null(schema));
    match (others.next(), others.next()) {
        (Some(only), None) => reference(only),
        _ => None,
    }
}

fn directly_inside<'s>(schema: &'s Value, found: &mut Vec<&'s str>) {
    if let Some(key) = reference(schema) {
        found.push(key);
    }
    let parts = ["anyOf", "oneOf", "allOf", "prefixItems"].into_iter().filter_map(|key| schema.get(key)?.as_array());
    parts.flatten().for_each(|part| directly_inside(part, found));
    let fields = schema.get("properties").and_then(Value::as_object);
    fields.into_iter().flatten().for_each(|(_, field)| directly_inside(field, found));
}

/// Replaces an identifier.
fn rename(tokens: TokenStream, from: &str, to: &str) -> TokenStream {
    use proc_macro2::{Group, TokenTree};
    let replace = |token| match token {
        TokenTree::Ident(name) if name == from => TokenTree::Ident(ident(to)),
        TokenTree::Group(group) => TokenTree::Group(Group::new(group.delimiter(), rename(group.stream(), from, to))),
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

pub fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null") || schema.get("const").is_some_and(Value::is_null)
}

fn has_fields(schema: &Value) -> bool {
    let object = schema.get("type").is_none_or(|kind| kind == "object");
    let alternatives = schema.get("oneOf").is_some() || schema.get("anyOf").is_some();
    object && !alternatives && schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty())
}

fn is_option(ty: &TokenStream) -> bool {
    matches!(ty.clone().into_iter().next(), Some(proc_macro2::TokenTree::Ident(name)) if name == "Option")
}

fn boxed(ty: TokenStream) -> TokenStream {
    if !is_option(&ty) {
        return quote!(Box<#ty>);
    }
    let inner: TokenStream = ty.into_iter().skip(2).collect::<Vec<_>>().into_iter().rev().skip(1).rev().collect();
    quote!(Option<Box<#inner>>)
}

fn optional(is: bool, ty: TokenStream) -> TokenStream {
    if is && !is_option(&ty) { quote!(Option<#ty>) } else { ty }
}

pub fn any() -> TokenStream {
    quote!(serde_json::Value)
}

pub fn derives() -> TokenStream {
    quote!(#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)])
}

/// What a schema says of its type, as doc comments.
pub fn docs(schema: &Value) -> TokenStream {
    schema.get("description").and_then(Value::as_str).map(doc_lines).unwrap_or_default()
}

/// A text as doc comments; foreign code in it is not run as a doc test.
pub fn doc_lines(text: &str) -> TokenStream {
    let mut in_code = false;
    text.trim().lines().map(|line| line.trim_end()).fold(TokenStream::new(), |mut tokens, line| {
        let mut line = line.trim_start().to_owned();
        if line.starts_with("```") {
            in_code = !in_code;
            line = if in_code { "```text".into() } else { "```".into() };
        }
        let line = if line.is_empty() { String::new() } else { format!(" {line}") };
        tokens.extend(quote!(#[doc = #line]));
        tokens
    })
}
