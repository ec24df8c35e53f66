//! Attachments in and out, with and without names.
#![deny(warnings)]

use pycom::{Attachment, Result, interface};

struct Blob;

#[interface("com.foo.blob")]
impl Blob {
    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: Attachment) -> usize {
        blob.size().unwrap_or_default() as usize
    }

    #[method(attachments(incoming = "data"))]
    async fn maybe(&self, name: String, #[arg("data")] blob: Option<Attachment>) -> bool {
        name.is_empty() && blob.is_some()
    }

    #[method(results("orig", "blob"), attachments(outgoing = "blob"))]
    async fn encode(&self, string: String) -> Result<(String, Attachment)> {
        Ok((string.clone(), string.into()))
    }

    #[method(results("blob", "a", "b"), attachments(incoming = "blob", outgoing = "blob"))]
    async fn both(&self, blob: Attachment) -> (Option<Attachment>, u8, u8) {
        (Some(blob), 1, 2)
    }

    #[method(attachments(outgoing = "blob"))]
    async fn read(&self) -> Result<Attachment> {
        Ok(Attachment::default())
    }

    #[method(attachments(outgoing = "blob"))]
    async fn read_with(&self) -> Result<(u8, Option<Attachment>)> {
        Ok((1, None))
    }
}

async fn calls(blob: &BlobClient) -> Result<()> {
    let _: usize = blob.length(Attachment::default()).await?;
    let _: bool = blob.maybe("x".into(), None).await?;
    let (_, _): (String, Attachment) = blob.encode("x".into()).await?;
    let (_, _, _): (Option<Attachment>, u8, u8) = blob.both(Attachment::default()).await?;
    let _: Attachment = blob.read().await?;
    let (_, _): (u8, Option<Attachment>) = blob.read_with().await?;
    Ok(())
}

fn main() {
    let _ = calls;
    let offer = pycom::offer::<BlobClient, _>(Blob);
    let methods = &offer.description().methods;
    assert_eq!(methods["length"].required_arguments, ["blob"]);
    assert_eq!(methods["maybe"].optional_arguments, ["data"]);
    assert_eq!(methods["encode"].results, ["orig", "blob"]);
    assert_eq!(methods["encode"].attachments.outgoing.as_deref(), Some("blob"));
    assert!(methods["read"].results.is_empty());
}
