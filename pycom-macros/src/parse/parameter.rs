//! One parameter: its type and attributes say where its value comes from.

use quote::ToTokens;
use syn::{Attribute, Ident, LitStr, Pat, PatType, Type};

use super::entries::Entries;
use super::interface::{remote_name, take_attribute};
use super::keys;
use super::method::Declared;
use crate::model::{Argument, DefaultValue, Form, Parameter, ParameterKind};
use crate::names::remote_problem;
use crate::report::Report;
use crate::tokens::{holds_reference, is_named, mentions, option_inner, plain};

/// Reads a parameter, and takes our own attributes off it.
pub(super) fn parameter(input: &mut PatType, declared: &Declared, report: &mut Report) -> Option<Parameter> {
    let arg = take_attribute(&mut input.attrs, "arg");
    let args = take_attribute(&mut input.attrs, "args");
    let ident = ident(&input.pat, &input.ty, report)?;
    let ty = (*input.ty).clone();
    if mentions(&ty.to_token_stream(), "impl") {
        report.error(&ty, "an argument from the network has one type; name it instead of `impl …`");
        return None;
    }
    let kind = kind(&ident, &ty, arg.as_ref(), args.as_ref(), declared, report)?;
    Some(Parameter { ident, ty, kind })
}

fn ident(pattern: &Pat, ty: &Type, report: &mut Report) -> Option<Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => Some(pattern.ident.clone()),
        Pat::Wild(wild) if call_type(ty).is_some() => Some(Ident::new("_unused", wild.underscore_token.span)),
        other => {
            report.error(other, "a parameter needs a plain name here: it is what callers give the value under");
            None
        }
    }
}

/// `Request` or `Session`, and whether behind a `&`.
fn call_type(ty: &Type) -> Option<(&'static str, bool)> {
    let (ty, by_reference) = match plain(ty) {
        Type::Reference(reference) if reference.mutability.is_none() => (&*reference.elem, true),
        other => (other, false),
    };
    ["Request", "Session"].into_iter().find(|name| is_named(ty, name)).map(|name| (name, by_reference))
}

fn kind(
    ident: &Ident,
    ty: &Type,
    arg: Option<&Attribute>,
    args: Option<&Attribute>,
    declared: &Declared,
    report: &mut Report,
) -> Option<ParameterKind> {
    if let Some(args) = args {
        if let Some(arg) = arg {
            report.error(arg, "#[args] takes all arguments whole, #[arg] one of them; remove one of the two");
        }
        if !keys::inside(args, report).is_empty() {
            report.error(args, "#[args] takes nothing; a renamed or defaulted argument is marked #[arg(…)]");
        }
        if matches!(plain(ty), Type::Reference(_)) {
            report.error(ty, "the whole arguments are given by value; remove the `&`");
        }
        return Some(ParameterKind::Whole);
    }
    let is_attachment = is_named(ty, "Attachment");
    let optional = option_inner(ty).is_some_and(|inner| is_named(inner, "Attachment"));
    if arg.is_none() {
        match call_type(ty) {
            Some(("Request", by_reference)) => return Some(ParameterKind::Request { by_reference }),
            Some((_, by_reference)) => {
                if !declared.stateful {
                    report.error(ty, "this interface keeps no sessions; write #[interface(\"…\", stateful)]");
                }
                return Some(ParameterKind::Session { by_reference });
            }
            None => {}
        }
    }
    let entries = match arg {
        Some(arg) => {
            let tokens = keys::inside(arg, report);
            keys::ARG.read(tokens, report)
        }
        None => Entries::default(),
    };
    let name = entries.text().cloned().unwrap_or_else(|| remote_name(ident));
    if let Some(problem) = remote_problem(&name.value()) {
        report.error(&name, problem);
    }
    let is_incoming = declared.incoming.iter().any(|incoming| incoming.value() == name.value());
    // Marked and not declared, it is a type of the user's own that has this name.
    if (is_attachment || optional) && (is_incoming || arg.is_none()) {
        return attachment(&name, ty, optional, is_incoming, &entries, report);
    }
    if is_incoming {
        report.error(
            ty,
            "this parameter is declared as the attachment; its type is `Attachment` or `Option<Attachment>`",
        );
        return Some(ParameterKind::Attachment { name, optional });
    }
    Some(ParameterKind::Named(Box::new(Argument {
        form: form(ty, report)?,
        default: default(&entries, ty, report),
        check: entries.path("check", report),
        name,
    })))
}

fn attachment(
    name: &LitStr,
    ty: &Type,
    optional: bool,
    is_incoming: bool,
    entries: &Entries,
    report: &mut Report,
) -> Option<ParameterKind> {
    if !is_incoming {
        let name = name.value();
        report.error(ty, format!("declare the attachment: #[method(attachments(incoming = \"{name}\"))]"));
    }
    for key in ["default", "check"].iter().filter_map(|key| entries.key(key)) {
        report.error(
            key,
            "an attachment has no default and no check; take `Option<Attachment>`, and look at it in the method",
        );
    }
    Some(ParameterKind::Attachment { name: name.clone(), optional })
}

fn form(ty: &Type, report: &mut Report) -> Option<Form> {
    let reference = match plain(ty) {
        Type::Reference(reference) => reference,
        owned => {
            if let Some(Type::Reference(inner)) = option_inner(owned).map(plain)
                && is_named(&inner.elem, "str")
                && inner.mutability.is_none()
            {
                return Some(Form::OptionalText);
            }
            refuse_references(owned, report);
            return Some(if option_inner(owned).is_some() { Form::Optional } else { Form::Value });
        }
    };
    if let Some(token) = &reference.mutability {
        report.error(token, "an argument cannot be changed for the caller; take it by value");
        return None;
    }
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static") {
        report.error(lifetime, "an argument lives as long as its call; remove this, or take it by value");
        return None;
    }
    if is_named(&reference.elem, "str") {
        return Some(Form::Text);
    }
    refuse_references(&reference.elem, report);
    Some(match plain(&reference.elem) {
        Type::Slice(slice) => Form::Slice((*slice.elem).clone()),
        other => Form::Reference(other.clone()),
    })
}

/// Text with escapes in it cannot be borrowed from the request, so what borrows inside another
/// type would fail for some texts only.
fn refuse_references(ty: &Type, report: &mut Report) {
    if holds_reference(&ty.to_token_stream()) {
        report.error(ty, "an argument owns what is inside it: take `String` for `&str`, `Vec<T>` for `&[T]`");
    }
}

fn default(entries: &Entries, ty: &Type, report: &mut Report) -> Option<DefaultValue> {
    let key = entries.key("default")?;
    if option_inner(ty).is_some_and(|inner| matches!(plain(inner), Type::Reference(_))) {
        report.error(key, "an `Option<&str>` has no default but `None`; take `&str`, and give that a default");
    }
    if let Some(value) = entries.expression("default") {
        return Some(DefaultValue::Expression(value.clone()));
    }
    if option_inner(ty).is_some() {
        report.error(key, "an `Option` is `None` where a call does not give it; remove `default`, or give it a value");
    }
    Some(DefaultValue::OfType)
}
