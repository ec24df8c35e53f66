//! The model to code. What is written here is short: it calls documented functions of `pycom`.
//!
//! | file | writes |
//! | --- | --- |
//! | `describe` | the description of the interface |
//! | `service` | the impl that a server needs |
//! | `dispatch` | what runs one method |
//! | `arguments` | its arguments, out of the request |
//! | `reply` | its reply, of what it returned |
//! | `service_trait` | the trait, with futures that can be sent, and its server wrapper |
//! | `stub` | the client's half |
//! | `stub_call` | the body of one of its functions |
//! | `generics` | those of the stub |
//! | `travel` | types that must be able to travel, so that the compiler says so kindly |
//! | `forgotten` | the warning about a function without `#[method]` |

mod arguments;
mod describe;
mod dispatch;
mod forgotten;
mod generics;
mod reply;
mod service;
mod service_trait;
mod stub;
mod stub_call;
pub(crate) mod travel;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Generics;

use crate::model::{Interface, Owner};
use crate::parse::source::Source;
use crate::report::Report;
use crate::{check, parse, twice};

/// All of `#[interface]`.
pub(crate) fn interface(attribute: TokenStream, item: TokenStream, pycom: &TokenStream) -> TokenStream {
    let mut source: Source = match syn::parse2(item.clone()) {
        Ok(source) => source,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#item #error);
        }
    };
    let mut report = Report::default();
    let model = parse::interface(attribute, &mut source, &mut report);
    if let Some(model) = &model {
        check::check(model, &mut report);
        twice::check(model, &mut report);
    }
    match model {
        Some(model) if report.is_empty() => Context::new(&model, pycom).expand(source),
        _ => {
            // The user's own code stays, so that only what is wrong is complained of.
            let errors = report.to_compile_errors();
            quote!(#source #errors)
        }
    }
}

/// `#[method]` that no `#[interface]` has taken.
pub(crate) fn lone_method(item: TokenStream) -> TokenStream {
    let error = syn::Error::new(
        Span::call_site(),
        "#[method] means something only inside an impl block or a trait that is marked \
         #[interface(\"com.foo.example\")]; mark the block, or remove this",
    );
    let error = error.to_compile_error();
    // Where a function of an impl block is expected, a macro call that is an error is none.
    quote!(#item #error)
}

/// What all writers need.
struct Context<'m> {
    interface: &'m Interface,
    /// The crate.
    pycom: &'m TokenStream,
    /// What `Self` is in the methods.
    own_type: TokenStream,
    /// Generics of the stub.
    stub_generics: Generics,
}

impl<'m> Context<'m> {
    fn new(interface: &'m Interface, pycom: &'m TokenStream) -> Self {
        let own_type = match &interface.owner {
            Owner::Type { ty, .. } => ty.to_token_stream(),
            Owner::Trait { .. } => service_trait::implementor().into_token_stream(),
        };
        Self { interface, pycom, stub_generics: generics::used(interface, &own_type), own_type }
    }

    fn expand(&self, source: Source) -> TokenStream {
        let item = service_trait::contract(source);
        let (pycom, forgotten, cfgs) = (self.pycom, self.forgotten(), &self.interface.cfgs);
        let cfgs = quote!(#(#cfgs)*);
        let (stub, wrapper) = (self.stub_type_definition(), self.wrapper_type_definition());
        let (stub_impls, wrapper_impls, service) = (self.stub_impls(), self.wrapper_impls(), self.service());
        let definitions = [stub, wrapper].into_iter().flatten();
        quote! {
            #item
            #(#cfgs #definitions)*
            #(#cfgs #forgotten)*
            #cfgs
            #[allow(
                deprecated,
                private_interfaces,
                unreachable_pub,
                unused_imports,
                unused_qualifications,
                clippy::all,
                clippy::pedantic,
                clippy::nursery,
                clippy::restriction
            )]
            const _: () = {
                use #pycom::__private::{self as __pycom, probes::*};
                #stub_impls
                #wrapper_impls
                #service
            };
        }
    }

    /// The stub's type, or what stands for it where there is none.
    fn stub_type(&self) -> TokenStream {
        match &self.interface.client {
            Some(ident) => {
                let (_, arguments, _) = self.stub_generics.split_for_impl();
                quote!(#ident #arguments)
            }
            None => quote!(()),
        }
    }
}

/// A name that no user's code sees, and that sees no user's.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
