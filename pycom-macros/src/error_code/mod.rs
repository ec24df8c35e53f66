//! `#[derive(ErrorCode)]`: variants of an enum to codes and texts, and back.
//!
//! | file | owns |
//! | --- | --- |
//! | `parse` | the enum and its attributes to the model, and what is wrong with them |
//! | `expand` | the model to the impl |

mod expand;
mod parse;

use proc_macro2::{Ident, TokenStream};
use syn::{DeriveInput, Generics, LitStr, Type};

use crate::report::Report;

/// An enum whose variants have codes.
struct Errors {
    ident: Ident,
    generics: Generics,
    variants: Vec<Variant>,
}

struct Variant {
    ident: Ident,
    code: i64,
    /// `None` where `Display` has it.
    text: Option<LitStr>,
    docs: Option<TokenStream>,
    fields: Fields,
}

enum Fields {
    Unit,
    Named(Vec<(Ident, Type)>),
    Unnamed(Vec<Type>),
}

/// All of `#[derive(ErrorCode)]`.
pub(crate) fn error_code(input: TokenStream, pycom: &TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut report = Report::default();
    match parse::errors(&input, &mut report) {
        Some(errors) if report.is_empty() => expand::errors(&errors, pycom),
        _ => report.to_compile_errors(),
    }
}
