//! The service with one method for each thing a peer may meet: the interfaces, methods and docstrings of
//! `originals/probe_service.py`, written as a user of pycom writes them.

// A method's documentation is its docstring on the wire: where the original has none there is none here.
#![allow(missing_docs)]

use std::collections::HashMap;

use pycom::{Attachment, Error, IntoOffers, Json, Offer, Request, Response, Result, Session, interface};
use serde_json::{Value, json};

/// All of it, and the demo.
pub fn all() -> Vec<Offer> {
    (Query, Counter, Blob, examples::Demo).into_offers()
}

/// `com.foo.example`
#[derive(Debug)]
pub struct Query;

/// Query service.
#[interface("com.foo.example")]
impl Query {
    /// Creates a thing.
    #[method("create")]
    pub async fn create(&self, request: Request) -> Json {
        Json::object([("field1", request.args_json())])
    }

    /// Named arguments.
    #[method(results("res1", "res2"))]
    pub async fn named(&self, arg1: Value, arg2: Value, arg3: Option<Value>) -> (Value, [Value; 2]) {
        (arg2, [arg1, arg3.unwrap_or_default()])
    }

    #[method(results("only"))]
    pub fn single(&self, #[arg(default = json!(7))] value: Value) -> Value {
        value
    }

    #[method]
    pub async fn nothing(&self) {}

    #[method]
    pub async fn fail_code(&self, request: Request) -> Result<()> {
        Err(Error::application(request.args()?, "custom failure"))
    }

    #[method]
    pub async fn fail_bug(&self) {
        panic!("boom")
    }

    #[method]
    pub async fn fail_denied(&self) -> Result<()> {
        Err(Error::bad_request("bad thing"))
    }

    #[method]
    pub async fn unserializable(&self) -> HashMap<(u8, u8), u8> {
        // The keys of a JSON object are strings.
        HashMap::from([((1, 2), 3)])
    }

    #[method]
    pub async fn via_response(&self, request: Request) -> Response<Json> {
        Response::new(Json::object([("via", request.args_json())]))
    }
}

/// `com.foo.counter`
#[derive(Debug)]
pub struct Counter;

#[interface("com.foo.counter", stateful)]
impl Counter {
    #[method]
    pub async fn next(&self, session: Session) -> Result<u64> {
        session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)
    }
}

/// `com.foo.blob`
#[derive(Debug)]
pub struct Blob;

#[interface("com.foo.blob")]
impl Blob {
    #[method(attachments(incoming = "blob"))]
    pub async fn length(&self, blob: Attachment) -> usize {
        blob.size().unwrap_or_default() as usize
    }

    #[method(attachments(outgoing = "blob"), results("orig", "blob"))]
    pub async fn encode(&self, string: String) -> (String, Attachment) {
        (string.clone(), Attachment::from(string))
    }

    #[method]
    pub async fn mirror(&self, request: Request) -> Response<Json> {
        Response::new(request.args_json().clone()).attachment(request.attachment().cloned())
    }
}
