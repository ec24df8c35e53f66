use super::call;
use crate::{Attachment, Json, Request, Response, Result, interface};

struct Probe;

#[interface("com.foo.blob")]
impl Probe {
    #[method(results("res1", "res2"))]
    fn two(&self) -> Result<(u8, Vec<u8>)> {
        Ok((1, vec![2, 3]))
    }

    #[method(results("only"))]
    async fn only(&self) -> u8 {
        7
    }

    #[method]
    async fn nothing(&self) {}

    #[method]
    fn unwritable(&self) -> std::collections::BTreeMap<Vec<u8>, u8> {
        [(vec![1], 1)].into()
    }

    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: Attachment) -> usize {
        blob.as_bytes().unwrap().len()
    }

    #[method(attachments(incoming = "blob"))]
    async fn maybe(&self, #[arg("blob")] data: Option<Attachment>, twice: bool) -> usize {
        data.map_or(0, |data| data.as_bytes().unwrap().len()) * if twice { 2 } else { 1 }
    }

    #[method(results("orig", "blob"), attachments(outgoing = "blob"))]
    async fn encode(&self, string: String) -> Result<(String, Attachment)> {
        let blob = Attachment::from(string.clone());
        Ok((string, blob))
    }

    #[method(attachments(outgoing = "blob"))]
    fn read(&self) -> Attachment {
        Attachment::from(vec![1])
    }

    #[method(results("blob"), attachments(outgoing = "blob"))]
    fn read_named(&self) -> Result<Attachment> {
        Ok(Attachment::from(vec![1]))
    }

    #[method(attachments(outgoing = "blob"))]
    fn read_with(&self, empty: bool) -> Result<(u8, Option<Attachment>)> {
        Ok((3, (!empty).then(|| Attachment::from(vec![1]))))
    }

    #[method]
    async fn mirror(&self, request: Request) -> Response<Json> {
        Response::new(request.args_json().clone()).attachment(request.attachment().cloned())
    }
}

#[tokio::test]
async fn named_results_make_an_object_for_one_name_too() {
    assert_eq!(call(Probe, "two", "null").result().await, r#"{"res1":1,"res2":[2,3]}"#);
    assert_eq!(call(Probe, "only", "null").result().await, r#"{"only":7}"#);
}

#[tokio::test]
async fn unnamed_results_are_any_json() {
    assert_eq!(call(Probe, "nothing", "null").result().await, "null");
    assert_eq!(call(Probe, "mirror", "[1, NaN]").result().await, "[1, NaN]");
}

#[tokio::test]
async fn a_result_that_json_cannot_hold_is_an_error() {
    let (code, text) = call(Probe, "unwritable", "null").error().await;
    assert_eq!(code, 1);
    assert_eq!(text, "The result of com.foo.blob.unwritable cannot be written as JSON: key must be a string");
}

#[tokio::test]
async fn the_attachment_is_an_argument() {
    assert_eq!(call(Probe, "length", "{}").attachment(b"\0\xff12").result().await, "4");
    assert_eq!(call(Probe, "length", "null").attachment(b"").result().await, "0");
    let (code, text) = call(Probe, "length", "{}").error().await;
    assert_eq!((code, text.as_str()), (4, "Argument 'blob' is required for com.foo.blob.length"));
    assert_eq!(call(Probe, "maybe", r#"{"twice": true}"#).attachment(b"ab").strict().result().await, "4");
    assert_eq!(call(Probe, "maybe", r#"{"twice": true}"#).result().await, "0");
}

#[tokio::test]
async fn the_attachment_is_a_result() {
    let reply = call(Probe, "encode", r#"{"string": "Ж"}"#).run().await;
    assert_eq!(reply.json().unwrap().as_str(), r#"{"orig":"Ж"}"#);
    assert_eq!(reply.attachment().unwrap().as_bytes().unwrap().as_ref(), "Ж".as_bytes());
    let reply = call(Probe, "read", "null").run().await;
    assert_eq!((reply.json().unwrap().as_str(), reply.attachment().unwrap().as_bytes().unwrap().len()), ("null", 1));
    let reply = call(Probe, "read_named", "null").run().await;
    assert_eq!((reply.json().unwrap().as_str(), reply.attachment().unwrap().as_bytes().unwrap().len()), ("{}", 1));
    let reply = call(Probe, "read_with", r#"{"empty": true}"#).run().await;
    assert_eq!((reply.json().unwrap().as_str(), reply.attachment().is_none()), ("3", true));
    let reply = call(Probe, "mirror", "[1]").attachment(b"data").run().await;
    assert_eq!(reply.attachment().unwrap().as_bytes().unwrap().as_ref(), b"data");
}
