//! A crate that calls pycom `rpc`: what the macros write follows.

use rpc::{interface, ErrorCode, Result};

/// What can go wrong.
#[derive(Debug, PartialEq, Eq, ErrorCode)]
pub enum Failure {
    /// It.
    #[error_code(17, "it broke")]
    It,
}

/// A service.
#[derive(Debug)]
pub struct Query;

/// An interface.
#[interface("com.foo.example")]
impl Query {
    /// Measures a text.
    #[method]
    pub async fn length(&self, text: &str) -> Result<usize> {
        Ok(text.len())
    }

    /// Breaks.
    #[method]
    pub fn fail(&self) -> Result<(), Failure> {
        Err(Failure::It)
    }
}

/// A contract.
#[interface("com.foo.contract")]
pub trait Contract {
    /// Goes.
    #[method]
    async fn go(&self) -> u8;
}

impl Contract for Query {
    async fn go(&self) -> u8 {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn macros_find_the_crate_under_its_other_name() -> Result<()> {
        let service = rpc::testing::serve((Query, ContractServer::new(Query))).await?;
        let query = service.client::<QueryClient>();
        assert_eq!(query.length("hello").await?, 5);
        assert!(matches!(query.fail().await, Err(rpc::CallError::Declared(Failure::It))));
        assert_eq!(service.client::<ContractClient>().go().await?, 1);
        Ok(())
    }
}
