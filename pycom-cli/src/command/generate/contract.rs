//! The trait, and the file as a whole.

use proc_macro2::{Ident, TokenStream};
use pycom::Description;
use pycom::interface::MethodDescription;
use quote::quote;
use serde_json::Value;

use super::names::{Taken, ident, type_name, value_name};
use super::types::{Types, any, doc_lines};
use crate::arguments::takes_whole;
use crate::failure::{Failure, Result};
use crate::target::is_introspection;

/// Types that `#[interface]` knows by their names: no others are called so.
const MEANINGFUL: [&str; 5] = ["Attachment", "Json", "Request", "Response", "Session"];

/// The source of a contract, formatted.
pub fn source(description: &Description, name: Option<&str>) -> Result<String> {
    let last = description.name.rsplit('.').next().unwrap_or_default();
    let trait_name = match name {
        Some(name) if syn::parse_str::<Ident>(name).is_err() => {
            return Err(Failure::usage(format!(
                "'{name}' is no name for a trait; use letters and digits, e.g. Example"
            )));
        }
        Some(name) => name.to_owned(),
        None => type_name(last, "Interface"),
    };
    let reserved = ["", "Client", "Server"].map(|suffix| format!("{trait_name}{suffix}"));
    let reserved = reserved.into_iter().chain(MEANINGFUL.map(str::to_owned));
    let types = Types::new(&description.definitions, reserved);
    let mut contract = Contract { description, types };
    let item = contract.item(&trait_name);
    let types = contract.types.into_items();
    let tokens = quote!(#item #(#types)*);
    let file = syn::parse2(tokens)
        .map_err(|error| Failure::usage(format!("cannot write '{}' as Rust: {error}", description.name)))?;
    Ok(format!("{}\n{}", head(description), apart(&prettyplease::unparse(&file))))
}

fn head(description: &Description) -> String {
    let name: String = description.name.chars().filter(|c| !c.is_control()).collect();
    let untyped = match description.version {
        Some(_) => "",
        None => "// It does not say which types it takes and gives: put them in where you know them.\n",
    };
    format!("// Made by `pycom generate {name}`. Needs the crates pycom, serde and serde_json.\n{untyped}")
}

/// Puts an empty line before each item and each documented method.
fn apart(source: &str) -> String {
    let mut out = String::new();
    let mut begun = true;
    let mut depth = 0;
    for line in source.lines() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let begins = trimmed.starts_with("///") || trimmed.starts_with("#[") || trimmed.starts_with("pub ");
        let is_item = indent == 0 && begins;
        let is_method = indent == 4 && depth > 0 && (begins || trimmed.starts_with("async fn"));
        if (is_item || is_method) && !begun {
            out.push('\n');
        }
        if line.starts_with("pub trait") {
            depth = 1;
        } else if line == "}" {
            depth = 0;
        }
        let continues =
            trimmed.starts_with("///") || trimmed.starts_with("#[") || trimmed.ends_with('{') && indent == 0;
        begun = continues || (indent > 0 && !trimmed.ends_with(';') && depth > 0);
        out.push_str(line);
        out.push('\n');
    }
    out
}

struct Contract<'d> {
    description: &'d Description,
    types: Types<'d>,
}

impl Contract<'_> {
    fn item(&mut self, trait_name: &str) -> TokenStream {
        let description = self.description;
        let mut taken = Taken::default();
        let usable = |name: &&String| !is_introspection(name) && !name.chars().any(char::is_control);
        let names: Vec<&String> = description.methods.keys().filter(usable).collect();
        let methods: Vec<TokenStream> = names
            .into_iter()
            .map(|remote| {
                let name = taken.take(value_name(remote, "method"));
                self.method(remote, &name, &description.methods[remote])
            })
            .collect();
        let docs = description
            .docstring
            .as_deref()
            .map(doc_lines)
            .unwrap_or_else(|| doc_lines(&format!("The interface `{}`.", description.name)));
        let interface = &description.name;
        let stateful = description.is_stateful().then(|| quote!(, stateful));
        let trait_name = ident(trait_name);
        quote! {
            #docs
            #[pycom::interface(#interface #stateful)]
            pub trait #trait_name {
                #(#methods)*
            }
        }
    }

    fn method(&mut self, remote: &str, name: &str, method: &MethodDescription) -> TokenStream {
        let hint = type_name(remote, "Method");
        let parameters = self.parameters(method, &hint);
        let result = self.result(method, &hint);
        let docs = method_docs(remote, method);
        let deprecated = method.deprecated.as_ref().map(|why| quote!(#[deprecated(note = #why)]));
        let name = ident(name);
        let mut keys: Vec<TokenStream> = Vec::new();
        if name != remote {
            keys.push(quote!(#remote));
        }
        let results = &method.results;
        if !results.is_empty() {
            keys.push(quote!(results(#(#results),*)));
        }
        let attachments = &method.attachments;
        let incoming: Vec<&str> = attachments.incoming_names().collect();
        let outgoing: Vec<&str> = attachments.outgoing_names().collect();
        let named = |key: &str, names: &[&str]| {
            let key = ident(key);
            match names {
                [] => None,
                [only] => Some(quote!(#key = #only)),
                several => Some(quote!(#key(#(#several),*))),
            }
        };
        let attachments: Vec<TokenStream> =
            named("incoming", &incoming).into_iter().chain(named("outgoing", &outgoing)).collect();
        if !attachments.is_empty() {
            keys.push(quote!(attachments(#(#attachments),*)));
        }
        if method.streaming {
            keys.push(quote!(streaming));
        }
        if method.idempotent {
            keys.push(quote!(idempotent));
        }
        if method.uncancellable {
            keys.push(quote!(uncancellable));
        }
        let attribute = if keys.is_empty() { quote!(#[method]) } else { quote!(#[method(#(#keys),*)]) };
        quote! {
            #docs
            #deprecated
            #attribute
            async fn #name(&self, #(#parameters),*) -> pycom::Result<#result>;
        }
    }

    fn parameters(&mut self, method: &MethodDescription, hint: &str) -> Vec<TokenStream> {
        if takes_whole(self.description, method) {
            let schema = method.arguments_schema.clone().unwrap_or(Value::Bool(true));
            let ty = self.types.of(&schema, &format!("{hint}Args"));
            return vec![quote!(#[args] args: #ty)];
        }
        let mut taken = Taken::default();
        let required = method.required_arguments.iter().map(|name| (name, true));
        let optional = method.optional_arguments.iter().map(|name| (name, false));
        let all: Vec<(&String, bool)> = required.chain(optional).collect();
        all.into_iter().map(|(remote, required)| self.parameter(method, remote, required, hint, &mut taken)).collect()
    }

    fn parameter(
        &mut self,
        method: &MethodDescription,
        remote: &str,
        required: bool,
        hint: &str,
        taken: &mut Taken,
    ) -> TokenStream {
        let is_attachment = method.attachments.is_incoming(remote);
        let schema = property(&method.arguments_schema, remote);
        let ty = match schema {
            _ if is_attachment => quote!(pycom::Attachment),
            Some(schema) => self.types.of(&schema, &format!("{hint}{}", type_name(remote, "Argument"))),
            None => any(),
        };
        let is_option = ty.to_string().starts_with("Option <");
        let ty = if required || is_option { ty } else { quote!(Option<#ty>) };
        let name = ident(&taken.take(value_name(remote, "argument")));
        let rename = (name != remote && !is_attachment).then(|| quote!(#[arg(#remote)]));
        let rename = if name != remote && is_attachment { Some(quote!(#[arg(#remote)])) } else { rename };
        quote!(#rename #name: #ty)
    }

    fn result(&mut self, method: &MethodDescription, hint: &str) -> TokenStream {
        let outgoing = method.attachments.outgoing.as_deref();
        if method.results.is_empty() {
            let whole = method.result_schema.as_ref().map_or_else(any, |s| self.types.of(s, &format!("{hint}Result")));
            return match outgoing {
                Some(_) => quote!((#whole, pycom::Attachment)),
                None => whole,
            };
        }
        let mut parts = Vec::new();
        for name in &method.results {
            parts.push(match property(&method.result_schema, name) {
                _ if method.attachments.is_outgoing(name) => quote!(pycom::Attachment),
                Some(schema) => self.types.of(&schema, &format!("{hint}{}", type_name(name, "Result"))),
                None => any(),
            });
        }
        match &parts[..] {
            [only] => only.clone(),
            parts => quote!((#(#parts),*)),
        }
    }
}

fn property(schema: &Option<Value>, name: &str) -> Option<Value> {
    schema.as_ref()?.get("properties")?.get(name).cloned()
}

/// What a method does, its defaults, and the errors it declares.
fn method_docs(remote: &str, method: &MethodDescription) -> TokenStream {
    let mut text = method.docstring.clone().unwrap_or_default().trim().to_owned();
    if text.is_empty() {
        text = format!("The method `{remote}`.");
    }
    let defaults: Vec<String> = method
        .defaults
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("`{name}` is `{value}` unless given."))
        .collect();
    if !defaults.is_empty() {
        text.push_str(&format!("\n\n{}", defaults.join(" ")));
    }
    if !method.errors.is_empty() {
        text.push_str("\n\n# Errors\n");
        for error in &method.errors {
            let meaning = error.docstring.as_deref().map_or(String::new(), |text| format!(": {}", text.trim()));
            text.push_str(&format!("\n- code {}, `{}`{meaning}", error.code, error.name));
        }
    }
    doc_lines(&text)
}
