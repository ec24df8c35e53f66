// Made by `pycom generate org.pycom.demo`. Needs the crates pycom, serde and serde_json.

/// What the original's demo service offers.
#[pycom::interface("org.pycom.demo")]
pub trait Demo {
    /// Answers with its arguments.
    #[method(idempotent)]
    async fn echo(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// Fails, and says what with.
    #[method]
    async fn throw(&self, #[args] args: serde_json::Value) -> pycom::Result<()>;
}
