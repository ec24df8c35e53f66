//! Types that must travel: where one cannot, there is to be one error, on that very type. How it
//! is done is told in `pycom`'s `client::stub::travel`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::Context;
use crate::model::Method;
use crate::tokens::{first_argument, is_named, last_segment, respan, second_argument};

/// Types that travel as they are.
const PLAIN: [&str; 17] = [
    "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64",
];

/// Types whose arguments are what travels.
const WRAPPERS: [&str; 2] = ["Option", "Vec"];

/// Which way a type travels.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// To the service, as an argument.
    There,
    /// From the service, as a result.
    Back,
}

impl Context<'_> {
    /// `code`, a type that uses `ty`, with the question whether the user's own types in `ty` can
    /// travel. Where there are none in it, the question and the answer are left out.
    pub(super) fn asked(&self, ty: &Type, way: Way, method: &Method, code: TokenStream) -> TokenStream {
        let question = match (way, self.interface.client.is_some(), self.interface.owner.has_server()) {
            (Way::There, true, true) => quote!(__pycom::Parameter<'_, _>),
            (Way::There, false, _) => quote!(__pycom::ServerParameter<'_, _>),
            (Way::There, true, false) => quote!(__pycom::ClientParameter<_>),
            (Way::Back, true, true) => quote!(__pycom::Returned<_>),
            (Way::Back, false, _) => quote!(__pycom::ServerReturned<_>),
            (Way::Back, true, false) => quote!(__pycom::ClientReturned<_>),
        };
        own_types(ty).into_iter().fold(code, |code, own| {
            let resolved = self.outside(own, method);
            ask(own, &resolved, &question, &code)
        })
    }

    /// A user's type as something that travels.
    pub(super) fn carried(&self, ty: &Type, way: Way, method: &Method) -> TokenStream {
        let resolved = self.outside(ty, method);
        self.asked(ty, way, method, quote!(__pycom::As<#resolved>))
    }

    /// The type of the error of a method that returns a `Result`.
    pub(super) fn error_type(&self, method: &Method) -> Option<TokenStream> {
        let ty = method.output.ty.as_ref().filter(|_| method.output.fallible)?;
        Some(match error_of(ty) {
            Some(error) => self.outside(error, method),
            None => self.of_result(ty, "Error", method),
        })
    }

    /// The `Value` or `Error` of a type that is taken for a `Result`.
    pub(super) fn of_result(&self, ty: &Type, what: &str, method: &Method) -> TokenStream {
        let (first, last) = ends(ty);
        let (ty, what) = (self.outside(ty, method), Ident::new(what, last));
        let open = quote_spanned!(first=> <);
        let close = quote_spanned!(last=> as __pycom::MethodResult>::#what);
        quote!(#open #ty #close)
    }
}

/// The error in a `Result`, where it is written there.
pub(super) fn error_of(ty: &Type) -> Option<&Type> {
    last_segment(ty).and_then(second_argument)
}

/// Whether a type is, or holds, one of the user's own.
pub(crate) fn is_own(ty: &Type) -> bool {
    !own_types(ty).is_empty()
}

/// The types in this one of which it is not known that they can travel.
fn own_types(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Group(group) => own_types(&group.elem),
        Type::Paren(paren) => own_types(&paren.elem),
        Type::Slice(slice) => own_types(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().flat_map(own_types).collect(),
        Type::Path(path) if path.qself.is_none() => {
            let Some(segment) = path.path.segments.last() else { return vec![ty] };
            let is_one_of = |names: &[&str]| names.iter().any(|name| segment.ident == name);
            match first_argument(segment) {
                None if is_one_of(&PLAIN) => Vec::new(),
                // `Json` travels by itself, a list of it does not.
                Some(inner) if is_one_of(&WRAPPERS) && !is_named(inner, "Json") => own_types(inner),
                _ => vec![ty],
            }
        }
        _ => vec![ty],
    }
}

/// `<ty as question>::Of<code>`, all of it on the tokens of `ty`.
pub(crate) fn ask(ty: &Type, resolved: &TokenStream, question: &TokenStream, code: &TokenStream) -> TokenStream {
    let (first, last) = ends(ty);
    let open = quote_spanned!(first=> <);
    let question = respan(question.clone(), last);
    let of = quote_spanned!(last=> as #question>::Of<);
    let close = quote_spanned!(last=> >);
    quote!(#open #resolved #of #code #close)
}

/// The places of the first and the last token: an error on both is an error on all between.
pub(super) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let tokens = tokens.into_token_stream();
    let first = tokens.clone().into_iter().next().map_or_else(Span::call_site, |token| match token {
        TokenTree::Group(group) => group.span_open(),
        other => other.span(),
    });
    let last = tokens.into_iter().last().map_or(first, |token| match token {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    });
    (first, last)
}
