//! What cannot be seen from one attribute or signature alone.

use std::collections::HashMap;

use quote::ToTokens;
use syn::{Attribute, LitStr};

use crate::model::{Interface, Method, Owner, ParameterKind, Role};
use crate::names::RESERVED_METHODS;
use crate::report::Report;
use crate::tokens::{holds_reference, mentions};

/// Most named arguments of a method.
const MOST_ARGUMENTS: usize = 12;

pub(crate) fn check(interface: &Interface, report: &mut Report) {
    for lifetime in interface.generics.lifetimes() {
        report.error(lifetime, "a service lives as long as the program, so it has no lifetimes; remove this");
    }
    if interface.methods.is_empty() && report.is_empty() {
        report.error(&interface.name, "no method of this interface is marked; put #[method] on one");
    }
    let mut remotes = HashMap::<String, &[Attribute]>::new();
    for method in &interface.methods {
        let remote = method.remote.value();
        if RESERVED_METHODS.contains(&remote.as_str()) {
            report.error(
                &method.remote,
                format!("every interface answers `{remote}` by itself; give another name: #[method(\"…\")]"),
            );
        }
        // Two of one name are right where only one of them is compiled.
        let cfgs = method.cfgs.as_slice();
        if let Some(other) = remotes.insert(remote.clone(), cfgs)
            && (other.is_empty() || cfgs.is_empty())
        {
            report.error(
                &method.remote,
                format!("another method has the remote name `{remote}`; give one of them another: #[method(\"…\")]"),
            );
        }
        parameters(method, report);
        results(method, report);
        unknown_self(interface, method, report);
        borrowed_results(interface, method, report);
    }
}

fn parameters(method: &Method, report: &mut Report) {
    let mut names = Vec::new();
    let (mut requests, mut sessions, mut wholes) = (0, 0, 0);
    for parameter in &method.parameters {
        let (count, what) = match &parameter.kind {
            ParameterKind::Request { .. } => (&mut requests, "the request"),
            ParameterKind::Session { .. } => (&mut sessions, "the session"),
            ParameterKind::Whole => (&mut wholes, "the whole arguments"),
            ParameterKind::Attachment { name, .. } => {
                names.push(name);
                continue;
            }
            ParameterKind::Named(argument) => {
                names.push(&argument.name);
                continue;
            }
        };
        *count += 1;
        if *count > 1 {
            report.error(&parameter.ident, format!("another parameter takes {what} already; remove one of the two"));
        }
    }
    duplicates(&names, "argument", report);
    if let (Some(whole), Some(name)) = (method.whole(), names.first()) {
        report.error(
            &whole.ident,
            format!("#[args] takes all arguments, so there cannot be one named `{}` beside it", name.value()),
        );
    }
    if let Some((parameter, _)) = method.named().nth(MOST_ARGUMENTS) {
        report.error(
            &parameter.ident,
            format!("a method takes at most {MOST_ARGUMENTS} named arguments; take a struct with #[args]"),
        );
    }
}

/// A stub is made from the trait alone, which does not know its implementor.
fn unknown_self(interface: &Interface, method: &Method, report: &mut Report) {
    if interface.client.is_none() || !matches!(interface.owner, Owner::Trait { .. }) {
        return;
    }
    let types = method.parameters.iter().map(|parameter| &parameter.ty).chain(&method.output.ty);
    for ty in types.filter(|ty| mentions(&ty.to_token_stream(), "Self")) {
        report.error(
            ty,
            "the stub cannot know `Self`: name a type, give the trait a type parameter, or leave the stub out \
             with `client = false`",
        );
    }
}

/// A method may lend what it replies, a stub has nobody to borrow it from.
fn borrowed_results(interface: &Interface, method: &Method, report: &mut Report) {
    let Some(ty) = method.output.ty.as_ref().filter(|_| interface.client.is_some()) else { return };
    if holds_reference(&ty.to_token_stream()) {
        report.error(
            ty,
            "a stub cannot give back a reference: return an owned value, e.g. `String` for `&str`, or leave the stub \
             out with `client = false`",
        );
    }
}

fn results(method: &Method, report: &mut Report) {
    let names: Vec<&LitStr> = method
        .output
        .parts()
        .iter()
        .filter_map(|part| match &part.role {
            Role::Named(name) | Role::Attachment { name, .. } => Some(name),
            Role::Whole => None,
        })
        .collect();
    duplicates(&names, "result", report);
}

fn duplicates(names: &[&LitStr], what: &str, report: &mut Report) {
    for (place, name) in names.iter().enumerate() {
        if names[..place].iter().any(|other| other.value() == name.value()) {
            report.error(
                name,
                format!("another {what} is named `{}` already; give one of them another name", name.value()),
            );
        }
    }
}
