//! Arguments out of the request, on the server's side.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::describe::into_owned;
use super::travel::Way;
use super::{Context, local};
use crate::model::{Argument, DefaultValue, Form, Method, Parameter, ParameterKind};
use crate::tokens::option_inner;

impl Context<'_> {
    /// Statements that bind the value of each parameter to its [`variable`].
    pub(super) fn read_arguments(&self, method: &Method) -> TokenStream {
        let request = local("request");
        let mut read = TokenStream::new();
        let named: Vec<_> = method.named().collect();
        if let Some(whole) = method.whole() {
            let variable = variable(whole);
            let ty = self.outside(&whole.ty, method);
            let slot = self.asked(&whole.ty, Way::There, method, quote!(__pycom::Required<#ty>));
            read.extend(quote!(let #variable = __pycom::whole_argument::<#slot>(&#request)?;));
        } else if !named.is_empty() {
            let variables = named.iter().map(|(parameter, _)| variable(parameter));
            let slots = named.iter().map(|(parameter, argument)| self.slot(parameter, argument, method));
            let names = named.iter().map(|(_, argument)| &argument.name);
            read.extend(quote! {
                let (#(#variables,)*) = __pycom::named_arguments::<(#(#slots,)*)>(&#request, &[#(#names),*])?;
            });
            for (parameter, argument) in &named {
                read.extend(self.default(parameter, argument, method));
                read.extend(self.check(parameter, argument));
            }
        } else if !method.takes_request() {
            read.extend(quote!(__pycom::no_arguments(&#request)?;));
        }
        for parameter in &method.parameters {
            let variable = variable(parameter);
            read.extend(match &parameter.kind {
                ParameterKind::Attachment { name, optional: false } => {
                    quote!(let #variable = __pycom::incoming_attachment(&#request, #name)?;)
                }
                ParameterKind::Attachment { name, optional: true } => {
                    quote!(let #variable = __pycom::Request::attachment_named(&#request, #name).cloned();)
                }
                ParameterKind::Session { .. } => {
                    quote!(let #variable = __pycom::Clone::clone(__pycom::Request::session(&#request)?);)
                }
                _ => continue,
            });
        }
        read
    }

    /// The type that reads one argument.
    fn slot(&self, parameter: &Parameter, argument: &Argument, method: &Method) -> TokenStream {
        let read = argument.read_type(&parameter.ty);
        let inner = match argument.form {
            Form::Optional if argument.default.is_none() => option_inner(read).unwrap_or(read),
            _ => read,
        };
        let ty = self.outside(inner, method);
        let (ty, slot) = match &argument.form {
            Form::Text if argument.default.is_none() => return quote!(__pycom::Text),
            Form::Text => (quote!(__pycom::Cow<'_, __pycom::str>), "Required"),
            Form::OptionalText => (quote!(__pycom::Cow<'_, __pycom::str>), "Optional"),
            Form::Optional => (ty, "Optional"),
            Form::Slice(_) => (quote!(__pycom::Vec<#ty>), "Required"),
            Form::Value | Form::Reference(_) => (ty, "Required"),
        };
        let slot = if argument.default.is_some() { "Optional" } else { slot };
        let slot = Ident::new(slot, Span::call_site());
        let code = quote!(__pycom::#slot<#ty>);
        match &argument.form {
            Form::Text | Form::OptionalText => code,
            _ => self.asked(inner, Way::There, method, code),
        }
    }

    fn default(&self, parameter: &Parameter, argument: &Argument, method: &Method) -> Option<TokenStream> {
        let default = argument.default.as_ref()?;
        let variable = variable(parameter);
        let value = match default {
            DefaultValue::OfType => {
                let at = parameter.ty.span();
                quote_spanned!(at=> __pycom::Default::default())
            }
            DefaultValue::Expression(value) => into_owned(default, argument, &parameter.ty, self.own(value)),
        };
        let value = match argument.form {
            Form::Text => quote!(__pycom::Cow::Borrowed(#value)),
            _ => value,
        };
        let ty = match &argument.form {
            Form::Text => quote!(__pycom::Cow<'_, __pycom::str>),
            Form::Slice(item) => {
                let item = self.outside(item, method);
                quote!(__pycom::Vec<#item>)
            }
            _ => self.outside(argument.read_type(&parameter.ty), method),
        };
        let given = local("given");
        // Written as in the description, so that what is wrong with it is said once.
        Some(quote! {
            let #variable = match #variable {
                __pycom::Some(#given) => #given,
                __pycom::None => {
                    let #given: #ty = #value;
                    #given
                }
            };
        })
    }

    fn check(&self, parameter: &Parameter, argument: &Argument) -> Option<TokenStream> {
        let check = self.own(argument.check.as_ref()?);
        let (variable, request, name) = (variable(parameter), local("request"), &argument.name);
        let at = check.span();
        Some(match argument.form {
            Form::Optional | Form::OptionalText => {
                let given = local("given");
                let inner = if matches!(argument.form, Form::Optional) { quote!(#given) } else { quote!(&**#given) };
                quote_spanned! {at=>
                    if let __pycom::Some(#given) = &#variable {
                        __pycom::check_argument(&#request, #name, #check(#inner))?;
                    }
                }
            }
            Form::Text | Form::Slice(_) => {
                quote_spanned!(at=> __pycom::check_argument(&#request, #name, #check(&*#variable))?;)
            }
            Form::Value | Form::Reference(_) => {
                quote_spanned!(at=> __pycom::check_argument(&#request, #name, #check(&#variable))?;)
            }
        })
    }
}

/// The variable that holds the value of a parameter.
pub(super) fn variable(parameter: &Parameter) -> Ident {
    let span = Span::mixed_site().located_at(parameter.ident.span());
    format_ident!("arg_{}", parameter.ident.unraw(), span = span)
}
