// Made by `pycom generate com.foo.doorman`. Needs the crates pycom, serde and serde_json.

/// Calls that end when they are let go.
#[pycom::interface("com.foo.doorman")]
pub trait Doorman {
    /// Waits, and lets nobody use its thread meanwhile.
    #[method]
    async fn block(&self, door: String, number: u32) -> pycom::Result<u32>;

    /// Answers at once.
    #[method]
    async fn double(&self, number: u32) -> pycom::Result<u32>;

    /// Fails in a way that nobody foresaw, on a thread of its own.
    #[method]
    async fn fall(&self) -> pycom::Result<()>;

    /// As `block`, in a function that pretends to be considerate.
    #[method]
    async fn stall(&self, door: String, number: u32) -> pycom::Result<u32>;

    /// Waits, and lets others use its thread meanwhile.
    #[method]
    async fn wait(&self, door: String, number: u32) -> pycom::Result<u32>;
}
