//! The impl of `ErrorCode`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{LitStr, Type};

use super::{Errors, Fields, Variant};
use crate::expand::travel::{ask, is_own};

pub(super) fn errors(errors: &Errors, pycom: &TokenStream) -> TokenStream {
    let private = &quote!(#pycom::__private);
    let ident = &errors.ident;
    let (parameters, arguments, conditions) = errors.generics.split_for_impl();
    let infos = errors.variants.iter().map(|variant| info(variant, private));
    let codes = errors.variants.iter().map(|variant| {
        let (ident, code) = (&variant.ident, variant.code);
        quote!(Self::#ident { .. } => #code)
    });
    let texts = errors.variants.iter().map(|variant| text(variant, private));
    let data = errors.variants.iter().map(|variant| data(variant, private));
    let restored = errors.variants.iter().map(|variant| restore(variant, private));
    let fields = Ident::new("fields", Span::mixed_site());
    // An enum without variants is matched through a reference, which an empty `match` cannot.
    let itself = if errors.variants.is_empty() { quote!(*self) } else { quote!(self) };
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, deprecated, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        impl #parameters #pycom::ErrorCode for #ident #arguments #conditions {
            const CODES: &'static [#private::ErrorInfo] = &[#(#infos),*];

            fn code(&self) -> ::core::primitive::i64 {
                match #itself { #(#codes,)* }
            }

            fn text(&self) -> ::std::string::String {
                match #itself { #(#texts,)* }
            }

            fn data(&self) -> ::core::option::Option<#private::Json> {
                match #itself { #(#data,)* }
            }

            fn restore(
                code: ::core::primitive::i64,
                _: &::core::primitive::str,
                data: ::core::option::Option<&#private::Json>,
            ) -> ::core::option::Option<Self> {
                let #fields = #private::ErrorFields::read(data);
                match code {
                    #(#restored,)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}

fn info(variant: &Variant, private: &TokenStream) -> TokenStream {
    let (code, name) = (variant.code, variant.ident.unraw().to_string());
    let docstring = match &variant.docs {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    quote!(#private::ErrorInfo { code: #code, name: #name, docstring: #docstring })
}

fn text(variant: &Variant, private: &TokenStream) -> TokenStream {
    let ident = &variant.ident;
    let Some(text) = &variant.text else {
        return quote_spanned!(ident.span()=> Self::#ident { .. } => #private::error_text(self));
    };
    match &variant.fields {
        Fields::Unit => quote!(Self::#ident => ::std::format!(#text)),
        Fields::Named(fields) => {
            let names = fields.iter().map(|(name, _)| name);
            quote!(Self::#ident { #(#names),* } => ::std::format!(#text))
        }
        Fields::Unnamed(fields) => {
            let names = (0..fields.len()).map(positional);
            let text = LitStr::new(&name_positions(&text.value()), text.span());
            quote!(Self::#ident(#(#names),*) => ::std::format!(#text))
        }
    }
}

/// The variable for the field at this place.
fn positional(place: usize) -> Ident {
    format_ident!("_{place}")
}

/// `{0}` as `{_0}`, because a format string may leave fields out, but no positional arguments.
fn name_positions(text: &str) -> String {
    let mut named = String::with_capacity(text.len() + 4);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        named.push(character);
        if character == '{' {
            match characters.peek() {
                Some('{') => named.extend(characters.next()),
                Some(digit) if digit.is_ascii_digit() => named.push('_'),
                _ => {}
            }
        }
    }
    named
}

/// Fields with the names under which they travel, and the variables that hold them.
fn fields(fields: &Fields) -> Vec<(String, Ident, &Type)> {
    match fields {
        Fields::Unit => Vec::new(),
        Fields::Named(fields) => fields.iter().map(|(name, ty)| (name.unraw().to_string(), name.clone(), ty)).collect(),
        Fields::Unnamed(fields) => {
            fields.iter().enumerate().map(|(place, ty)| (place.to_string(), positional(place), ty)).collect()
        }
    }
}

/// A type that carries a field of this type, asked whether it can.
fn field(ty: &Type, private: &TokenStream) -> TokenStream {
    let carrier = quote!(#private::As<#ty>);
    if !is_own(ty) {
        return carrier;
    }
    ask(ty, &ty.to_token_stream(), &quote!(#private::ErrorField<_>), &carrier)
}

fn pattern(variant: &Variant) -> TokenStream {
    let ident = &variant.ident;
    let all = fields(&variant.fields);
    let names = all.iter().map(|(_, variable, _)| variable);
    match &variant.fields {
        Fields::Unit => quote!(Self::#ident),
        Fields::Named(_) => quote!(Self::#ident { #(#names),* }),
        Fields::Unnamed(_) => quote!(Self::#ident(#(#names),*)),
    }
}

fn data(variant: &Variant, private: &TokenStream) -> TokenStream {
    let pattern = pattern(variant);
    let all = fields(&variant.fields);
    if all.is_empty() {
        return quote!(#pattern => ::core::option::Option::None);
    }
    let writes = all.iter().map(|(name, variable, ty)| {
        let field = field(ty, private);
        quote!(.with::<#field>(#name, #variable))
    });
    quote!(#pattern => #private::ErrorFields::new()#(#writes)*.into_json())
}

fn restore(variant: &Variant, private: &TokenStream) -> TokenStream {
    let (ident, code) = (&variant.ident, variant.code);
    let source = Ident::new("fields", Span::mixed_site());
    let values = fields(&variant.fields);
    let values = values.iter().map(|(name, variable, ty)| {
        let field = field(ty, private);
        let value = quote!(#source.get::<#field>(#name)?);
        match &variant.fields {
            Fields::Named(_) => quote!(#variable: #value),
            _ => value,
        }
    });
    let value = match &variant.fields {
        Fields::Unit => quote!(Self::#ident),
        Fields::Named(_) => quote!(Self::#ident { #(#values),* }),
        Fields::Unnamed(_) => quote!(Self::#ident(#(#values),*)),
    };
    quote!(#code => ::core::option::Option::Some(#value))
}

#[cfg(test)]
mod tests {
    use super::name_positions;

    #[test]
    fn positions_in_a_text_get_names() {
        assert_eq!(name_positions("{0} of {1:?}, {{0}} {name}"), "{_0} of {_1:?}, {{0}} {name}");
    }
}
