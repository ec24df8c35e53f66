//! The keys of our attributes: which there are, how each is written, and what is said of others.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitStr, Token, parenthesized};

use super::entries::{Entries, Value};
use crate::names::nearest;
use crate::report::Report;

/// What may stand in one attribute.
pub(crate) struct Vocabulary {
    /// What a text without a key stands for; `None` where there must be none.
    text: Option<&'static str>,
    keys: &'static [Key],
}

struct Key {
    name: &'static str,
    form: Form,
    /// As it is to be written.
    usage: &'static str,
}

#[derive(PartialEq, Clone, Copy)]
enum Form {
    /// `key`
    Flag,
    /// `key = value`
    Value,
    /// `key(…)`
    List,
    /// `key` or `key = value`
    FlagOrValue,
    /// `key = value` or `key(…)`
    ValueOrList,
}

const fn key(name: &'static str, form: Form, usage: &'static str) -> Key {
    Key { name, form, usage }
}

/// `#[interface("com.foo.example", …)]`
pub(crate) const INTERFACE: Vocabulary = Vocabulary {
    text: Some("the interface's name"),
    keys: &[
        key("stateful", Form::Flag, "stateful"),
        key("client", Form::Value, "client = \"Name\" or client = false"),
        key("server", Form::Value, "server = \"Name\" or server = false"),
        key("hooks", Form::List, "hooks(path, …)"),
    ],
};

/// `#[method("remote-name", …)]`
pub(crate) const METHOD: Vocabulary = Vocabulary {
    text: Some("the remote name"),
    keys: &[
        key("results", Form::List, "results(\"name\", …)"),
        key("attachments", Form::List, "attachments(incoming = \"name\", outgoing = \"name\")"),
        key("streaming", Form::Flag, "streaming"),
        key("idempotent", Form::Flag, "idempotent"),
        key("uncancellable", Form::Flag, "uncancellable"),
        key("limit", Form::Value, "limit = 8"),
        key("queue", Form::Value, "queue = 16"),
        key("hooks", Form::List, "hooks(path, …)"),
        key("skip", Form::Flag, "skip"),
    ],
};

/// `attachments(incoming = "name", outgoing = "name")`
pub(crate) const ATTACHMENTS: Vocabulary = Vocabulary {
    text: None,
    keys: &[
        key("incoming", Form::ValueOrList, "incoming = \"name\""),
        key("outgoing", Form::ValueOrList, "outgoing = \"name\""),
    ],
};

/// `#[arg("remote-name", …)]`
pub(crate) const ARG: Vocabulary = Vocabulary {
    text: Some("the remote name"),
    keys: &[key("default", Form::FlagOrValue, "default or default = value"), key("check", Form::Value, "check = path")],
};

impl Vocabulary {
    /// Reads the inside of an attribute.
    pub(crate) fn read(&self, tokens: TokenStream, report: &mut Report) -> Entries {
        let mut entries = Entries::default();
        let result = (|input: ParseStream<'_>| {
            while !input.is_empty() {
                self.read_entry(input, &mut entries, report)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        })
        .parse2(tokens);
        report.take(result);
        entries
    }

    fn read_entry(&self, input: ParseStream<'_>, entries: &mut Entries, report: &mut Report) -> syn::Result<()> {
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            match self.text {
                Some(what) if entries.text.is_some() => {
                    report.error(&text, format!("{what} is already there; remove one of the two"))
                }
                Some(_) => entries.text = Some(text),
                None => report.error(&text, format!("a text cannot stand here alone; write {}", self.usages())),
            }
            return Ok(());
        }
        if !input.peek(Ident::peek_any) {
            let expected = self.text.map_or(String::new(), |what| format!("{what} in quotes, or "));
            return Err(input.error(format!("expected {expected}{}", self.usages())));
        }
        let ident = input.call(Ident::parse_any)?;
        if let Some(what) = self.text
            && (input.peek(Token![.]) || input.peek(Token![::]))
        {
            return Err(syn::Error::new_spanned(ident, format!("{what} stands in quotes")));
        }
        let value = if input.parse::<Option<Token![=]>>()?.is_some() {
            Value::Expression(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::Flag
        };
        self.check(&ident, &value, entries, report);
        if entries.entries.iter().all(|(known, _)| *known != ident) {
            entries.entries.push((ident, value));
        }
        Ok(())
    }

    fn check(&self, ident: &Ident, value: &Value, entries: &Entries, report: &mut Report) {
        let Some(key) = self.keys.iter().find(|key| ident == key.name) else {
            report.error(ident, self.unknown(&ident.to_string()));
            return;
        };
        let fits = match value {
            Value::Flag => matches!(key.form, Form::Flag | Form::FlagOrValue),
            Value::Expression(_) => matches!(key.form, Form::Value | Form::FlagOrValue | Form::ValueOrList),
            Value::List(_) => matches!(key.form, Form::List | Form::ValueOrList),
        };
        if !fits {
            report.error(ident, format!("this is written `{}`", key.usage));
        } else if entries.entries.iter().any(|(known, _)| known == ident) {
            report.error(ident, format!("`{ident}` is already there; remove one of the two"));
        }
    }

    fn unknown(&self, name: &str) -> String {
        if name == "name"
            && let Some(what) = self.text
        {
            return format!("{what} stands without a key, as a text in quotes");
        }
        match nearest(name, self.keys.iter().map(|key| key.name)) {
            Some(near) => format!("unknown key `{name}`; did you mean `{near}`?"),
            None => format!("unknown key `{name}`; known are {}", self.names()),
        }
    }

    fn names(&self) -> String {
        self.keys.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ")
    }

    fn usages(&self) -> String {
        self.keys.iter().map(|key| format!("`{}`", key.usage)).collect::<Vec<_>>().join(", ")
    }
}

/// The inside of an attribute, empty where it has no parentheses.
pub(crate) fn inside(attribute: &syn::Attribute, report: &mut Report) -> TokenStream {
    match &attribute.meta {
        syn::Meta::Path(_) => TokenStream::new(),
        syn::Meta::List(list) => list.tokens.clone(),
        syn::Meta::NameValue(pair) => {
            let name = pair.path.to_token_stream();
            report.error(pair, format!("this is written `#[{name}(…)]`"));
            TokenStream::new()
        }
    }
}
