// Made by `pycom generate com.foo.counter`. Needs the crates pycom, serde and serde_json.

/// Counts for each client by itself.
#[pycom::interface("com.foo.counter", stateful)]
pub trait Counter {
    /// The next number.
    #[method]
    async fn next(&self) -> pycom::Result<u64>;
}
