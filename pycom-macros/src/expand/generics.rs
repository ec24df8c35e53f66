//! The generics of the stub: those of the service that its signatures use.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, GenericParam, Generics, Ident};

use crate::model::{DefaultValue, Interface, Method, ParameterKind};
use crate::tokens::{mentions, replace_self};

/// The generics of `interface` that its methods' arguments and results mention, and what these
/// need in turn.
pub(super) fn used(interface: &Interface, own_type: &TokenStream) -> Generics {
    let all: Vec<&Ident> = interface.generics.params.iter().filter_map(name).collect();
    if all.is_empty() {
        return Generics::default();
    }
    let signatures: TokenStream = interface.methods.iter().map(|method| signature(method, own_type)).collect();
    let mentioned = |tokens: &TokenStream| {
        all.iter().copied().filter(|name| mentions(tokens, &name.to_string())).collect::<Vec<_>>()
    };
    let mut used = mentioned(&signatures);
    let bounds: Vec<TokenStream> = interface.generics.params.iter().map(ToTokens::to_token_stream).collect();
    let predicates: Vec<TokenStream> = predicates(&interface.generics).map(ToTokens::to_token_stream).collect();
    loop {
        let before = used.len();
        for clause in bounds.iter().chain(&predicates) {
            let names = mentioned(clause);
            if names.iter().any(|name| used.contains(name)) {
                for name in names {
                    if !used.contains(&name) {
                        used.push(name);
                    }
                }
            }
        }
        if used.len() == before {
            break;
        }
    }
    let mut generics = interface.generics.clone();
    generics.params =
        generics.params.into_iter().filter(|param| name(param).is_some_and(|name| used.contains(&name))).collect();
    if let Some(clause) = &mut generics.where_clause {
        let kept = clause.predicates.iter().filter(|predicate| {
            let names = mentioned(&predicate.to_token_stream());
            !names.is_empty() && names.iter().all(|name| used.contains(name))
        });
        clause.predicates = kept.cloned().collect();
    }
    if generics.params.is_empty() { Generics::default() } else { generics }
}

fn predicates(generics: &Generics) -> impl Iterator<Item = &syn::WherePredicate> {
    generics.where_clause.iter().flat_map(|clause| &clause.predicates)
}

fn name(parameter: &GenericParam) -> Option<&Ident> {
    match parameter {
        GenericParam::Type(ty) => Some(&ty.ident),
        GenericParam::Const(constant) => Some(&constant.ident),
        _ => None,
    }
}

/// All of a method that the client's half repeats.
fn signature(method: &Method, own_type: &TokenStream) -> TokenStream {
    let types = method.parameters.iter().filter_map(|parameter| match &parameter.kind {
        ParameterKind::Request { .. } | ParameterKind::Session { .. } => None,
        _ => Some(&parameter.ty),
    });
    let defaults = method.named().filter_map(|(_, argument)| match &argument.default {
        Some(DefaultValue::Expression(value)) => Some(value as &Expr),
        _ => None,
    });
    let output = &method.output.ty;
    replace_self(quote!(#(#types)* #output #(#defaults)*), own_type)
}

/// The same without bounds and defaults, as the definition of a type has them.
pub(super) fn unbounded(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Type(ty) => {
                ty.bounds.clear();
                ty.colon_token = None;
                ty.default = None;
            }
            GenericParam::Const(constant) => {
                constant.default = None;
            }
            _ => {}
        }
    }
    generics.where_clause = None;
    generics
}
