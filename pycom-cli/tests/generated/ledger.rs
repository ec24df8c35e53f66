// Made by `pycom generate com.foo.ledger`. Needs the crates pycom, serde and serde_json.

/// Writes calls down.
#[pycom::interface("com.foo.ledger")]
pub trait Ledger {
    /// Writes `id` down, then works for so many microseconds. Never to be run twice.
    #[method]
    async fn enter(&self, id: u64, work: u64) -> pycom::Result<u64>;

    /// What the process holds.
    #[method]
    async fn left(&self) -> pycom::Result<serde_json::Value>;

    /// As `enter`, on a thread of its own; may be run twice.
    #[method(idempotent)]
    async fn note(&self, id: u64, work: u64) -> pycom::Result<u64>;
}
