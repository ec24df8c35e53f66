//! Lifetimes of methods, in arguments and in the stub.
#![deny(warnings)]

use std::borrow::Cow;

use pycom::interface;

#[derive(serde::Serialize, serde::Deserialize)]
struct Borrowed<'a> {
    name: Cow<'a, str>,
}

struct Query;

#[interface("com.foo.example", client = false)]
impl Query {
    #[method]
    async fn echo<'a>(&self, text: &'a str) -> &'a str {
        text
    }

    #[method]
    async fn first<'t>(&'t self, text: &'t str, other: Option<&'t str>) -> Option<&'t str> {
        other.or(Some(text))
    }
}

#[interface("com.foo.other", client = "OtherClient")]
impl Query {
    #[method]
    async fn length<'a>(&self, text: &'a str, name: Cow<'a, str>, borrowed: Borrowed<'_>) -> usize {
        text.len() + name.len() + borrowed.name.len()
    }
}

async fn calls(other: &OtherClient) -> pycom::Result<usize> {
    let text = String::from("text");
    other.length(&text, Cow::Borrowed("name"), Borrowed { name: Cow::Borrowed("x") }).await
}

fn main() {
    let _ = calls;
    let _ = (pycom::offer::<(), _>(Query), pycom::offer::<OtherClient, _>(Query));
}
