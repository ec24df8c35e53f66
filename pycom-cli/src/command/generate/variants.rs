//! Alternatives of a schema to Rust enums, in the forms that serde knows.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::names::{Taken, ident, type_name};
use super::types::{Types, derives, docs, reference};

impl Types<'_> {
    /// An enum of words.
    pub(super) fn words(&mut self, texts: &[&str], docs: TokenStream, hint: &str) -> TokenStream {
        let variants = texts.iter().map(|text| (*text, TokenStream::new()));
        self.enumeration(variants.map(|(text, docs)| unit(text, docs)).collect(), TokenStream::new(), docs, hint)
    }

    /// An enum of these alternatives: of words, of objects told apart by their one key or by a
    /// common one, or, where nothing tells them apart, of whatever fits first.
    pub(super) fn alternatives(&mut self, schemas: &[&Value], docs: TokenStream, hint: &str) -> TokenStream {
        let name = self.fresh(hint);
        if schemas.iter().all(|schema| words_of(schema).is_some() || only_key(schema).is_some()) {
            let mut variants = Vec::new();
            for schema in schemas {
                variants.extend(self.keyed(schema, &name));
            }
            return self.finish(name, variants, TokenStream::new(), docs);
        }
        if let Some(tag) = common_tag(schemas) {
            let variants = schemas.iter().map(|schema| self.tagged(schema, &tag, &name)).collect();
            return self.finish(name, variants, quote!(#[serde(tag = #tag)]), docs);
        }
        let mut variants = Vec::new();
        for (at, schema) in schemas.iter().enumerate() {
            let wanted = match (reference(schema), schema.get("type").and_then(Value::as_str)) {
                (Some(key), _) => type_name(key, "Item"),
                (None, Some(kind)) => type_name(kind, "Item").replace("StringType", "Text"),
                (None, None) => format!("Alternative{}", at + 1),
            };
            let ty = self.of(schema, &format!("{name}{wanted}"));
            let docs = super::types::docs(schema);
            variants.push((wanted, String::new(), docs, quote!((#ty))));
        }
        self.finish(name, variants, quote!(#[serde(untagged)]), docs)
    }

    /// The variants of a schema of words, or the one of an object with one key.
    fn keyed(&mut self, schema: &Value, owner: &str) -> Vec<Variant> {
        if let Some(words) = words_of(schema) {
            return words.into_iter().map(|text| unit(text, docs(schema))).collect();
        }
        let Some((key, inner)) = only_key(schema) else { return Vec::new() };
        let wanted = type_name(key, "Variant");
        let body = self.body(inner, &format!("{owner}{wanted}"));
        vec![(wanted, key.to_owned(), docs(schema), body)]
    }

    fn tagged(&mut self, schema: &Value, tag: &str, owner: &str) -> Variant {
        let key = schema["properties"][tag]["const"].as_str().unwrap_or_default();
        let wanted = type_name(key, "Variant");
        let mut rest = schema.clone();
        if let Some(properties) = rest.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove(tag);
        }
        let empty = rest["properties"].as_object().is_none_or(serde_json::Map::is_empty);
        let fields = self.fields(&format!("{owner}{wanted}"), &rest, &TokenStream::new());
        let body = if empty { TokenStream::new() } else { quote!({ #fields }) };
        (wanted, key.to_owned(), docs(schema), body)
    }

    /// What a variant holds.
    fn body(&mut self, schema: &Value, hint: &str) -> TokenStream {
        let has_fields = schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        if has_fields {
            let fields = self.fields(hint, schema, &TokenStream::new());
            return quote!({ #fields });
        }
        let ty = self.of(schema, hint);
        quote!((#ty))
    }

    fn enumeration(&mut self, variants: Vec<Variant>, form: TokenStream, docs: TokenStream, hint: &str) -> TokenStream {
        let name = self.fresh(hint);
        self.finish(name, variants, form, docs)
    }

    fn finish(&mut self, name: String, variants: Vec<Variant>, form: TokenStream, docs: TokenStream) -> TokenStream {
        let mut taken = Taken::default();
        let variants = variants.into_iter().map(|(wanted, remote, docs, body)| {
            let name = taken.take(wanted);
            let rename = (!remote.is_empty() && remote != name).then(|| quote!(#[serde(rename = #remote)]));
            let name = ident(&name);
            quote!(#docs #rename #name #body,)
        });
        let derives = derives();
        let name_ident = ident(&name);
        let item = quote!(#docs #derives #form pub enum #name_ident { #(#variants)* });
        self.write(name, item);
        quote!(#name_ident)
    }
}

/// Wanted name, name on the wire, docs, what it holds.
type Variant = (String, String, TokenStream, TokenStream);

fn unit(text: &str, docs: TokenStream) -> Variant {
    (type_name(text, "Variant"), text.to_owned(), docs, TokenStream::new())
}

/// The words that a schema lets through, if nothing else fits.
fn words_of(schema: &Value) -> Option<Vec<&str>> {
    if let Some(text) = schema.get("const") {
        return Some(vec![text.as_str()?]);
    }
    schema.get("enum")?.as_array()?.iter().map(Value::as_str).collect()
}

/// The only key of an object that must have it, and what it holds.
fn only_key(schema: &Value) -> Option<(&str, &Value)> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required")?.as_array()?;
    let (key, inner) = properties.iter().next()?;
    (properties.len() == 1 && required.iter().any(|name| name == key)).then_some((key, inner))
}

/// The key that tells objects apart: each has it, with a word of its own.
fn common_tag(schemas: &[&Value]) -> Option<String> {
    let word =
        |schema: &Value, key: &str| schema.get("properties")?.get(key)?.get("const")?.as_str().map(str::to_owned);
    let first = schemas.first()?.get("properties")?.as_object()?;
    let tag = first.keys().find(|key| schemas.iter().all(|schema| word(schema, key).is_some()))?;
    let mut words: Vec<_> = schemas.iter().filter_map(|schema| word(schema, tag)).collect();
    words.sort();
    words.dedup();
    (words.len() == schemas.len()).then(|| tag.clone())
}
