//! What runs one method.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::arguments::variable;
use super::{Context, local};
use crate::model::{Form, Method, ParameterKind};
use crate::tokens::replace_self;

impl Context<'_> {
    /// An expression of type `Handler`.
    pub(super) fn handler(&self, method: &Method) -> TokenStream {
        let cfgs = &method.cfgs;
        let (service, request) = (local("service"), local("request"));
        let read = self.read_arguments(method);
        let call = self.call(method);
        let reply = self.reply(method, &call);
        let span = method.ident.span();
        let body = quote!(#read #reply);
        if method.is_async {
            // On the name of the method, where a future that cannot be sent is complained of.
            let future = quote_spanned!(span=> __pycom::run_async(async move { #body }));
            quote!(#(#cfgs)* __pycom::Handler::Async(|#service, #request| #future))
        } else {
            quote!(#(#cfgs)* __pycom::Handler::Blocking(|#service, #request| __pycom::run_blocking(|| { #body })))
        }
    }

    /// The call of the user's function.
    fn call(&self, method: &Method) -> TokenStream {
        let request = local("request");
        let is_borrowed = method.named().next().is_some();
        let arguments = method.parameters.iter().map(|parameter| {
            let variable = variable(parameter);
            match &parameter.kind {
                ParameterKind::Request { by_reference: true } => quote!(&#request),
                ParameterKind::Request { .. } if is_borrowed => quote!(__pycom::Clone::clone(&#request)),
                ParameterKind::Request { .. } => quote!(#request),
                ParameterKind::Session { by_reference: true } => quote!(&#variable),
                ParameterKind::Named(argument) => match argument.form {
                    Form::Text | Form::Slice(_) => quote!(&*#variable),
                    Form::Reference(_) => quote!(&#variable),
                    Form::OptionalText => quote!(__pycom::Option::as_deref(&#variable)),
                    Form::Value | Form::Optional => quote!(#variable),
                },
                _ => quote!(#variable),
            }
        });
        let (path, service) = self.target(&method.ident);
        let wait = method.is_async.then(|| quote!(.await));
        quote!(#path(#service, #(#arguments),*) #wait)
    }

    /// An expression of the user's inside of the service's impl.
    pub(super) fn own(&self, expression: impl ToTokens) -> TokenStream {
        replace_self(expression, &self.own_type)
    }
}
