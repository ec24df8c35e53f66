//! The enum and its attributes.

use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Data, DeriveInput, Error, Expr, ExprLit, ExprUnary, Lit, LitStr, Token, UnOp};

use super::{Errors, Fields, Variant};
use crate::parse::docs;
use crate::report::Report;

/// Highest code that is the protocol's own; the lowest is 0.
const LAST_RESERVED: i64 = 6;

pub(super) fn errors(input: &DeriveInput, report: &mut Report) -> Option<Errors> {
    let Data::Enum(data) = &input.data else {
        report.error(&input.ident, "ErrorCode is for enums: one variant for each thing that can go wrong");
        return None;
    };
    refuse(&input.attrs, "this stands on the variants, one code for each", report);
    let mut variants: Vec<Variant> = Vec::new();
    for variant in &data.variants {
        for field in &variant.fields {
            refuse(&field.attrs, "this stands on the variant, not on its fields", report);
        }
        let Some((code, at, text)) = attribute(variant, report) else { continue };
        if (0..=LAST_RESERVED).contains(&code) {
            let message =
                format!("codes 0 to {LAST_RESERVED} are the protocol's own; choose another, e.g. {}", code + 10);
            report.error(&at, message);
        } else if let Some(other) = variants.iter().find(|other| other.code == code) {
            report.error(&at, format!("`{}` has the code {code} already; give each variant its own", other.ident));
        }
        variants.push(Variant {
            ident: variant.ident.clone(),
            code,
            text,
            docs: docs::docs(&variant.attrs).text,
            fields: match &variant.fields {
                syn::Fields::Unit => Fields::Unit,
                syn::Fields::Named(fields) => {
                    Fields::Named(fields.named.iter().filter_map(|f| Some((f.ident.clone()?, f.ty.clone()))).collect())
                }
                syn::Fields::Unnamed(fields) => Fields::Unnamed(fields.unnamed.iter().map(|f| f.ty.clone()).collect()),
            },
        });
    }
    Some(Errors { ident: input.ident.clone(), generics: input.generics.clone(), variants })
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("error_code")
}

fn refuse(attributes: &[Attribute], message: &str, report: &mut Report) {
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        report.error(attribute, message);
    }
}

/// `#[error_code(17, "text")]`: the code, its tokens, the text.
fn attribute(variant: &syn::Variant, report: &mut Report) -> Option<(i64, Expr, Option<LitStr>)> {
    let mut attributes = variant.attrs.iter().filter(|attribute| is_ours(attribute));
    let Some(attribute) = attributes.next() else {
        report.error(&variant.ident, "this variant has no code; give it one: #[error_code(17)]");
        return None;
    };
    if let Some(second) = attributes.next() {
        report.error(second, "this variant has a code already; remove one of the two");
    }
    let usage = "this is written #[error_code(17)], or #[error_code(17, \"text with {field}\")]";
    let syn::Meta::List(list) = &attribute.meta else {
        report.error(attribute, usage);
        return None;
    };
    let parser = |input: ParseStream<'_>| {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), usage));
        }
        let code: Expr = input.parse()?;
        let mut text = None;
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            text = Some(input.parse::<LitStr>().map_err(|error| Error::new(error.span(), usage))?);
            input.parse::<Option<Token![,]>>()?;
        }
        if input.is_empty() { Ok((code, text)) } else { Err(input.error(usage)) }
    };
    let (code, text) = report.take(
        parser
            .parse2(list.tokens.clone())
            .map_err(|error| if list.tokens.is_empty() { Error::new_spanned(attribute, usage) } else { error }),
    )?;
    match number(&code) {
        Some(number) => Some((number, code, text)),
        None => {
            let shown = code.to_token_stream();
            report.error(shown, "a code is written as a whole number, e.g. #[error_code(17)]");
            None
        }
    }
}

fn number(value: &Expr) -> Option<i64> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => format!("-{}", number.base10_digits()).parse().ok(),
            _ => None,
        },
        Expr::Group(group) => number(&group.expr),
        _ => None,
    }
}
