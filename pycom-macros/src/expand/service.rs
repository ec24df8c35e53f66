//! The impl of `Interface`, which a server needs.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Context, local};
use crate::model::Owner;

impl Context<'_> {
    /// The impl of `Interface`, unless it is not wanted.
    pub(super) fn service(&self) -> Option<TokenStream> {
        let (service, generics) = match &self.interface.owner {
            Owner::Type { ty, server: true } => (quote!(#ty), self.interface.generics.clone()),
            Owner::Trait { server: Some(server), .. } => {
                let generics = self.wrapper_generics();
                let (_, arguments, _) = generics.split_for_impl();
                (quote!(#server #arguments), generics)
            }
            _ => return None,
        };
        let stub = self.stub_type();
        let info = match self.interface.client {
            Some(_) => quote!(<#stub as __pycom::Client>::DESCRIPTION),
            None => {
                let description = self.description();
                quote!(&#description)
            }
        };
        let handlers = self.interface.methods.iter().map(|method| self.handler(method));
        let hooks = self.hooks();
        let (parameters, _, conditions) = generics.split_for_impl();
        Some(quote! {
            #[automatically_derived]
            impl #parameters __pycom::Interface<#stub> for #service #conditions {
                const INFO: &'static __pycom::InterfaceInfo = #info;
                const HANDLERS: &'static [__pycom::Handler<Self>] = &[#(#handlers),*];
                #hooks
            }
        })
    }

    /// The path of a method, and the service to give it.
    pub(super) fn target(&self, method: &Ident) -> (TokenStream, TokenStream) {
        let service = local("service");
        match &self.interface.owner {
            Owner::Type { .. } => (quote!(Self::#method), quote!(&#service)),
            Owner::Trait { ident, .. } => {
                let own = &self.own_type;
                let (_, arguments, _) = self.interface.generics.split_for_impl();
                (quote!(<#own as #ident #arguments>::#method), quote!(&#service.service))
            }
        }
    }

    fn hooks(&self) -> Option<TokenStream> {
        let hooks = local("hooks");
        let of_interface = self.interface.hooks.iter().map(|hook| {
            let hook = self.own(hook);
            quote!(let #hooks = #hooks.interface(__pycom::Hook::new(#hook));)
        });
        let of_methods = self.interface.methods.iter().flat_map(|method| {
            let (cfgs, name, hooks) = (&method.cfgs, &method.remote, &hooks);
            method.hooks.iter().map(move |hook| {
                let hook = self.own(hook);
                quote!(#(#cfgs)* let #hooks = #hooks.method(#name, __pycom::Hook::new(#hook));)
            })
        });
        let all: Vec<TokenStream> = of_interface.chain(of_methods).collect();
        (!all.is_empty()).then(|| {
            quote! {
                fn hooks(_: &__pycom::Arc<Self>) -> __pycom::Hooks {
                    let #hooks = __pycom::Hooks::none();
                    #(#all)*
                    #hooks
                }
            }
        })
    }

    pub(super) fn is_trait(&self) -> bool {
        matches!(self.interface.owner, Owner::Trait { .. })
    }
}
