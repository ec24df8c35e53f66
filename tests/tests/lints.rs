//! A crate with the strictest lints compiles with our macros; clippy has its say when it looks at this one.
#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::allow_attributes)]

use pycom::{Attachment, ErrorCode, Json, Request, Result, Session, interface};

/// A service.
#[derive(Debug)]
pub struct Query;

/// What can go wrong.
#[derive(Debug, PartialEq, Eq, ErrorCode)]
pub enum Failure {
    /// It.
    #[error_code(17, "it broke at {at}")]
    It {
        /// Where.
        at: usize,
    },
    /// That.
    #[error_code(18, "{0}")]
    That(String),
}

/// A thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Thing {
    /// How big it is.
    pub size: u8,
}

/// Does everything.
#[interface("com.foo.example", stateful)]
impl Query {
    /// Takes the request.
    ///
    /// # Errors
    ///
    /// Never.
    #[method("create")]
    pub async fn make(&self, request: Request) -> Result<Json> {
        std::future::ready(Ok(request.args_json().clone())).await
    }

    /// Takes all forms of arguments.
    ///
    /// # Errors
    ///
    /// Always.
    #[method(results("name", "size", "blob"), attachments(incoming = "data", outgoing = "blob"))]
    pub async fn all(
        &self,
        session: &Session,
        text: &str,
        more: Option<Thing>,
        #[arg("the-rest", default)] rest: Thing,
        #[arg(default = 3)] count: usize,
        data: Option<Attachment>,
    ) -> std::result::Result<(String, usize, Attachment), Failure> {
        drop((session.clone(), more, rest, data));
        std::future::ready(()).await;
        Err(Failure::It { at: text.len() + count })
    }

    /// Blocks.
    #[method(idempotent)]
    #[must_use]
    pub fn block(&self, #[args] thing: Thing) -> Vec<Thing> {
        vec![thing; 2]
    }
}

/// A contract.
#[interface("com.foo.contract")]
pub trait Contract {
    /// Goes.
    ///
    /// # Errors
    ///
    /// Never.
    #[method]
    async fn go(&self, thing: Thing) -> Result<u8> {
        std::future::ready(Ok(thing.size)).await
    }
}

impl Contract for Query {}

#[tokio::test]
async fn it_works_too() -> Result<()> {
    let service = pycom::testing::serve((Query, ContractServer::new(Query))).await?;
    assert_eq!(service.client::<ContractClient>().go(Thing { size: 3 }).await?, 3);
    assert_eq!(service.client::<QueryClient>().block(Thing::default()).await?.len(), 2);
    Ok(())
}
