//! Two interfaces of one type whose stubs would have one name. The compiler says seven things about that, and none of
//! them is what to do.
//!
//! A macro is shown its own item only. So where the source file mentions several interfaces, it is read.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, File, Item, LitStr};

use crate::model::{Interface, Owner};
use crate::report::Report;
use crate::tokens::last_segment;

pub(crate) fn check(interface: &Interface, report: &mut Report) {
    let (Some(client), Owner::Type { ty, .. }) = (&interface.client, &interface.owner) else { return };
    let Some(base) = last_segment(ty).map(|segment| segment.ident.unraw()) else { return };
    if *client != format_ident!("{base}Client") || !interface.cfgs.is_empty() {
        return;
    }
    let name = interface.name.value();
    let Some(other) = source_file().and_then(|file| before(&file.items, &base, &name)) else { return };
    let last = name.rsplit('.').next().unwrap_or_default();
    let capital: String = last.chars().take(1).flat_map(char::to_uppercase).chain(last.chars().skip(1)).collect();
    report.error(
        &interface.name,
        format!(
            "the stub of this interface would be called `{client}`, as that of `{other}` on the same type; \
             name this one: #[interface(\"{name}\", client = \"{capital}Client\")]"
        ),
    );
}

/// The file that the attribute stands in, where it can be read and mentions another.
fn source_file() -> Option<File> {
    // Not in our own unit tests.
    let file = proc_macro::is_available().then(|| proc_macro::Span::call_site().local_file())??;
    let text = std::fs::read_to_string(file).ok()?;
    (text.matches("interface(").nth(1).is_some()).then(|| syn::parse_file(&text).ok())?
}

/// The interface that stands before the one called `name` on the same type, in the same module, and leaves the name of
/// its stub to the macro.
fn before(items: &[Item], base: &Ident, name: &str) -> Option<String> {
    let mut first: Option<String> = None;
    for item in items {
        match item {
            Item::Mod(module) => {
                let inside = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                if let Some(found) = before(inside, base, name) {
                    return Some(found);
                }
            }
            Item::Impl(block) if last_segment(&block.self_ty).is_some_and(|segment| segment.ident.unraw() == *base) => {
                match (interface_of(&block.attrs), &first) {
                    (Some(this), Some(first)) if this == name => return Some(first.clone()),
                    (Some(this), None) => first = Some(this),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    None
}

/// Name of the interface that these attributes make, if it is there in every build and names no stub.
fn interface_of(attributes: &[Attribute]) -> Option<String> {
    let is = |attribute: &&Attribute, name: &str| {
        attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
    };
    if attributes.iter().any(|attribute| is(&attribute, "cfg") || is(&attribute, "cfg_attr")) {
        return None;
    }
    let ours = attributes.iter().find(|attribute| is(attribute, "interface"))?;
    let read = |input: ParseStream<'_>| Ok((input.parse::<LitStr>()?, input.parse::<TokenStream>()?));
    let (name, rest) = ours.parse_args_with(read).ok()?;
    let names_stub = rest.into_token_stream().into_iter().any(|token| match token {
        TokenTree::Ident(key) => key == "client",
        _ => false,
    });
    (!names_stub).then(|| name.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Option<String> {
        let file = syn::parse_str::<File>(source).unwrap();
        before(&file.items, &format_ident!("Query"), "com.foo.two")
    }

    #[test]
    fn the_first_of_two_on_one_type_is_found() {
        let two =
            "#[interface(\"com.foo.one\", stateful)] impl Query {} #[pycom::interface(\"com.foo.two\")] impl Query {}";
        assert_eq!(found(two).as_deref(), Some("com.foo.one"));
        assert_eq!(found(&format!("mod inside {{ {two} }}")).as_deref(), Some("com.foo.one"));
    }

    #[test]
    fn what_the_compiler_accepts_is_left_alone() {
        let one = "#[interface(\"com.foo.one\")] impl Query {}";
        let two = "#[interface(\"com.foo.two\")] impl Query {}";
        for fine in [
            format!("{two} {one}"),
            format!("{one} mod inside {{ struct Query; {two} }}"),
            format!("mod a {{ {one} }} mod b {{ {two} }}"),
            format!("#[interface(\"com.foo.one\", client = \"One\")] impl Query {{}} {two}"),
            format!("#[interface(\"com.foo.one\")] impl Other {{}} {two}"),
            format!("#[cfg(unix)] {one} {two}"),
            format!("impl Query {{}} {two}"),
        ] {
            assert_eq!(found(&fine), None, "{fine}");
        }
    }
}
