//! Doc comments, `deprecated`, `cfg`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaNameValue, Token, punctuated::Punctuated};

use crate::model::{Deprecated, Docs};

/// The doc comments among these attributes.
pub(crate) fn docs(attributes: &[Attribute]) -> Docs {
    let attributes: Vec<_> = attributes.iter().filter(|attribute| is_text(attribute)).cloned().collect();
    let values: Vec<&Expr> = attributes.iter().filter_map(|attribute| Some(&name_value(attribute)?.value)).collect();
    let text = text(&values);
    Docs { attributes, text }
}

fn name_value(attribute: &Attribute) -> Option<&MetaNameValue> {
    match &attribute.meta {
        Meta::NameValue(pair) => Some(pair),
        _ => None,
    }
}

fn is_text(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc") && name_value(attribute).is_some()
}

fn text(values: &[&Expr]) -> Option<TokenStream> {
    let literals: Option<Vec<String>> = values.iter().copied().map(literal).collect();
    let Some(literals) = literals else {
        // `#[doc = include_str!("…")]`: put together by the compiler.
        let values = values.iter().map(|value| match literal(value) {
            Some(text) => lines(&text).to_token_stream(),
            None => value.to_token_stream(),
        });
        return Some(quote!(::core::primitive::str::trim_ascii(::core::concat!(#(#values, "\n"),*))));
    };
    let text: Vec<String> = literals.iter().map(|text| lines(text)).collect();
    let text = text.join("\n");
    let text = text.trim_end().trim_start_matches('\n');
    (!text.is_empty()).then(|| text.to_token_stream())
}

/// A doc comment without the space that stands before each of its lines.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(strip).collect();
    lines.join("\n")
}

fn strip(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}

fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

/// The `cfg`s among these attributes: what is written for an item goes where the item goes.
pub(super) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// The `deprecated` among these attributes.
pub(super) fn deprecated(attributes: &[Attribute]) -> Option<Deprecated> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("deprecated"))?;
    let note = match &attribute.meta {
        Meta::Path(_) => None,
        Meta::NameValue(pair) => literal(&pair.value),
        Meta::List(list) => {
            list.parse_args_with(Punctuated::<MetaNameValue, Token![,]>::parse_terminated).ok().and_then(|pairs| {
                pairs.iter().find(|pair| pair.path.is_ident("note")).and_then(|pair| literal(&pair.value))
            })
        }
    };
    Some(Deprecated { attribute: attribute.clone(), note: note.unwrap_or_default() })
}
