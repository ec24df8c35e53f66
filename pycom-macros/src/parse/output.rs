//! The return type.

use quote::ToTokens;
use syn::{LitStr, ReturnType, Signature, Type, TypeTuple};

use super::method::Declared;
use crate::model::{Output, Part, Role, Shape};
use crate::report::Report;
use crate::tokens::{first_argument, is_named, last_segment, mentions, option_inner, plain};

/// Reads the return type, with what `results` and `attachments` say of it.
pub(super) fn output(signature: &Signature, declared: &Declared, report: &mut Report) -> Output {
    let ty = match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    };
    if let Some(ty) = &ty
        && mentions(&ty.to_token_stream(), "impl")
    {
        let instead = if signature.asyncness.is_some() { "" } else { "; an `impl Future` is written as `async fn`" };
        report.error(ty, format!("a result for the network has one type: name it instead of `impl …`{instead}"));
    }
    let result = ty.as_ref().and_then(last_segment).filter(|segment| segment.ident == "Result");
    let value = match result {
        Some(segment) => first_argument(segment).cloned(),
        None => ty.clone(),
    };
    let fallible = result.is_some();
    let shape = Reader { signature, declared, value: value.as_ref() }.shape(report);
    Output { ty, fallible, named: declared.results.is_some(), shape: shape.unwrap_or(Shape::Value(value)) }
}

struct Reader<'a> {
    signature: &'a Signature,
    declared: &'a Declared,
    value: Option<&'a Type>,
}

impl Reader<'_> {
    fn shape(&self, report: &mut Report) -> Option<Shape> {
        match (&self.declared.results, self.declared.outgoing.as_slice()) {
            (Some(names), outgoing) => self.named(names, outgoing, report),
            (None, [outgoing]) => self.attached(outgoing, report),
            (None, [_, second, ..]) => {
                report.error(second, "several attachments go out under their names; name all results with `results`");
                None
            }
            (None, []) => {
                if let Some(ty) = self.value
                    && is_attachment(ty)
                {
                    report.error(ty, "declare the attachment: #[method(attachments(outgoing = \"name\"))]");
                }
                None
            }
        }
    }

    /// `results("a", "b")`
    fn named(&self, names: &[LitStr], outgoing: &[LitStr], report: &mut Report) -> Option<Shape> {
        let is_missing = |outgoing: &&LitStr| !names.iter().any(|name| name.value() == outgoing.value());
        for outgoing in outgoing.iter().filter(is_missing) {
            report.error(
                outgoing,
                format!("this attachment is not among the results; add \"{}\" to `results`", outgoing.value()),
            );
        }
        let (last, _) = names.split_last()?;
        if names.len() == 1 {
            return Some(Shape::Single(part(last, self.value, outgoing, report)));
        }
        let Some(tuple) = self.value.and_then(tuple) else {
            let count = names.len();
            let message =
                format!("{count} results are named, so the method returns a tuple of {count} values, written out");
            match &self.signature.output {
                ReturnType::Type(_, ty) => report.error(ty, message),
                ReturnType::Default => report.error(&self.signature.ident, message),
            }
            return None;
        };
        if tuple.elems.len() != names.len() {
            let (values, count) = (tuple.elems.len(), names.len());
            let at = names.get(values).unwrap_or(last);
            report.error(
                at,
                format!("`results` has {count} names, the method returns {values} values; name each of them"),
            );
            return None;
        }
        let parts = names.iter().zip(&tuple.elems).map(|(name, ty)| part(name, Some(ty), outgoing, report));
        Some(Shape::Tuple(parts.collect()))
    }

    /// `attachments(outgoing = "a")` without `results`
    fn attached(&self, name: &LitStr, report: &mut Report) -> Option<Shape> {
        if let Some(ty) = self.value
            && is_attachment(ty)
        {
            return Some(Shape::Single(part(name, self.value, std::slice::from_ref(name), report)));
        }
        if let Some(tuple) = self.value.and_then(tuple)
            && tuple.elems.len() == 2
            && is_attachment(&tuple.elems[1])
        {
            let value = Part { ty: Some(tuple.elems[0].clone()), role: Role::Whole };
            return Some(Shape::Tuple(vec![
                value,
                part(name, Some(&tuple.elems[1]), std::slice::from_ref(name), report),
            ]));
        }
        report.error(
            name,
            "this method returns no attachment: return `Attachment`, or `(T, Attachment)`, or name the parts \
             of a tuple with `results`",
        );
        None
    }
}

fn tuple(ty: &Type) -> Option<&TypeTuple> {
    match plain(ty) {
        Type::Tuple(tuple) => Some(tuple),
        _ => None,
    }
}

fn is_attachment(ty: &Type) -> bool {
    is_named(option_inner(ty).unwrap_or(ty), "Attachment")
}

fn part(name: &LitStr, ty: Option<&Type>, outgoing: &[LitStr], report: &mut Report) -> Part {
    let is_outgoing = outgoing.iter().any(|outgoing| outgoing.value() == name.value());
    let role = match ty {
        Some(ty) if is_outgoing && is_attachment(ty) => {
            Role::Attachment { name: name.clone(), optional: option_inner(ty).is_some() }
        }
        Some(ty) if is_outgoing => {
            report.error(
                ty,
                "this result is declared as the attachment; its type is `Attachment` or `Option<Attachment>`",
            );
            Role::Named(name.clone())
        }
        Some(ty) if is_attachment(ty) => {
            let name = name.value();
            report.error(ty, format!("declare the attachment: attachments(outgoing = \"{name}\")"));
            Role::Named(LitStr::new(&name, proc_macro2::Span::call_site()))
        }
        _ => Role::Named(name.clone()),
    };
    Part { ty: ty.cloned(), role }
}
