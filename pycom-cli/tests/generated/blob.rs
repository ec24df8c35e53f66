// Made by `pycom generate com.foo.blob`. Needs the crates pycom, serde and serde_json.

/// The interface `com.foo.blob`.
#[pycom::interface("com.foo.blob")]
pub trait Blob {
    /// The method `encode`.
    #[method(results("orig", "blob"), attachments(outgoing = "blob"))]
    async fn encode(&self, string: String) -> pycom::Result<(String, pycom::Attachment)>;

    /// The method `length`.
    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: pycom::Attachment) -> pycom::Result<usize>;

    /// The method `mirror`.
    #[method]
    async fn mirror(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;
}
