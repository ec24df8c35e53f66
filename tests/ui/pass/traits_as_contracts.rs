//! A contract, a service for it, defaults, methods that are not remote.
#![deny(warnings, missing_docs)]

use pycom::{Result, interface};

/// A contract.
#[interface("com.foo.example")]
pub trait Query {
    /// Creates.
    #[method]
    async fn create(&self, #[arg("the-name")] name: &str, #[arg(default = 3)] size: u8) -> Result<String>;

    /// Has a body.
    #[method(results("head", "tail"))]
    async fn split(&self, text: String) -> (String, String) {
        self.note(&text);
        (text.clone(), text)
    }

    /// Blocks.
    #[method]
    fn block(&self, #[args] whole: (u8, u8)) -> u8 {
        whole.0
    }

    /// Nothing at all.
    #[method]
    async fn nothing(&self);

    /// Not remote.
    fn note(&self, text: &str) {
        let _ = text;
    }
}

/// A service.
pub struct Mine;

impl Query for Mine {
    async fn create(&self, name: &str, size: u8) -> Result<String> {
        std::future::ready(()).await;
        Ok(name.repeat(size.into()))
    }

    async fn nothing(&self) {}
}

async fn calls(query: &QueryClient) -> Result<String> {
    query.nothing().await?;
    query.split("text".into()).await?;
    query.block((1, 2)).await?;
    query.create("name", 2).await
}

fn main() {
    let _ = calls;
    let server = QueryServer::new(Mine);
    let shared = QueryServer::shared(std::sync::Arc::new(Mine));
    assert_eq!(format!("{server:?}"), "QueryServer");
    let _ = (pycom::offer::<QueryClient, _>(server), pycom::offer::<QueryClient, _>(shared.clone()));
}
