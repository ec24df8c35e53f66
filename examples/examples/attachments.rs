//! Attachments: binary data beside the JSON, in and out.
//!
//! `cargo run --example attachments`

use pycom::{Attachment, Request, Response, Result, interface};

struct Blob;

#[interface("com.foo.blob")]
impl Blob {
    /// The request's attachment is the argument `blob`.
    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: Attachment) -> u64 {
        blob.size().unwrap_or_default()
    }

    /// The reply's attachment is the result `blob`.
    #[method(results("orig", "blob"), attachments(outgoing = "blob"))]
    async fn encode(&self, string: String) -> (String, Attachment) {
        let bytes = string.clone().into_bytes();
        (string, bytes.into())
    }

    /// Attachments that nobody declared.
    #[method]
    async fn mirror(&self, request: Request) -> Response<Option<u64>> {
        let attachment = request.attachment().cloned();
        Response::new(attachment.as_ref().and_then(Attachment::size)).attachment(attachment)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = pycom::testing::serve(Blob).await?;
    let blob: BlobClient = service.client();
    println!("length: {}", blob.length(vec![0, 255, 7].into()).await?);
    let (orig, data) = blob.encode("Ж".into()).await?;
    println!("encode: {orig} is {:?}", data.bytes(1024).await?);

    let untyped = service.component("com.foo.blob");
    let answer = untyped.call("mirror").attachment(vec![1, 2]).await?;
    if let Some(data) = answer.attachment() {
        println!("mirror: {} {:?}", answer.json(), data.bytes(1024).await?);
    }
    let error = untyped.invoke("length", ()).await.unwrap_err();
    println!("{}", error.text().unwrap_or_default());
    Ok(())
}
