//! What stood in one attribute, asked for by key.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitBool, LitStr, Path, Token};

use crate::report::Report;

/// What stands behind a key.
pub(super) enum Value {
    Flag,
    Expression(Box<Expr>),
    List(TokenStream),
}

/// What stood in one attribute.
#[derive(Default)]
pub(crate) struct Entries {
    pub(super) text: Option<LitStr>,
    pub(super) entries: Vec<(Ident, Value)>,
}

impl Entries {
    /// The text without a key.
    pub(crate) fn text(&self) -> Option<&LitStr> {
        self.text.as_ref()
    }

    fn get(&self, name: &str) -> Option<&(Ident, Value)> {
        self.entries.iter().find(|(ident, _)| ident == name)
    }

    /// The key, where it stands in the attribute.
    pub(crate) fn key(&self, name: &str) -> Option<&Ident> {
        self.get(name).map(|(ident, _)| ident)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn expression(&self, name: &str) -> Option<&Expr> {
        match self.get(name) {
            Some((_, Value::Expression(value))) => Some(value),
            _ => None,
        }
    }

    /// A value that must be a text in quotes.
    pub(crate) fn string(&self, name: &str, report: &mut Report) -> Option<LitStr> {
        let value = self.expression(name)?;
        let text = as_string(value);
        if text.is_none() {
            report.error(value, format!("expected a text in quotes: {name} = \"…\""));
        }
        text
    }

    /// A value that must be a path.
    pub(crate) fn path(&self, name: &str, report: &mut Report) -> Option<Path> {
        match self.expression(name)? {
            Expr::Path(path) if path.attrs.is_empty() && path.qself.is_none() => Some(path.path.clone()),
            other => {
                report.error(other, format!("expected the path of a function: {name} = path::to::function"));
                None
            }
        }
    }

    /// A value that must be a whole number, of at least `least`.
    pub(crate) fn number(&self, name: &str, least: usize, report: &mut Report) -> Option<usize> {
        let value = self.expression(name)?;
        let number = match value {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number >= least);
        if number.is_none() {
            report.error(value, format!("expected a whole number of at least {least}: {name} = 8"));
        }
        number
    }

    /// A name for something that is generated, `false` to leave it out, or nothing.
    pub(crate) fn half(&self, name: &str, report: &mut Report) -> Half {
        let Some(value) = self.expression(name) else { return Half::Usual };
        if let Some(text) = as_string(value) {
            return match report.take(text.parse::<Ident>().map_err(|_| {
                syn::Error::new_spanned(
                    &text,
                    format!("`{}` is no name of a type; use letters, digits and `_`", text.value()),
                )
            })) {
                Some(ident) => Half::Named(ident),
                None => Half::Usual,
            };
        }
        if let Expr::Lit(ExprLit { lit: Lit::Bool(LitBool { value: false, .. }), .. }) = value {
            return Half::None;
        }
        report.error(value, format!("expected {name} = \"Name\", or {name} = false to leave it out"));
        Half::Usual
    }

    /// A list, read by this parser.
    pub(crate) fn list<T: syn::parse::Parse>(&self, name: &str, report: &mut Report) -> Option<Vec<T>> {
        let tokens = self.tokens(name)?;
        let items = report.take(Punctuated::<T, Token![,]>::parse_terminated.parse2(tokens.clone()))?;
        if items.is_empty() {
            report.error(self.key(name), format!("there is nothing in `{name}()`; put something in, or remove it"));
        }
        Some(items.into_iter().collect())
    }

    /// A list of texts in quotes.
    pub(crate) fn strings(&self, name: &str, report: &mut Report) -> Option<Vec<LitStr>> {
        let values: Vec<Expr> = self.list(name, report)?;
        let texts = values.iter().filter_map(|value| {
            let text = as_string(value);
            if text.is_none() {
                report.error(value, format!("a name stands in quotes: {name}(\"…\")"));
            }
            text
        });
        Some(texts.collect())
    }

    /// A text in quotes, or a list of them.
    pub(crate) fn one_or_more(&self, name: &str, report: &mut Report) -> Vec<LitStr> {
        match self.tokens(name) {
            Some(_) => self.strings(name, report).unwrap_or_default(),
            None => self.string(name, report).into_iter().collect(),
        }
    }

    /// The tokens inside the parentheses of a list.
    pub(crate) fn tokens(&self, name: &str) -> Option<&TokenStream> {
        match self.get(name) {
            Some((_, Value::List(tokens))) => Some(tokens),
            _ => None,
        }
    }
}

/// What an attribute says about something that is generated.
pub(crate) enum Half {
    Usual,
    Named(Ident),
    None,
}

impl Half {
    /// Its name, if it is wanted.
    pub(crate) fn ident(self, usual: impl FnOnce() -> Ident) -> Option<Ident> {
        match self {
            Half::Usual => Some(usual()),
            Half::Named(ident) => Some(ident),
            Half::None => None,
        }
    }
}

fn as_string(value: &Expr) -> Option<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        Expr::Group(group) => as_string(&group.expr),
        _ => None,
    }
}
