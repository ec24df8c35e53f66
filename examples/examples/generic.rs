//! A generic service: one impl block for every back end.
//!
//! `cargo run --example generic`

use std::collections::HashMap;
use std::sync::Mutex;

use pycom::{Result, interface};

/// Where values are kept.
trait Backend: Send + Sync + 'static {
    fn put(&self, key: &str, value: String);
    fn get(&self, key: &str) -> Option<String>;
}

#[derive(Default)]
struct Memory(Mutex<HashMap<String, String>>);

impl Backend for Memory {
    fn put(&self, key: &str, value: String) {
        self.0.lock().unwrap().insert(key.to_owned(), value);
    }
    fn get(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap().get(key).cloned()
    }
}

struct Store<B> {
    backend: B,
}

#[interface("com.foo.store")]
impl<B: Backend> Store<B> {
    /// Keeps a value.
    #[method]
    async fn put(&self, key: &str, value: String) {
        self.backend.put(key, value);
    }

    /// Gives it back.
    #[method(idempotent)]
    async fn get(&self, key: &str) -> Option<String> {
        self.backend.get(key)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = pycom::testing::serve(Store { backend: Memory::default() }).await?;
    let store: StoreClient = service.client();
    store.put("a", "1".into()).await?;
    println!("{:?} {:?}", store.get("a").await?, store.get("b").await?);
    Ok(())
}
