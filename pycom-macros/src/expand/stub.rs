//! The client's half: one async function per method.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::generics::unbounded;
use super::travel::{ends, error_of};
use super::{Context, local};
use crate::model::{Method, Parameter, ParameterKind};
use crate::tokens::{replace_self, respan};

impl Context<'_> {
    /// The stub's type, unless it is not wanted.
    pub(super) fn stub_type_definition(&self) -> Option<TokenStream> {
        let ident = self.interface.client.as_ref()?;
        let (pycom, visibility) = (self.pycom, &self.interface.visibility);
        let definition = unbounded(&self.stub_generics);
        let types = self.stub_types();
        let marker =
            (!types.is_empty()).then(|| quote!(types: ::core::marker::PhantomData<fn() -> (#(*const #types,)*)>,));
        let documentation = format!(
            " Client's half of the interface `{}`: one function per method, each a call to the service it was located at.",
            self.interface.name.value()
        );
        let docs = &self.interface.docs.attributes;
        let space = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
        Some(quote! {
            #[doc = #documentation]
            #space
            #(#docs)*
            #[allow(dead_code, unreachable_pub)]
            #visibility struct #ident #definition {
                component: #pycom::Component,
                #marker
            }
        })
    }

    fn stub_types(&self) -> Vec<&Ident> {
        self.stub_generics.type_params().map(|parameter| &parameter.ident).collect()
    }

    /// What the stub can do.
    pub(super) fn stub_impls(&self) -> Option<TokenStream> {
        let ident = self.interface.client.as_ref()?;
        let (parameters, arguments, conditions) = self.stub_generics.split_for_impl();
        let definition = unbounded(&self.stub_generics);
        let (free_parameters, ..) = definition.split_for_impl();
        let types = (!self.stub_types().is_empty()).then(|| quote!(, types: __pycom::PhantomData));
        let makers = self.makers();
        let methods = self.interface.methods.iter().map(|method| self.stub_method(method));
        let description = self.description();
        let (component, formatter, name) = (local("component"), local("formatter"), ident.to_string());
        Some(quote! {
            #[allow(dead_code)]
            impl #parameters #ident #arguments #conditions {
                #makers
                #(#methods)*
            }

            #[automatically_derived]
            impl #parameters __pycom::Client for #ident #arguments #conditions {
                const DESCRIPTION: &'static __pycom::InterfaceInfo = &#description;
                fn from_component(#component: __pycom::Component) -> Self {
                    Self { component: #component #types }
                }
                fn component(&self) -> &__pycom::Component {
                    &self.component
                }
            }

            #[automatically_derived]
            impl #free_parameters __pycom::Clone for #ident #arguments {
                fn clone(&self) -> Self {
                    Self { component: __pycom::Clone::clone(&self.component) #types }
                }
            }

            #[automatically_derived]
            impl #free_parameters __pycom::fmt::Debug for #ident #arguments {
                fn fmt(&self, #formatter: &mut __pycom::fmt::Formatter<'_>) -> __pycom::fmt::Result {
                    #formatter.debug_tuple(#name).field(&self.component).finish()
                }
            }
        })
    }

    /// `locate` and `connect`, where no method has these names.
    fn makers(&self) -> TokenStream {
        let (pycom, visibility) = (self.pycom, &self.interface.visibility);
        let (context, address) = (local("context"), local("address"));
        let is_free = |name: &str| !self.interface.methods.iter().any(|method| method.ident.unraw() == name);
        let interface = self.interface.name.value();
        let locate = is_free("locate").then(|| {
            let documentation = format!(" Finds a service that offers `{interface}` through the nameserver.");
            quote! {
                #[doc = #documentation]
                ///
                /// # Errors
                ///
                /// Where there is none, or no nameserver.
                #visibility async fn locate(#context: &__pycom::Context) -> #pycom::Result<Self> {
                    #context.client().await
                }
            }
        });
        let connect = is_free("connect").then(|| {
            let documentation = format!(" The interface `{interface}` at an address that is known.");
            quote! {
                #[doc = #documentation]
                ///
                /// # Errors
                ///
                /// Where the address is none.
                #visibility fn connect(#context: &__pycom::Context, #address: &__pycom::str) -> #pycom::Result<Self> {
                    __pycom::connect(#context, #address)
                }
            }
        });
        quote!(#locate #connect)
    }

    fn stub_method(&self, method: &Method) -> TokenStream {
        let visibility = &self.interface.visibility;
        let (ident, cfgs, docs, remote) = (&method.ident, &method.cfgs, &method.docs.attributes, &method.remote);
        let deprecated = method.deprecated.as_ref().map(|deprecated| &deprecated.attribute);
        let undocumented = docs.is_empty().then(|| {
            let text = format!(" Calls `{}.{}`.", self.interface.name.value(), remote.value());
            quote!(#[doc = #text])
        });
        let (parameters, conditions) = (&method.generics, &method.generics.where_clause);
        let inputs = method.parameters.iter().filter_map(|parameter| self.stub_parameter(parameter));
        let free = method.takes_free_arguments().then(|| {
            let args = local("args");
            quote!(#args: impl __pycom::StubArgument)
        });
        let inputs: Vec<TokenStream> = inputs.chain(free).collect();
        let output = self.stub_output(method);
        let body = self.stub_body(method);
        quote! {
            #(#cfgs)*
            #(#docs)*
            #undocumented
            #deprecated
            #visibility async fn #ident #parameters(&self, #(#inputs),*) -> #output #conditions {
                #body
            }
        }
    }

    fn stub_parameter(&self, parameter: &Parameter) -> Option<TokenStream> {
        if matches!(parameter.kind, ParameterKind::Request { .. } | ParameterKind::Session { .. }) {
            return None;
        }
        let (ident, ty) = (&parameter.ident, replace_self(&parameter.ty, &self.own_type));
        Some(quote!(#ident: #ty))
    }

    fn stub_output(&self, method: &Method) -> TokenStream {
        let pycom = self.pycom;
        let ty = method.output.ty.as_ref().map(|ty| replace_self(ty, &self.own_type));
        match ty {
            Some(resolved) if method.output.fallible => {
                // On the error, where there is one to be seen: whether it is one is asked here.
                let (first, last) = method.output.ty.as_ref().and_then(error_of).map_or_else(|| ends(&resolved), ends);
                let answer = respan(quote!(#pycom::interface::Answer<), first);
                let close = respan(quote!(>), last);
                quote!(#answer #resolved #close)
            }
            Some(ty) => quote!(#pycom::Result<#ty>),
            None => quote!(#pycom::Result<()>),
        }
    }
}
