//! A trait as a contract: futures that can be sent, and the wrapper that serves an implementor.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{GenericParam, Generics, ReturnType, Token, TypeParamBound, parse_quote, parse_quote_spanned};

use super::generics::unbounded;
use super::{Context, local};
use crate::model::Owner;
use crate::parse::source::{Function, Head, Item, Source};

/// The type parameter that stands for the implementor in generated code.
pub(super) fn implementor() -> Ident {
    Ident::new("__Service", Span::call_site())
}

/// The item to leave in place: an impl block as it is, a trait as a contract.
pub(super) fn contract(mut source: Source) -> TokenStream {
    if let Head::Trait { supertraits, .. } = &mut source.head {
        require(supertraits, "Send", || parse_quote!(::core::marker::Send));
        require(supertraits, "Sync", || parse_quote!(::core::marker::Sync));
        require(supertraits, "'static", || parse_quote!('static));
        for item in &mut source.items {
            if let Item::Function(function) = item
                && function.is_marked
            {
                make_sendable(function);
            }
        }
    }
    source.into_token_stream()
}

fn require(
    supertraits: &mut Punctuated<TypeParamBound, Token![+]>,
    name: &str,
    bound: impl FnOnce() -> TypeParamBound,
) {
    let is_there = supertraits.iter().any(|known| {
        let shown = known.to_token_stream().to_string().replace(' ', "");
        shown == name || shown.ends_with(&format!("::{name}"))
    });
    if !is_there {
        supertraits.push(bound());
    }
}

/// `async fn` in a trait says nothing of `Send`; what it stands for can.
fn make_sendable(function: &mut Function) {
    let signature = &mut function.signature;
    let Some(token) = signature.asyncness.take() else { return };
    let span = match &signature.output {
        ReturnType::Default => token.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    let output = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    signature.output = parse_quote_spanned! {span=>
        -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
    };
    if let Some(body) = &function.body {
        let body = quote_spanned!(token.span()=> { async move #body });
        function.body = body.into_iter().next();
        function.attributes.push(parse_quote!(#[allow(clippy::manual_async_fn)]));
    }
}

impl Context<'_> {
    /// The type that serves an implementor of the trait, unless it is not wanted.
    pub(super) fn wrapper_type_definition(&self) -> Option<TokenStream> {
        let Owner::Trait { ident, server: Some(server) } = &self.interface.owner else { return None };
        let (visibility, implementor) = (&self.interface.visibility, implementor());
        let definition = unbounded(&self.wrapper_generics());
        let types: Vec<_> = self.interface.generics.type_params().map(|parameter| &parameter.ident).collect();
        let marker =
            (!types.is_empty()).then(|| quote!(types: ::core::marker::PhantomData<fn() -> (#(*const #types,)*)>,));
        let documentation = format!(
            " Serves the interface `{}` with an implementor of [`{ident}`]: give it to `launch` or `offer`.",
            self.interface.name.value()
        );
        Some(quote! {
            #[doc = #documentation]
            #[allow(dead_code, unreachable_pub)]
            #visibility struct #server #definition {
                service: ::std::sync::Arc<#implementor>,
                #marker
            }
        })
    }

    /// What it can do.
    pub(super) fn wrapper_impls(&self) -> Option<TokenStream> {
        let Owner::Trait { server: Some(server), .. } = &self.interface.owner else { return None };
        let visibility = &self.interface.visibility;
        let bounded = self.wrapper_generics();
        let (parameters, _, conditions) = bounded.split_for_impl();
        let definition = unbounded(&bounded);
        let (free_parameters, arguments, _) = definition.split_for_impl();
        let (implementor, service, formatter) = (implementor(), local("service"), local("formatter"));
        let name = server.to_string();
        let has_types = self.interface.generics.type_params().next().is_some();
        let types = has_types.then(|| quote!(, types: __pycom::PhantomData));
        Some(quote! {
            #[allow(dead_code)]
            impl #parameters #server #arguments #conditions {
                /// Takes the service.
                #visibility fn new(#service: #implementor) -> Self {
                    Self::shared(__pycom::Arc::new(#service))
                }

                /// Takes a service that is used elsewhere too.
                #visibility fn shared(#service: __pycom::Arc<#implementor>) -> Self {
                    Self { service: #service #types }
                }
            }

            #[automatically_derived]
            impl #free_parameters __pycom::Clone for #server #arguments {
                fn clone(&self) -> Self {
                    Self { service: __pycom::Clone::clone(&self.service) #types }
                }
            }

            #[automatically_derived]
            impl #free_parameters __pycom::fmt::Debug for #server #arguments {
                fn fmt(&self, #formatter: &mut __pycom::fmt::Formatter<'_>) -> __pycom::fmt::Result {
                    #formatter.write_str(#name)
                }
            }
        })
    }

    /// The trait's own generics and the implementor.
    pub(super) fn wrapper_generics(&self) -> Generics {
        let mut generics = self.interface.generics.clone();
        for parameter in &mut generics.params {
            if let GenericParam::Type(ty) = parameter {
                ty.colon_token.get_or_insert_default();
                ty.bounds.push(parse_quote!('static));
                ty.default = None;
            }
        }
        if let Owner::Trait { ident, .. } = &self.interface.owner {
            let implementor = implementor();
            let (_, arguments, _) = self.interface.generics.split_for_impl();
            generics.params.push(parse_quote!(#implementor: #ident #arguments));
        }
        generics
    }
}
