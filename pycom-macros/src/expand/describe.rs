//! The description of the interface, as a constant.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, Type};

use super::travel::is_own;
use super::{Context, local};
use crate::model::{Argument, DefaultValue, Form, Method, Parameter, Role, Shape};
use crate::tokens::{elide_lifetimes, first_argument, is_named, last_segment, mentions, plain, replace_self};

impl Context<'_> {
    /// An expression of type `InterfaceInfo`.
    pub(super) fn description(&self) -> TokenStream {
        let name = &self.interface.name;
        let docstring = optional(self.interface.docs.text.as_ref());
        let stateful = self.interface.stateful;
        let methods = self.interface.methods.iter().map(|method| self.method_info(method));
        quote! {
            __pycom::InterfaceInfo {
                name: #name,
                docstring: #docstring,
                stateful: #stateful,
                version: ::core::env!("CARGO_PKG_VERSION"),
                methods: &[#(#methods),*],
            }
        }
    }

    fn method_info(&self, method: &Method) -> TokenStream {
        let (interface, name, cfgs) = (&self.interface.name, &method.remote, &method.cfgs);
        let mut fields = vec![self.parameters(method)];
        if let Some(text) = &method.docs.text {
            let text = optional(Some(text));
            fields.push(quote!(docstring: #text));
        }
        let results = method.output.parts().iter().filter_map(|part| match &part.role {
            Role::Named(name) => Some(name),
            Role::Attachment { name, .. } if method.output.named => Some(name),
            _ => None,
        });
        let results: Vec<_> = results.collect();
        if !results.is_empty() {
            fields.push(quote!(results: &[#(#results),*]));
        }
        let incoming: Vec<_> = method.incoming().collect();
        if !incoming.is_empty() {
            fields.push(quote!(incoming: &[#(#incoming),*]));
        }
        let outgoing: Vec<_> = method.output.outgoing().collect();
        if !outgoing.is_empty() {
            fields.push(quote!(outgoing: &[#(#outgoing),*]));
        }
        if method.streaming {
            fields.push(quote!(streaming: true));
        }
        fields.push(self.result_schema(method));
        if let Some(error) = self.error_type(method) {
            fields.push(quote!(errors: || (&__pycom::Probe::<#error>::new()).pycom_errors()));
        }
        if let Some(deprecated) = &method.deprecated {
            let note = &deprecated.note;
            fields.push(quote!(deprecated: __pycom::Some(#note)));
        }
        for (flag, name) in [(method.idempotent, "idempotent"), (method.uncancellable, "uncancellable")] {
            if flag {
                let name = Ident::new(name, Span::call_site());
                fields.push(quote!(#name: true));
            }
        }
        for (number, name) in [(method.limit, "limit"), (method.queue, "queue")] {
            if let Some(number) = number {
                let name = Ident::new(name, Span::call_site());
                fields.push(quote!(#name: __pycom::Some(#number)));
            }
        }
        quote! {
            #(#cfgs)*
            __pycom::MethodInfo { #(#fields,)* ..__pycom::MethodInfo::plain(#interface, #name) }
        }
    }

    fn parameters(&self, method: &Method) -> TokenStream {
        if let Some(whole) = method.whole() {
            let schema = self.schema(&self.outside(&whole.ty, method));
            return quote!(parameters: __pycom::Parameters::Whole(#schema));
        }
        let named: Vec<_> =
            method.parameters.iter().filter_map(|parameter| self.argument_info(parameter, method)).collect();
        if named.is_empty() && method.takes_request() {
            return quote!(parameters: __pycom::Parameters::Whole(__pycom::any_schema));
        }
        quote!(parameters: __pycom::Parameters::Named(&[#(#named),*]))
    }

    fn argument_info(&self, parameter: &Parameter, method: &Method) -> Option<TokenStream> {
        use crate::model::ParameterKind::{Attachment, Named};
        let (name, required, schema, default) = match &parameter.kind {
            Attachment { name, optional } => (name, !optional, quote!(__pycom::any_schema), None),
            Named(argument) => {
                let required = argument.default.is_none() && !argument.form.is_optional();
                let ty = self.outside(argument.read_type(&parameter.ty), method);
                let default =
                    argument.default.as_ref().and_then(|default| self.default_json(default, argument, parameter, &ty));
                let schema = match argument.form {
                    Form::Text => self.schema(&quote!(__pycom::str)),
                    Form::Slice(_) => self.schema(&quote!(__pycom::Vec<#ty>)),
                    _ => self.schema(&ty),
                };
                (&argument.name, required, schema, default)
            }
            _ => return None,
        };
        let default = optional(default.as_ref());
        Some(quote! {
            __pycom::ArgumentInfo { name: #name, required: #required, schema: #schema, default: #default }
        })
    }

    /// A function that gives a default as JSON, where its type can be written as JSON.
    fn default_json(
        &self,
        default: &DefaultValue,
        argument: &Argument,
        parameter: &Parameter,
        ty: &TokenStream,
    ) -> Option<TokenStream> {
        let value = match default {
            DefaultValue::OfType => quote_spanned!(parameter.ty.span()=> __pycom::Default::default()),
            DefaultValue::Expression(value) => {
                let value = quote!(#value);
                if self.is_trait() && mentions(&value, "Self") {
                    return None; // only the service knows it
                }
                replace_self(value, &self.own_type)
            }
        };
        let ty = match argument.form {
            Form::Text => quote!(&__pycom::str),
            Form::Slice(_) => quote!(__pycom::Vec<#ty>),
            _ => ty.clone(),
        };
        let value = into_owned(default, argument, &parameter.ty, value);
        let given = local("given");
        Some(quote! {
            || {
                let #given: #ty = #value;
                (&__pycom::Probe::of(&#given)).pycom_json(&#given)
            }
        })
    }

    fn result_schema(&self, method: &Method) -> TokenStream {
        let output = &method.output;
        let whole = output.parts().iter().find(|part| matches!(part.role, Role::Whole));
        let schema = match (&output.shape, whole) {
            (Shape::Value(ty), _) => {
                let ty = ty.as_ref().map(|ty| response_inner(ty).unwrap_or(ty));
                self.schema(&self.value_type(ty, method))
            }
            (_, Some(whole)) => self.schema(&self.value_type(whole.ty.as_ref(), method)),
            _ if !output.named => quote!(__pycom::any_schema),
            _ => {
                let fields = output.parts().iter().filter_map(|part| {
                    let Role::Named(name) = &part.role else { return None };
                    let schema = self.schema(&self.value_type(part.ty.as_ref(), method));
                    Some(quote!((#name, #schema)))
                });
                let generator = local("generator");
                quote!(|#generator| __pycom::named_schema(#generator, &[#(#fields),*]))
            }
        };
        quote!(result: #schema)
    }

    /// A type of what a method gives, also where it cannot be seen in the signature.
    fn value_type(&self, ty: Option<&Type>, method: &Method) -> TokenStream {
        match (ty, &method.output.ty) {
            (Some(ty), _) => self.outside(ty, method),
            (None, Some(ty)) => self.of_result(ty, "Value", method),
            (None, None) => quote!(()),
        }
    }

    /// A function that makes the schema of a type, if it has one.
    fn schema(&self, ty: &TokenStream) -> TokenStream {
        let generator = local("generator");
        quote!(|#generator| (&__pycom::Probe::<#ty>::new()).pycom_schema(#generator))
    }

    /// A type as it is outside of the method: without its lifetimes, and with `Self` resolved.
    pub(super) fn outside(&self, ty: &Type, method: &Method) -> TokenStream {
        replace_self(elide_lifetimes(ty, &method.lifetimes()), &self.own_type)
    }
}

fn response_inner(ty: &Type) -> Option<&Type> {
    is_named(ty, "Response").then(|| last_segment(ty).and_then(first_argument)).flatten()
}

/// A text in quotes as the default of a type like `String`.
pub(super) fn into_owned(default: &DefaultValue, argument: &Argument, ty: &Type, value: TokenStream) -> TokenStream {
    let is_text = matches!(default, DefaultValue::Expression(Expr::Lit(ExprLit { lit: Lit::Str(_), .. })));
    let may_be_made_of_it = matches!(argument.form, Form::Value) && (is_own(ty) || is_named(ty, "String"));
    if is_text && may_be_made_of_it {
        let span = value.span();
        quote_spanned!(span=> __pycom::Into::into(#value))
    } else {
        value
    }
}

fn optional(value: Option<&TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(__pycom::Some(#value)),
        None => quote!(__pycom::None),
    }
}

impl Form {
    fn is_optional(&self) -> bool {
        matches!(self, Form::Optional | Form::OptionalText)
    }
}

impl Argument {
    /// The type that is read from the request.
    pub(super) fn read_type<'t>(&'t self, written: &'t Type) -> &'t Type {
        match &self.form {
            Form::Reference(inner) | Form::Slice(inner) => inner,
            _ => plain(written),
        }
    }
}
