//! A method's own errors: codes on the wire, the very type on the stub.
//!
//! `cargo run --example errors`

use pycom::{CallError, ErrorCode, Result, interface};

/// What can go wrong when something is put into a store.
#[derive(Debug, Clone, PartialEq, ErrorCode)]
enum StoreError {
    /// There is no room.
    #[error_code(17, "full: {limit} at most")]
    Full {
        /// How much there is room for.
        limit: u32,
    },
    /// The store is closed.
    #[error_code(18, "closed")]
    Closed,
}

struct Store;

#[interface("com.foo.store")]
impl Store {
    /// Puts something in.
    #[method]
    async fn put(&self, amount: u32) -> Result<u32, StoreError> {
        match amount {
            0 => Err(StoreError::Closed),
            1..=10 => Ok(10 - amount),
            _ => Err(StoreError::Full { limit: 10 }),
        }
    }

    /// Fails in a way that is nobody's business: the caller gets code 1 and no details.
    #[method]
    async fn read(&self) -> Result<String> {
        Ok(std::fs::read_to_string("/nonexistent")?)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = pycom::testing::serve(Store).await?;
    let store: StoreClient = service.client();
    println!("room left: {}", store.put(4).await?);
    match store.put(11).await {
        Err(CallError::Declared(StoreError::Full { limit })) => println!("full: {limit}"),
        other => println!("unexpected: {other:?}"),
    }

    let untyped = service.component("com.foo.store");
    let error = untyped.invoke("put", serde_json::json!({ "amount": 0 })).await.unwrap_err();
    println!("code {:?}: {}", error.code(), error.text().unwrap_or_default());
    let error = untyped.invoke("read", ()).await.unwrap_err();
    println!("code {:?}: {}", error.code(), error.text().unwrap_or_default());

    for error in &untyped.introspect().await?.methods["put"].errors {
        println!("declared: {} {} ({})", error.code, error.name, error.docstring.as_deref().unwrap_or(""));
    }
    Ok(())
}
