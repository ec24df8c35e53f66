//! What the user's crate calls `pycom`.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// The path of the `pycom` crate, as the user's `Cargo.toml` names it. Inside `pycom` itself the
/// usual name works too.
pub(crate) fn pycom() -> TokenStream {
    match crate_name("pycom") {
        Ok(FoundCrate::Name(name)) => {
            let name = Ident::new(&name, Span::call_site());
            quote!(::#name)
        }
        Ok(FoundCrate::Itself) | Err(_) => quote!(::pycom),
    }
}
