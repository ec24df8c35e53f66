//! Everything that rustc can complain of, denied.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    unused_lifetimes,
    unused_results,
    rust_2018_idioms,
    future_incompatible,
    let_underscore,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unused_import_braces,
    variant_size_differences,
    redundant_lifetimes,
    unit_bindings,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    keyword_idents,
    non_ascii_idents
)]

//! Public and private.

use pycom::{ErrorCode, Result, interface};

/// A service.
#[derive(Debug)]
pub struct Query;

/// What can go wrong.
#[derive(Debug, ErrorCode)]
pub enum Failure {
    /// It.
    #[error_code(17, "it")]
    It(String),
}

/// An interface.
#[interface("com.foo.example")]
impl Query {
    /// Public.
    #[method(results("a", "b"))]
    pub async fn open(&self, text: &str, #[arg(default = 3)] size: u8) -> Result<(String, u8)> {
        Ok((text.to_owned(), size))
    }

    #[method]
    fn hidden(&self, hidden: Hidden) -> std::result::Result<Hidden, Failure> {
        Ok(hidden)
    }
}

/// Nobody's business.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Hidden;

/// A contract.
#[interface("com.foo.contract")]
pub trait Contract {
    /// Goes.
    #[method]
    async fn go(&self, text: &str) -> Result<String>;
}

mod inner {
    #[derive(Debug)]
    pub(crate) struct Private;

    #[pycom::interface("com.foo.private")]
    impl Private {
        #[method]
        fn go(&self) {}
    }

    #[pycom::interface("com.foo.whisper")]
    trait Whisper {
        #[method]
        #[allow(dead_code)]
        async fn go(&self);
    }
}

fn main() {
    let offers = [pycom::offer::<QueryClient, _>(Query), pycom::offer::<inner::PrivateClient, _>(inner::Private)];
    assert_eq!(offers.len(), 2);
}
