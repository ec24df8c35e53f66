//! An impl block and a trait of the same methods are the same to a caller.

use super::call;
use crate::{Attachment, Client, Request, Result, interface, offer};

struct Block;

/// Does things.
///
/// And more.
#[interface("com.foo.example", client = "BlockStub")]
impl Block {
    /// Creates.
    #[method("make")]
    async fn create(&self, request: Request) -> Result<String> {
        Ok(request.args_json().to_string())
    }

    #[method(results("head", "tail"), idempotent)]
    #[deprecated = "use make"]
    fn split(&self, text: &str, #[arg("the-place", default = 1)] at: usize) -> (String, String) {
        (text[..at].into(), text[at..].into())
    }

    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: Option<Attachment>, #[arg(default)] more: u8) -> usize {
        blob.and_then(|blob| blob.size()).map_or(0, |size| size as usize) + usize::from(more)
    }

    #[method]
    fn whole(&self, #[args] pair: (u8, u8)) -> u8 {
        pair.0 + pair.1
    }
}

/// Does things.
///
/// And more.
#[interface("com.foo.example", client = "TraitStub", server = "Serve")]
trait Contract {
    /// Creates.
    #[method("make")]
    async fn create(&self, request: Request) -> Result<String>;

    #[method(results("head", "tail"), idempotent)]
    #[deprecated = "use make"]
    fn split(&self, text: &str, #[arg("the-place", default = 1)] at: usize) -> (String, String);

    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: Option<Attachment>, #[arg(default)] more: u8) -> usize {
        blob.and_then(|blob| blob.size()).map_or(0, |size| size as usize) + usize::from(more)
    }

    #[method]
    fn whole(&self, #[args] pair: (u8, u8)) -> u8;
}

struct Mine;

impl Contract for Mine {
    async fn create(&self, request: Request) -> Result<String> {
        Ok(request.args_json().to_string())
    }

    fn split(&self, text: &str, at: usize) -> (String, String) {
        (text[..at].into(), text[at..].into())
    }

    fn whole(&self, pair: (u8, u8)) -> u8 {
        pair.0 + pair.1
    }
}

#[test]
fn they_have_the_same_description() {
    let (block, contract) = (offer(Block), offer(Serve::new(Mine)));
    assert_eq!(block.description(), contract.description());
    assert_eq!(BlockStub::DESCRIPTION.method("split").unwrap().deprecated, Some("use make"));
    assert_eq!(block.description().docstring.as_deref(), Some("Does things.\n\nAnd more."));
}

#[tokio::test]
async fn they_answer_the_same() {
    for (method, args) in [
        ("make", "[1,null]"),
        ("split", r#"{"text": "abc"}"#),
        ("split", r#"{"text": "abc", "the-place": 2}"#),
        ("split", "{}"),
        ("length", r#"{"more": 3}"#),
        ("whole", "[1, 2]"),
        ("whole", "[1]"),
    ] {
        let block = call(Block, method, args).attachment(b"ab").run().await;
        let contract = call(Serve::new(Mine), method, args).attachment(b"ab").run().await;
        assert_eq!(block.json(), contract.json(), "{method} {args}");
        let text = |reply: &crate::Reply| reply.error().map(ToString::to_string);
        assert_eq!((block.code(), text(&block)), (contract.code(), text(&contract)), "{method} {args}");
    }
}
