//! What a method returned, to its reply.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;

use super::travel::{Way, ends, error_of, is_own};
use super::{Context, local};
use crate::model::{Method, Role, Shape};
use crate::tokens::respan;

impl Context<'_> {
    /// Statements that run `call` and give the reply.
    pub(super) fn reply(&self, method: &Method, call: &TokenStream) -> TokenStream {
        let (interface, name) = (&self.interface.name, &method.remote);
        let value = self.success(method, call);
        let parts = method.output.parts();
        let variables: Vec<_> = (0..parts.len()).map(|place| local(&format!("part_{place}"))).collect();
        let mut how = "attachment";
        let written = parts.iter().zip(&variables).map(|(part, variable)| match &part.role {
            Role::Named(name) => {
                let write = self.write("named", part.ty.as_ref(), method);
                quote!(#write(#name, #variable))
            }
            Role::Whole => {
                let write = self.write("value", part.ty.as_ref(), method);
                quote!(#write(#variable))
            }
            Role::Attachment { name, .. } => {
                let attach = Ident::new(std::mem::replace(&mut how, "further_attachment"), Span::call_site());
                quote!(.#attach(#name, #variable))
            }
        });
        let (pattern, written) = match &method.output.shape {
            Shape::Value(ty) => {
                let (write, value) = (self.write("value", ty.as_ref(), method), local("value"));
                (value.to_token_stream(), quote!(#write(#value)))
            }
            Shape::Single(part) => {
                let is_only_attached = method.output.named && matches!(part.role, Role::Attachment { .. });
                let none_named = is_only_attached.then(|| quote!(.none_named()));
                (quote!(#(#variables)*), quote!(#none_named #(#written)*))
            }
            Shape::Tuple(_) => (quote!((#(#variables),*)), quote!(#(#written)*)),
        };
        quote! {
            let #pattern = #value;
            __pycom::Ok(__pycom::ReplyBuilder::new()#written.finish(#interface, #name))
        }
    }

    /// The value of the call, where it may fail: without its error.
    fn success(&self, method: &Method, call: &TokenStream) -> TokenStream {
        let Some(ty) = method.output.ty.as_ref().filter(|_| method.output.fallible) else { return call.clone() };
        let (first, last) = ends(ty);
        let into_result = respan(quote!(__pycom::MethodResult::into_result), first);
        let error = local("error");
        let into_error = if self.interface.client.is_some() {
            // That an error is none, the stub's signature says.
            quote!(|#error| (&__pycom::Probe::of(&#error)).pycom_error(#error))
        } else {
            let (first, last) = error_of(ty).map_or((first, last), ends);
            let error = self.error_type(method);
            let given = Ident::new("given", Span::mixed_site().located_at(first));
            let into_error = quote_spanned!(first=> __pycom::into_error::<#error>);
            let arguments = quote_spanned!(last=> (#given));
            quote!(|#given| #into_error #arguments)
        };
        quote!(#into_result(#call).map_err(#into_error)?)
    }

    /// The function of the builder that writes a value of this type.
    fn write(&self, name: &str, ty: Option<&Type>, method: &Method) -> TokenStream {
        match ty.filter(|ty| is_own(ty)) {
            Some(ty) => {
                let ty = self.carried(ty, Way::Back, method);
                let name = format_ident!("{name}_as");
                quote!(.#name::<#ty>)
            }
            None => {
                let name = Ident::new(name, Span::call_site());
                quote!(.#name)
            }
        }
    }
}
