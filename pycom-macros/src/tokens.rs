//! Small questions to types and small changes to tokens.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The type without the invisible group that a `macro_rules!` fragment puts around it.
pub(crate) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        other => other,
    }
}

/// The last segment of a type that is a path.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match plain(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether a type is a path that ends in `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The first type among the generic arguments of a path.
pub(crate) fn first_argument(segment: &PathSegment) -> Option<&Type> {
    arguments(segment).next()
}

/// The second one.
pub(crate) fn second_argument(segment: &PathSegment) -> Option<&Type> {
    arguments(segment).nth(1)
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The `T` of `Option<T>`.
pub(crate) fn option_inner(ty: &Type) -> Option<&Type> {
    last_segment(ty).filter(|segment| segment.ident == "Option").and_then(first_argument)
}

/// Whether these tokens hold this identifier, at any depth.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        _ => false,
    })
}

/// Whether there is a reference in a type.
pub(crate) fn holds_reference(ty: &TokenStream) -> bool {
    ty.clone().into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '&',
        TokenTree::Group(group) => holds_reference(&group.stream()),
        _ => false,
    })
}

/// The tokens with `Self` replaced by a type.
pub(crate) fn replace_self(tokens: impl ToTokens, with: &TokenStream) -> TokenStream {
    let mut replaced = TokenStream::new();
    let mut tokens = tokens.into_token_stream().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let in_path = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                let with = with.clone();
                replaced.extend(if in_path { quote_spanned!(ident.span()=> <#with>) } else { with });
            }
            TokenTree::Group(group) => replaced.extend([regroup(&group, replace_self(group.stream(), with))]),
            other => replaced.extend([other]),
        }
    }
    replaced
}

/// The tokens with the named lifetimes replaced by `'_`.
pub(crate) fn elide_lifetimes(tokens: impl ToTokens, names: &[Ident]) -> TokenStream {
    let mut after_quote = false;
    tokens
        .into_token_stream()
        .into_iter()
        .map(|token| {
            let was_after_quote = std::mem::replace(
                &mut after_quote,
                matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\''),
            );
            match token {
                TokenTree::Ident(ident) if was_after_quote && names.contains(&ident) => {
                    TokenTree::Ident(Ident::new("_", ident.span()))
                }
                TokenTree::Group(group) => regroup(&group, elide_lifetimes(group.stream(), names)),
                other => other,
            }
        })
        .collect()
}

/// The tokens, shown at another place of the source.
pub(crate) fn respan(tokens: TokenStream, at: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                let mut new = Group::new(group.delimiter(), respan(group.stream(), at));
                new.set_span(at);
                return TokenTree::Group(new);
            }
            token.set_span(at);
            token
        })
        .collect()
}

fn regroup(group: &Group, stream: TokenStream) -> TokenTree {
    let delimiter = match group.delimiter() {
        // A type from `macro_rules!` is one token for precedence; as text it needs none.
        Delimiter::None => return TokenTree::Group(Group::new(Delimiter::None, stream)),
        other => other,
    };
    let mut new = Group::new(delimiter, stream);
    new.set_span(group.span());
    TokenTree::Group(new)
}
