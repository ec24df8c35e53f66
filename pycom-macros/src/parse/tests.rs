use quote::quote;

use super::source::Source;
use super::{interface, keys};
use crate::check::check;
use crate::model::{DefaultValue, Form, Interface, ParameterKind, Role, Shape};
use crate::report::Report;

/// What is made of an interface, and what is wrong with it.
fn parse(attribute: &str, item: &str) -> (Option<Interface>, Vec<String>) {
    let mut report = Report::default();
    let mut source: Source = syn::parse_str(item).expect("the item is Rust");
    let model = interface(attribute.parse().expect("the attribute is Rust"), &mut source, &mut report);
    if let Some(model) = &model {
        check(model, &mut report);
    }
    (model, report.texts())
}

/// What is made of one method.
fn method(method: &str) -> (Option<Interface>, Vec<String>) {
    parse("\"com.foo.example\"", &format!("impl Query {{ {method} }}"))
}

fn good(text: &str) -> Interface {
    match method(text) {
        (Some(model), problems) if problems.is_empty() => model,
        (_, problems) => panic!("{problems:?}"),
    }
}

#[test]
fn an_interface_is_read_whole() {
    let (model, problems) = parse(
        "\"com.foo.example\", stateful, client = \"Stub\", hooks(log, limit(3))",
        "/// Does.\nimpl Query { #[method(\"make\", idempotent)] pub async fn create(&self) {} fn other(&self) {} }",
    );
    assert_eq!(problems, [""; 0]);
    let model = model.unwrap();
    assert_eq!(model.name.value(), "com.foo.example");
    assert!(model.stateful);
    assert_eq!(model.client.unwrap(), "Stub");
    assert_eq!(model.hooks.len(), 2);
    assert_eq!(model.methods.len(), 1);
    let method = &model.methods[0];
    assert_eq!((method.remote.value().as_str(), method.is_async, method.idempotent), ("make", true, true));
    assert_eq!(model.docs.text.unwrap().to_string(), "\"Does.\"");
}

#[test]
fn the_halves_are_named_after_the_type_or_trait() {
    let names = |attribute: &str, item: &str| {
        let model = parse(attribute, item).0.unwrap();
        let has_server = model.owner.has_server();
        (model.client.map(|ident| ident.to_string()), has_server)
    };
    let block = "impl<T> a::b::Query<T> { #[method] fn a(&self) {} }";
    assert_eq!(names("\"a.b\"", block), (Some("QueryClient".into()), true));
    assert_eq!(names("\"a.b\", client = false", block), (None, true));
    assert_eq!(names("\"a.b\", server = false", block), (Some("QueryClient".into()), false));
    let contract = "trait Query { #[method] fn a(&self); }";
    assert_eq!(names("\"a.b\", server = false", contract), (Some("QueryClient".into()), false));
}

#[test]
fn a_parameters_type_says_where_it_comes_from() {
    let model = good(
        "#[method(attachments(incoming = \"blob\"))] fn a(&self, r: &pycom::Request, text: &str, some: Option<&str>, \
         list: &[u8], point: &Point, at: Option<u8>, plain: u8, blob: Option<Attachment>) {}",
    );
    let forms: Vec<_> = model.methods[0]
        .parameters
        .iter()
        .map(|parameter| match &parameter.kind {
            ParameterKind::Request { by_reference: true } => "&request",
            ParameterKind::Attachment { optional: true, .. } => "attachment?",
            ParameterKind::Named(argument) => match argument.form {
                Form::Value => "value",
                Form::Optional => "optional",
                Form::Text => "text",
                Form::OptionalText => "text?",
                Form::Reference(_) => "reference",
                Form::Slice(_) => "slice",
            },
            _ => "other",
        })
        .collect();
    assert_eq!(forms, ["&request", "text", "text?", "slice", "reference", "optional", "value", "attachment?"]);
}

#[test]
fn an_argument_may_be_renamed_defaulted_and_checked() {
    let model = good("#[method] fn a(&self, #[arg(\"the size\", default = 3, check = a::b)] r#type: u8, r#in: u8) {}");
    let arguments: Vec<_> = model.methods[0].named().map(|(_, argument)| argument).collect();
    assert_eq!(arguments[0].name.value(), "the size");
    assert!(matches!(arguments[0].default, Some(DefaultValue::Expression(_))));
    assert!(arguments[0].check.is_some());
    assert_eq!(arguments[1].name.value(), "in");
}

#[test]
fn results_take_the_return_type_apart() {
    let shape = |text: &str| good(text).methods.remove(0).output;
    let output = shape("#[method] fn a(&self) -> io::Result<u8> {}");
    assert!(output.fallible && matches!(output.shape, Shape::Value(Some(_))));
    let output = shape("#[method] fn a(&self) -> Vec<Result<u8>> {}");
    assert!(!output.fallible);
    let output = shape("#[method(results(\"a\"))] fn a(&self) -> (u8, u8) {}");
    assert!(matches!(output.shape, Shape::Single(_)));
    let output = shape(
        "#[method(results(\"a\", \"b\"), attachments(outgoing = \"b\"))] fn a(&self) -> Result<(u8, Attachment), E> {}",
    );
    let Shape::Tuple(parts) = output.shape else { panic!("it is a tuple") };
    assert!(matches!((&parts[0].role, &parts[1].role), (Role::Named(_), Role::Attachment { optional: false, .. })));
    let output = shape("#[method(attachments(outgoing = \"b\"))] fn a(&self) -> (u8, Option<Attachment>) {}");
    let Shape::Tuple(parts) = output.shape else { panic!("it is a tuple") };
    assert!(matches!((&parts[0].role, &parts[1].role), (Role::Whole, Role::Attachment { optional: true, .. })));
}

#[test]
fn all_errors_are_gathered() {
    let (_, problems) = method(
        "#[method(\"\", reults(\"a\"))] fn a(&mut self, (a, b): (u8, u8), names: Vec<&str>) -> impl Sized {} \
         #[method] fn introspect() {}",
    );
    assert_eq!(problems.len(), 8, "{problems:#?}");
}

#[test]
fn methods_of_one_name_are_right_where_only_one_is_compiled() {
    let twice = "#[method(\"x\")] fn a(&self) {} #[method(\"x\")] fn b(&self) {}";
    assert_eq!(method(twice).1.len(), 1);
    let either = "#[cfg(a)] #[method(\"x\")] fn a(&self) {} #[cfg(not(a))] #[method(\"x\")] fn b(&self) {}";
    assert_eq!(method(either).1.len(), 0);
}

#[test]
fn functions_that_look_remote_are_noticed() {
    let model = good(
        "#[method] fn a(&self) {} pub async fn b(&self) {} async fn c(&self) {} pub fn d(&self) {} \
         pub async fn e() {} #[method(skip)] pub async fn f(&self) {}",
    );
    assert_eq!(model.forgotten, ["b"]);
}

#[test]
fn our_attributes_are_taken_out_and_nothing_else() {
    let mut report = Report::default();
    let item = quote! {
        #[allow(unused)]
        impl Query {
            #[inline]
            #[method]
            fn a(&self, #[args] #[allow(unused)] b: u8) {}
            const C: u8 = 1;
        }
    };
    let mut source: Source = syn::parse2(item).unwrap();
    interface(quote!("a.b"), &mut source, &mut report);
    let expected = quote! {
        #[allow(unused)]
        impl Query {
            #[inline]
            fn a(&self, #[allow(unused)] b: u8) {}
            const C: u8 = 1;
        }
    };
    assert_eq!(quote!(#source).to_string(), expected.to_string());
}

#[test]
fn a_body_is_not_read() {
    let (_, problems) = method("#[method] fn a(&self) { this is; no <Rust> + at all }");
    assert_eq!(problems, [""; 0]);
}

#[test]
fn keys_are_suggested_by_nearness() {
    let mut report = Report::default();
    keys::METHOD.read(quote!(idempotnt, attachment(incoming = "x"), zzz), &mut report);
    assert_eq!(
        report.texts(),
        [
            "unknown key `idempotnt`; did you mean `idempotent`?",
            "unknown key `attachment`; did you mean `attachments`?",
            "unknown key `zzz`; known are `results`, `attachments`, `streaming`, `idempotent`, `uncancellable`, `limit`, `queue`, `hooks`, `skip`",
        ]
    );
}
