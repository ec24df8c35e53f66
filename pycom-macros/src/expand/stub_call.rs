//! The body of a stub's function: arguments in, the call, the user's type out of the answer.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Type;

use super::travel::{Way, is_own};
use super::{Context, local};
use crate::model::{Form, Method, Parameter, ParameterKind, Role, Shape};
use crate::tokens::{option_inner, plain};

impl Context<'_> {
    pub(super) fn stub_body(&self, method: &Method) -> TokenStream {
        let remote = &method.remote;
        let arguments = method.parameters.iter().filter_map(|parameter| self.stub_argument(parameter, method));
        let call: TokenStream = arguments.collect();
        let has_named = method.named().next().is_some() || method.incoming().next().is_some();
        let end = has_named.then(|| quote!(.end_named()));
        let free = method.takes_free_arguments().then(|| {
            let args = local("args");
            quote!(.whole(&#args))
        });
        let (answer, read) = (local("answer"), self.read_answer(method));
        let call = quote! {
            __pycom::StubCall::new(&self.component, const { __pycom::method_of::<Self>(#remote) })
            #call #free #end
            .send()
            .await
            .and_then(|#answer| #read)
        };
        match &method.output.ty {
            Some(ty) if method.output.fallible => {
                let ty = self.outside(ty, method);
                quote!(__pycom::answered::<#ty>(#call))
            }
            _ => call,
        }
    }

    /// The user's type out of the answer.
    fn read_answer(&self, method: &Method) -> TokenStream {
        let answer = local("answer");
        let parts = method.output.parts();
        let variables: Vec<_> = (0..parts.len()).map(|place| local(&format!("part_{place}"))).collect();
        let (mut names, mut slots, mut named, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (part, variable) in parts.iter().zip(&variables) {
            match &part.role {
                Role::Named(name) => {
                    names.push(name);
                    slots.push(self.result_slot(part.ty.as_ref(), method));
                    named.push(variable);
                }
                Role::Whole => {
                    let value = self.whole_answer(part.ty.as_ref(), method);
                    others.push(quote!(let #variable = #value?;));
                }
                Role::Attachment { name, optional: true } => {
                    others.push(quote!(let #variable = #answer.optional_attachment(#name);));
                }
                Role::Attachment { name, optional: false } => {
                    others.push(quote!(let #variable = #answer.attachment(#name)?;));
                }
            }
        }
        let read_named =
            (!names.is_empty()).then(|| quote!(let (#(#named,)*) = #answer.named::<(#(#slots,)*)>(&[#(#names),*])?;));
        let result = match &method.output.shape {
            Shape::Value(ty) => return self.whole_answer(ty.as_ref(), method),
            Shape::Single(_) => quote!(#(#variables)*),
            Shape::Tuple(_) => quote!((#(#variables),*)),
        };
        quote!({ #read_named #(#others)* __pycom::Ok(#result) })
    }

    fn whole_answer(&self, ty: Option<&Type>, method: &Method) -> TokenStream {
        let answer = local("answer");
        match ty.filter(|ty| is_own(ty)) {
            Some(ty) => {
                let ty = self.carried(ty, Way::Back, method);
                quote!(#answer.value_as::<#ty>())
            }
            None => quote!(#answer.value()),
        }
    }

    /// The type that reads one named result.
    fn result_slot(&self, ty: Option<&Type>, method: &Method) -> TokenStream {
        match ty {
            Some(ty) => {
                let resolved = self.outside(ty, method);
                self.asked(ty, Way::Back, method, quote!(__pycom::Required<#resolved>))
            }
            None => quote!(__pycom::Required<_>),
        }
    }

    /// What hands one argument over.
    fn stub_argument(&self, parameter: &Parameter, method: &Method) -> Option<TokenStream> {
        let ident = &parameter.ident;
        let give = |how: &str, ty: &Type, value: TokenStream| {
            let how = Ident::new(how, Span::call_site());
            if !is_own(ty) {
                return quote!(.#how(#value));
            }
            let how = format_ident!("{how}_as");
            let ty = self.carried(ty, Way::There, method);
            quote!(.#how::<#ty>(#value))
        };
        Some(match &parameter.kind {
            ParameterKind::Whole => give("whole", &parameter.ty, quote!(&#ident)),
            ParameterKind::Attachment { name, .. } => quote!(.attachment(#name, #ident)),
            ParameterKind::Named(argument) => {
                let name = &argument.name;
                match &argument.form {
                    Form::Optional => {
                        let inner = option_inner(&parameter.ty).unwrap_or(&parameter.ty);
                        give("optional", inner, quote!(#name, &#ident))
                    }
                    Form::OptionalText => quote!(.optional(#name, &#ident)),
                    Form::Value => give("named", &parameter.ty, quote!(#name, &#ident)),
                    Form::Text => quote!(.named(#name, #ident)),
                    Form::Reference(ty) => give("named", ty, quote!(#name, #ident)),
                    Form::Slice(_) => match plain(&parameter.ty) {
                        Type::Reference(reference) => give("named", &reference.elem, quote!(#name, #ident)),
                        _ => return None,
                    },
                }
            }
            ParameterKind::Request { .. } | ParameterKind::Session { .. } => return None,
        })
    }
}
