//! Values, nothing, `Result`s of several kinds, one or more named results, responses.
#![deny(warnings, missing_docs)]

use pycom::{ErrorCode, Json, Request, Response, Result, interface};

/// A service.
pub struct Query;

/// What can go wrong.
#[derive(Debug, ErrorCode)]
pub enum SplitError {
    /// Too short.
    #[error_code(17, "the text is too short")]
    TooShort,
}

/// A `Result` of our own.
pub mod alias {
    /// Under the usual name.
    pub type Result<T, E = super::SplitError> = std::result::Result<T, E>;
}

/// Returns everything.
#[interface("com.foo.example")]
impl Query {
    /// A value.
    #[method]
    pub fn value(&self) -> Vec<Option<u8>> {
        Vec::new()
    }

    /// Nothing that can fail.
    #[method]
    pub async fn nothing(&self) -> Result<()> {
        Ok(())
    }

    /// Two names.
    #[method(results("head", "tail"))]
    pub async fn split(&self) -> std::result::Result<(String, Option<u8>), SplitError> {
        Err(SplitError::TooShort)
    }

    /// One name.
    #[method(results("only"))]
    pub async fn single(&self) -> alias::Result<u8> {
        Ok(1)
    }

    /// One name for nothing.
    #[method(results("only"))]
    pub fn empty(&self) {}

    /// One name of a plain value.
    #[method(results("only"))]
    pub fn plain(&self) -> (u8, u8) {
        (1, 2)
    }

    /// Cannot fail.
    #[method]
    pub fn certain(&self) -> std::result::Result<u8, std::convert::Infallible> {
        Ok(1)
    }

    /// Beside the value.
    #[method]
    pub fn via_response(&self, request: Request) -> Result<Response<Json>> {
        Ok(Response::new(request.args_json().clone()).attachment(request.attachment().cloned()))
    }
}

async fn calls(query: &QueryClient) -> Result<()> {
    let _: Vec<Option<u8>> = query.value().await?;
    query.nothing().await?;
    let (_, _): (String, Option<u8>) = match query.split().await {
        Err(pycom::CallError::Declared(SplitError::TooShort)) => return Ok(()),
        other => other?,
    };
    let _: u8 = query.single().await?;
    let () = query.empty().await?;
    let (_, _): (u8, u8) = query.plain().await?;
    let _: u8 = query.certain().await?;
    let response: Response<Json> = query.via_response(1).await?;
    let _ = response.value.as_str();
    Ok(())
}

fn main() {
    let _ = calls;
    let offer = pycom::offer::<QueryClient, _>(Query);
    assert_eq!(offer.description().methods["single"].results, ["only"]);
    assert_eq!(offer.description().methods["single"].errors[0].code, 17);
}
