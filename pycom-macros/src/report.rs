//! Errors, gathered so that all are shown at once, each on its own token.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// What is wrong with an item so far.
#[derive(Default)]
pub(crate) struct Report(Vec<Error>);

impl Report {
    /// Adds an error on these tokens.
    pub(crate) fn error(&mut self, at: impl ToTokens, message: impl Display) {
        self.0.push(Error::new_spanned(at, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        self.0.push(error);
    }

    /// The value, or its error added.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn to_compile_errors(&self) -> TokenStream {
        self.0.iter().map(Error::to_compile_error).collect()
    }

    #[cfg(test)]
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().flat_map(|error| error.clone().into_iter().map(|error| error.to_string())).collect()
    }
}
