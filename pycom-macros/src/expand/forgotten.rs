//! The warning about a function without `#[method]`.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::Context;

impl Context<'_> {
    /// Uses of something deprecated, on the functions' names: the one way to warn from a macro.
    pub(super) fn forgotten(&self) -> Vec<TokenStream> {
        let warnings = self.interface.forgotten.iter().map(|ident| {
            let note = format!(
                "`{ident}` is not marked, so it cannot be called from elsewhere: \
                 add #[method], or #[method(skip)] if that is meant"
            );
            quote_spanned! {ident.span()=>
                const _: () = {
                    #[deprecated(note = #note)]
                    #[allow(non_upper_case_globals, dead_code)]
                    const #ident: () = ();
                    #ident
                };
            }
        });
        warnings.collect()
    }
}
