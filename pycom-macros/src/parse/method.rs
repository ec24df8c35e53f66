//! One function.

use quote::ToTokens;
use syn::{Attribute, Expr, FnArg, GenericParam, LitStr, Receiver, ReceiverKind, Safety, Signature};

use super::interface::{is_ours, remote_name, take_attribute};
use super::source::Function;
use super::{docs, keys, output, parameter};
use crate::model::{Method, ParameterKind};
use crate::names::remote_problem;
use crate::report::Report;

/// What `#[method(…)]` says about parameters and results.
pub(super) struct Declared {
    pub(super) results: Option<Vec<LitStr>>,
    pub(super) incoming: Vec<LitStr>,
    pub(super) outgoing: Vec<LitStr>,
    pub(super) stateful: bool,
}

/// Reads a marked function; `None` where it is marked to be skipped.
pub(super) fn method(
    marker: &Attribute,
    function: &mut Function,
    stateful: bool,
    report: &mut Report,
) -> Option<Method> {
    let tokens = keys::inside(marker, report);
    let entries = keys::METHOD.read(tokens, report);
    if let Some(second) = take_attribute(&mut function.attributes, "method") {
        report.error(second, "this function is already marked; remove one of the two attributes");
    }
    if entries.flag("skip") {
        refuse_marks(function, report);
        return None;
    }
    function.is_marked = true;
    let attachments = entries.tokens("attachments").map(|tokens| keys::ATTACHMENTS.read(tokens.clone(), report));
    let attachments = attachments.unwrap_or_default();
    let declared = Declared {
        results: entries.strings("results", report),
        incoming: attachments.one_or_more("incoming", report),
        outgoing: attachments.one_or_more("outgoing", report),
        stateful,
    };
    let names = declared.results.iter().flatten().chain(&declared.incoming).chain(&declared.outgoing);
    for name in names.chain(entries.text()) {
        if let Some(problem) = remote_problem(&name.value()) {
            report.error(name, problem);
        }
    }

    let limit = entries.number("limit", 1, report);
    let queue = entries.number("queue", 0, report);
    if let (None, Some(key)) = (entries.key("limit"), entries.key("queue")) {
        report.error(key, "only calls over a limit wait; add `limit = 8`");
    }

    let signature = &mut function.signature;
    check_signature(signature, report);
    let mut parameters = Vec::new();
    for input in &mut signature.inputs {
        if let FnArg::Typed(input) = input {
            parameters.extend(parameter::parameter(input, &declared, report));
        }
    }
    for incoming in &declared.incoming {
        let is_taken = |kind: &ParameterKind| match kind {
            ParameterKind::Attachment { name, .. } => name.value() == incoming.value(),
            _ => false,
        };
        // Of a single one the parameter has been told already that it is not declared under its name.
        let has_other = declared.incoming.len() == 1
            && parameters.iter().any(|p| matches!(p.kind, ParameterKind::Attachment { .. }));
        if !has_other && !parameters.iter().any(|parameter| is_taken(&parameter.kind)) {
            let name = incoming.value();
            report.error(incoming, format!("no parameter takes this attachment; add `{name}: Attachment`"));
        }
    }
    if let Some(streaming) = entries.key("streaming")
        && !parameters
            .iter()
            .any(|p| matches!(p.kind, ParameterKind::Attachment { .. } | ParameterKind::Request { .. }))
    {
        report.error(streaming, "no attachment comes to this method; take one, or remove `streaming`");
    }
    Some(Method {
        remote: entries.text().cloned().unwrap_or_else(|| remote_name(&signature.ident)),
        cfgs: docs::cfgs(&function.attributes),
        docs: docs::docs(&function.attributes),
        deprecated: docs::deprecated(&function.attributes),
        is_async: signature.asyncness.is_some(),
        idempotent: entries.flag("idempotent"),
        uncancellable: entries.flag("uncancellable"),
        limit,
        queue,
        streaming: entries.flag("streaming"),
        hooks: entries.list::<Expr>("hooks", report).unwrap_or_default(),
        output: output::output(signature, &declared, report),
        ident: signature.ident.clone(),
        generics: signature.generics.clone(),
        parameters,
    })
}

fn check_signature(signature: &Signature, report: &mut Report) {
    match signature.receiver() {
        None => report.error(&signature.ident, "a method of an interface takes `&self`; add it, or remove #[method]"),
        Some(receiver) if is_shared_reference(receiver) => {}
        Some(receiver) if is_mutable_reference(receiver) => report.error(
            receiver,
            "several calls run at once, so a method takes `&self`; keep what changes in a `Mutex` or an atomic",
        ),
        Some(receiver) => {
            report.error(receiver, "a method of an interface takes `&self`, as the service outlives the call")
        }
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            report.error(
                parameter,
                "a caller elsewhere cannot choose a type; make the service generic, or use a concrete type",
            );
        }
    }
    if !matches!(signature.safety, Safety::Default) {
        report.error(&signature.safety, "a remote method cannot be `unsafe`; remove this");
    }
    if let Some(abi) = &signature.abi {
        report.error(abi, "a remote method has Rust's own calling convention; remove this");
    }
    if let Some(variadic) = &signature.variadic {
        report.error(variadic, "a remote method takes a fixed number of arguments; take a `Vec` instead");
    }
}

/// `&self`
pub(super) fn is_shared_reference(receiver: &Receiver) -> bool {
    matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
}

fn is_mutable_reference(receiver: &Receiver) -> bool {
    matches!(receiver.kind, ReceiverKind::Reference(_, _, Some(_)))
}

/// Says so where `#[arg]` or `#[args]` stand in a function that is not marked.
pub(super) fn refuse_marks(function: &mut Function, report: &mut Report) {
    for input in &mut function.signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        input.attrs.retain(|attribute| {
            let ours =
                attribute.path().get_ident().is_some() && (is_ours(attribute, "arg") || is_ours(attribute, "args"));
            if ours {
                let shown = attribute.to_token_stream();
                report.error(shown, "this means something only in a remote method; mark the function with #[method]");
            }
            !ours
        });
    }
}
