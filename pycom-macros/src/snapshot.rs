//! What the macros write, as a reader sees it: `tests/ui/expansion`.

use std::path::Path;

use quote::{ToTokens, quote};
use syn::{File, Item};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/ui/expansion");

/// Expands the items of a file that are marked, and writes them out neatly.
fn expand(source: &str) -> String {
    let mut file: File = syn::parse_str(source).expect("the source is Rust");
    let mut items = Vec::new();
    for item in &mut file.items {
        let attributes = match item {
            Item::Impl(item) => &mut item.attrs,
            Item::Trait(item) => &mut item.attrs,
            Item::Enum(item) => &mut item.attrs,
            _ => continue,
        };
        let Some(place) = attributes.iter().position(|attribute| !attribute.path().is_ident("doc")) else { continue };
        let expanded = if attributes[place].path().is_ident("interface") {
            let attribute = attributes.remove(place).meta.require_list().map(|list| list.tokens.clone());
            crate::expand::interface(attribute.unwrap_or_default(), item.to_token_stream(), &quote!(::pycom))
        } else {
            crate::error_code::error_code(item.to_token_stream(), &quote!(::pycom))
        };
        items.extend(syn::parse2::<File>(expanded).expect("what is written is Rust").items);
    }
    prettyplease::unparse(&File { items, ..file })
}

fn compare(name: &str) {
    let folder = Path::new(FOLDER);
    let source = std::fs::read_to_string(folder.join(format!("{name}.rs"))).expect("the source is there");
    let expanded = expand(&source);
    let path = folder.join(format!("{name}.expanded.rs"));
    if std::env::var_os("UPDATE_EXPANSION").is_some() {
        std::fs::write(&path, &expanded).expect("the snapshot can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expanded == known, "the expansion of {name} has changed; UPDATE_EXPANSION=1 accepts it:\n{expanded}");
}

#[test]
fn an_impl_block_becomes_what_is_committed() {
    compare("query");
}

#[test]
fn a_trait_and_an_error_become_what_is_committed() {
    compare("contract");
}
