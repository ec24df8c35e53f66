//! The item as it was written. Bodies of functions are kept as tokens: what is wrong in them is
//! the compiler's to say, and reading them would cost time.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Generics, Ident, ImplItem, Path, Result, Signature, Token, TraitItem, Type, TypeParamBound,
    Visibility, braced,
};

/// An impl block or a trait.
pub(crate) struct Source {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) unsafety: Option<Token![unsafe]>,
    pub(crate) generics: Generics,
    pub(crate) head: Head,
    pub(crate) items: Vec<Item>,
}

/// What tells the two apart.
pub(crate) enum Head {
    Impl { token: Token![impl], of: Option<(Path, Token![for])>, ty: Box<Type> },
    Trait { token: Token![trait], ident: Ident, supertraits: Punctuated<TypeParamBound, Token![+]> },
}

pub(crate) enum Item {
    Function(Box<Function>),
    Other(TokenStream),
}

pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// Whether it is a remote method.
    pub(crate) is_marked: bool,
    /// With its braces; `None` for a `;`.
    pub(crate) body: Option<TokenTree>,
}

impl Source {
    pub(crate) fn is_trait(&self) -> bool {
        matches!(self.head, Head::Trait { .. })
    }
}

impl Parse for Source {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        let unsafety = input.parse()?;
        let (mut generics, head);
        if input.peek(Token![impl]) {
            let token = input.parse()?;
            generics =
                if input.peek(Token![<]) && !input.peek2(Token![<]) { input.parse()? } else { Generics::default() };
            head = parse_impl(input, token)?;
        } else if input.peek(Token![trait]) {
            let token = input.parse()?;
            let ident = input.parse()?;
            generics = input.parse()?;
            let mut supertraits = Punctuated::new();
            if input.parse::<Option<Token![:]>>()?.is_some() {
                while !input.peek(Token![where]) && !input.peek(syn::token::Brace) {
                    supertraits.push_value(input.parse()?);
                    if !input.peek(Token![+]) {
                        break;
                    }
                    supertraits.push_punct(input.parse()?);
                }
            }
            head = Head::Trait { token, ident, supertraits };
        } else {
            let at = input.parse::<TokenTree>()?;
            return Err(Error::new_spanned(
                at,
                "#[interface] stands on an impl block, `impl Query { … }`, or on a trait, `trait Query { … }`",
            ));
        }
        generics.where_clause = input.parse()?;
        let content;
        braced!(content in input);
        attributes.extend(content.call(Attribute::parse_inner)?);
        let is_trait = matches!(head, Head::Trait { .. });
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(parse_item(&content, is_trait)?);
        }
        Ok(Self { attributes, visibility, unsafety, generics, head, items })
    }
}

fn parse_impl(input: ParseStream<'_>, token: Token![impl]) -> Result<Head> {
    let ahead = input.fork();
    if let (Ok(path), Ok(of)) = (ahead.parse::<Path>(), ahead.parse::<Token![for]>()) {
        input.advance_to(&ahead);
        return Ok(Head::Impl { token, of: Some((path, of)), ty: input.parse()? });
    }
    Ok(Head::Impl { token, of: None, ty: input.parse()? })
}

fn parse_item(input: ParseStream<'_>, is_trait: bool) -> Result<Item> {
    let ahead = input.fork();
    if let Some(function) = parse_function(&ahead) {
        input.advance_to(&ahead);
        return Ok(Item::Function(Box::new(function)));
    }
    Ok(Item::Other(if is_trait {
        input.parse::<TraitItem>()?.into_token_stream()
    } else {
        input.parse::<ImplItem>()?.into_token_stream()
    }))
}

fn parse_function(input: ParseStream<'_>) -> Option<Function> {
    let attributes = input.call(Attribute::parse_outer).ok()?;
    let visibility = input.parse().ok()?;
    let signature = input.parse().ok()?;
    let body = if input.peek(Token![;]) {
        input.parse::<Token![;]>().ok()?;
        None
    } else if input.peek(syn::token::Brace) {
        Some(input.parse().ok()?)
    } else {
        return None;
    };
    Some(Function { attributes, visibility, signature, is_marked: false, body })
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, signature, body, .. } = self;
        let body = body.as_ref().map_or_else(|| quote!(;), ToTokens::to_token_stream);
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Item::Function(function) => function.to_tokens(tokens),
            Item::Other(other) => other.to_tokens(tokens),
        }
    }
}

impl ToTokens for Source {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, unsafety, generics, head, items } = self;
        let where_clause = &generics.where_clause;
        let head = match head {
            Head::Impl { token, of, ty } => {
                let of = of.as_ref().map(|(path, of)| quote!(#path #of));
                quote!(#token #generics #of #ty)
            }
            Head::Trait { token, ident, supertraits } => {
                let colon = (!supertraits.is_empty()).then(|| quote!(:));
                quote!(#token #ident #generics #colon #supertraits)
            }
        };
        tokens.extend(quote! {
            #(#attributes)* #visibility #unsafety #head #where_clause { #(#items)* }
        });
    }
}
