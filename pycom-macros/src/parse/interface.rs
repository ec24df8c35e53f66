//! The impl block or trait.

use proc_macro2::TokenStream;
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Ident, LitStr, Visibility, parse_quote};

use super::entries::Half;
use super::source::{Function, Head, Item, Source};
use super::{docs, keys, method};
use crate::model::{Interface, Owner};
use crate::names::interface_problem;
use crate::report::Report;
use crate::tokens::last_segment;

/// Reads the attribute and the item, and takes our own attributes out of the latter.
pub(crate) fn interface(attribute: TokenStream, source: &mut Source, report: &mut Report) -> Option<Interface> {
    let is_bare = attribute.is_empty();
    let entries = keys::INTERFACE.read(attribute, report);
    let name = name(entries.text(), is_bare, report);
    let stateful = entries.flag("stateful");
    let hooks = entries.list::<Expr>("hooks", report).unwrap_or_default();
    let client = entries.half("client", report);
    let server = entries.half("server", report);
    check_head(source, report);

    let mut methods = Vec::new();
    let mut unmarked = Vec::new();
    let mut is_public = source.is_trait();
    let is_trait = source.is_trait();
    for item in &mut source.items {
        let Item::Function(function) = item else { continue };
        match take_attribute(&mut function.attributes, "method") {
            Some(marker) => {
                let before = methods.len();
                methods.extend(method::method(&marker, function, stateful, report));
                is_public |= methods.len() > before && matches!(function.visibility, Visibility::Public(_));
            }
            None => {
                method::refuse_marks(function, report);
                if !is_trait && looks_remote(function) {
                    unmarked.push(function.signature.ident.clone());
                }
            }
        }
    }

    let (base, owner) = match &source.head {
        Head::Impl { ty, .. } => {
            let base = last_segment(ty).map(|segment| segment.ident.unraw());
            let server = match server {
                Half::Named(name) => {
                    report.error(name, "the service is the type itself; `server = \"Name\"` is for traits");
                    true
                }
                other => !matches!(other, Half::None),
            };
            (base?, Owner::Type { ty: ty.clone(), server })
        }
        Head::Trait { ident, .. } => {
            let base = ident.unraw();
            let server = server.ident(|| format_ident!("{base}Server", span = ident.span()));
            (base, Owner::Trait { ident: ident.clone(), server })
        }
    };
    let forgotten = if methods.is_empty() { Vec::new() } else { unmarked };
    let visibility = match (&source.head, is_public) {
        (Head::Trait { .. }, _) => source.visibility.clone(),
        (_, true) => parse_quote!(pub),
        _ => parse_quote!(pub(crate)),
    };
    Some(Interface {
        name: name?,
        docs: docs::docs(&source.attributes),
        stateful,
        hooks,
        cfgs: docs::cfgs(&source.attributes),
        client: client.ident(|| format_ident!("{base}Client", span = base.span())),
        owner,
        generics: source.generics.clone(),
        visibility,
        methods,
        forgotten,
    })
}

fn name(text: Option<&LitStr>, is_bare: bool, report: &mut Report) -> Option<LitStr> {
    let Some(text) = text else {
        if is_bare || report.is_empty() {
            let at = proc_macro2::Span::call_site();
            report.add(syn::Error::new(at, "the interface's name is missing; write #[interface(\"com.foo.example\")]"));
        }
        return None;
    };
    if let Some(problem) = interface_problem(&text.value()) {
        report.error(text, problem);
    }
    Some(text.clone())
}

fn check_head(source: &Source, report: &mut Report) {
    if let Some(token) = &source.unsafety {
        report.error(token, "an interface cannot be `unsafe`; remove this");
    }
    match &source.head {
        Head::Impl { of: Some((path, _)), .. } => report.error(
            path,
            "#[interface] stands on an impl block without a trait, or on the trait itself; \
             put it on `trait …`, and leave `impl … for …` plain",
        ),
        Head::Impl { ty, .. } if last_segment(ty).is_none() => {
            report.error(ty, "an interface belongs to a type with a name");
        }
        _ => {}
    }
}

/// Removes our attribute of this name, and gives it.
pub(super) fn take_attribute(attributes: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let place = attributes.iter().position(|attribute| is_ours(attribute, name))?;
    Some(attributes.remove(place))
}

/// `#[name]` or `#[pycom::name]`.
pub(super) fn is_ours(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

/// Whether one would take this function for a remote method.
fn looks_remote(function: &Function) -> bool {
    let signature = &function.signature;
    matches!(function.visibility, Visibility::Public(_))
        && signature.asyncness.is_some()
        && signature.receiver().is_some_and(method::is_shared_reference)
        && !function.attributes.iter().any(|attribute| is_ours(attribute, "method"))
}

/// The name that a raw identifier stands for, as text.
pub(super) fn remote_name(ident: &Ident) -> LitStr {
    LitStr::new(&ident.unraw().to_string(), ident.span())
}
