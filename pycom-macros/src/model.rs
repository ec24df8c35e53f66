//! What an interface is, as plain data: made by `parse`, looked at by `check` and `expand`.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, Generics, Ident, LitStr, Path, Type, Visibility};

/// An interface, from an impl block or a trait.
pub(crate) struct Interface {
    pub(crate) name: LitStr,
    pub(crate) docs: Docs,
    pub(crate) stateful: bool,
    pub(crate) hooks: Vec<Expr>,
    pub(crate) cfgs: Vec<Attribute>,
    /// Name of the client's half, if it is wanted.
    pub(crate) client: Option<Ident>,
    pub(crate) owner: Owner,
    pub(crate) generics: Generics,
    /// Of the stub.
    pub(crate) visibility: Visibility,
    pub(crate) methods: Vec<Method>,
    /// Public methods that look as if they wanted `#[method]`.
    pub(crate) forgotten: Vec<Ident>,
}

/// What the attribute stands on.
pub(crate) enum Owner {
    /// An inherent impl block of this type.
    Type {
        ty: Box<Type>,
        /// Whether the service's half is wanted.
        server: bool,
    },
    /// A trait.
    Trait {
        ident: Ident,
        /// Name of the service's half, if it is wanted.
        server: Option<Ident>,
    },
}

/// A marked method.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    /// Remote name, on the tokens to blame for it.
    pub(crate) remote: LitStr,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) docs: Docs,
    pub(crate) deprecated: Option<Deprecated>,
    pub(crate) is_async: bool,
    pub(crate) idempotent: bool,
    pub(crate) uncancellable: bool,
    /// Calls that run at once.
    pub(crate) limit: Option<usize>,
    /// Calls that wait, over the limit.
    pub(crate) queue: Option<usize>,
    /// Whether it begins while its attachments are still arriving.
    pub(crate) streaming: bool,
    pub(crate) hooks: Vec<Expr>,
    /// Only lifetimes.
    pub(crate) generics: Generics,
    /// In the order of the signature.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Output,
}

/// A parameter after `&self`.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) kind: ParameterKind,
}

pub(crate) enum ParameterKind {
    /// The whole call.
    Request { by_reference: bool },
    /// The caller's session.
    Session { by_reference: bool },
    /// An attachment, under this remote name.
    Attachment { name: LitStr, optional: bool },
    /// `args` whole.
    Whole,
    /// One named argument.
    Named(Box<Argument>),
}

/// A named argument.
pub(crate) struct Argument {
    pub(crate) name: LitStr,
    pub(crate) form: Form,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) check: Option<Path>,
}

/// How a named argument is read and handed over.
pub(crate) enum Form {
    /// `T`
    Value,
    /// `Option<T>`
    Optional,
    /// `&str`
    Text,
    /// `Option<&str>`
    OptionalText,
    /// `&T`, read as `T`
    Reference(Type),
    /// `&[T]`, read as `Vec<T>`
    Slice(Type),
}

pub(crate) enum DefaultValue {
    /// `#[arg(default)]`
    OfType,
    /// `#[arg(default = …)]`
    Expression(Expr),
}

/// What a method returns.
pub(crate) struct Output {
    /// As written; `None` for nothing.
    pub(crate) ty: Option<Type>,
    /// Whether it is a `Result`.
    pub(crate) fallible: bool,
    /// Whether the method names its results.
    pub(crate) named: bool,
    pub(crate) shape: Shape,
}

/// How the value is taken apart for the reply, and put together by the stub.
pub(crate) enum Shape {
    /// One value of any form.
    Value(Option<Type>),
    /// One part, not in a tuple.
    Single(Part),
    /// A tuple.
    Tuple(Vec<Part>),
}

pub(crate) struct Part {
    /// `None` where it cannot be seen in the signature.
    pub(crate) ty: Option<Type>,
    pub(crate) role: Role,
}

pub(crate) enum Role {
    Named(LitStr),
    /// The whole of the JSON result.
    Whole,
    Attachment {
        name: LitStr,
        optional: bool,
    },
}

/// Doc comments.
#[derive(Default)]
pub(crate) struct Docs {
    /// As written.
    pub(crate) attributes: Vec<Attribute>,
    /// The text as an expression; `None` where there is none.
    pub(crate) text: Option<TokenStream>,
}

pub(crate) struct Deprecated {
    pub(crate) attribute: Attribute,
    pub(crate) note: String,
}

impl Owner {
    /// Whether the service's half is wanted.
    pub(crate) fn has_server(&self) -> bool {
        match self {
            Owner::Type { server, .. } => *server,
            Owner::Trait { server, .. } => server.is_some(),
        }
    }
}

impl Method {
    /// The parameters that a caller gives by name, attachments included.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&Parameter, &Argument)> {
        self.parameters.iter().filter_map(|parameter| match &parameter.kind {
            ParameterKind::Named(argument) => Some((parameter, &**argument)),
            _ => None,
        })
    }

    /// The parameter that takes `args` whole.
    pub(crate) fn whole(&self) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| matches!(parameter.kind, ParameterKind::Whole))
    }

    /// The remote names of the incoming attachments.
    pub(crate) fn incoming(&self) -> impl Iterator<Item = &LitStr> {
        self.parameters.iter().filter_map(|parameter| match &parameter.kind {
            ParameterKind::Attachment { name, .. } => Some(name),
            _ => None,
        })
    }

    pub(crate) fn takes_request(&self) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter.kind, ParameterKind::Request { .. }))
    }

    /// Whether `args` may be anything at all: the method reads the request by itself.
    pub(crate) fn takes_free_arguments(&self) -> bool {
        self.takes_request()
            && self.whole().is_none()
            && self.named().next().is_none()
            && self.incoming().next().is_none()
    }

    /// Names of the method's own lifetimes.
    pub(crate) fn lifetimes(&self) -> Vec<Ident> {
        self.generics.lifetimes().map(|parameter| parameter.lifetime.ident.clone()).collect()
    }
}

impl Output {
    pub(crate) fn parts(&self) -> &[Part] {
        match &self.shape {
            Shape::Value(_) => &[],
            Shape::Single(part) => std::slice::from_ref(part),
            Shape::Tuple(parts) => parts,
        }
    }

    /// The remote names of the outgoing attachments.
    pub(crate) fn outgoing(&self) -> impl Iterator<Item = &LitStr> {
        self.parts().iter().filter_map(|part| match &part.role {
            Role::Attachment { name, .. } => Some(name),
            _ => None,
        })
    }
}
