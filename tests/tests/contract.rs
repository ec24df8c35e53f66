//! A contract in Rust's own words, renamed to those of the wire: served to the originals' clients, and calling the
//! originals' services.

use pycom::{Client, Context, Result, Server, interface};
use serde_json::{Value, json};
use tests::originals::{Originals, Version};

/// The probe's `com.foo.example`, as a Rust developer would rather have it.
#[interface("com.foo.example", client = "ExampleClient", server = "ExampleServer")]
pub trait Example {
    /// Renamed method, renamed arguments, an optional one, named results.
    #[method("named", results("res1", "res2"))]
    async fn combine(
        &self,
        #[arg("arg1")] first: Value,
        #[arg("arg2")] second: String,
        #[arg("arg3")] third: Option<i64>,
    ) -> Result<(String, Vec<Value>)>;

    /// A default of its own: the originals' is the same 7.
    #[method("single", results("only"))]
    async fn pass(&self, #[arg("value", default = 7)] amount: i64) -> Result<i64>;
}

struct Ours;

impl Example for Ours {
    async fn combine(&self, first: Value, second: String, third: Option<i64>) -> Result<(String, Vec<Value>)> {
        Ok((second, vec![first, json!(third)]))
    }

    async fn pass(&self, amount: i64) -> Result<i64> {
        Ok(amount)
    }
}

async fn check(example: &ExampleClient) {
    let (second, rest) = example.combine(json!(1), "two".into(), None).await.unwrap();
    assert_eq!((second.as_str(), rest), ("two", vec![json!(1), Value::Null]));
    let (_, rest) = example.combine(json!([1]), "two".into(), Some(3)).await.unwrap();
    assert_eq!(rest, [json!([1]), json!(3)]);
    assert_eq!(example.pass(5).await.unwrap(), 5);
}

#[tokio::test]
async fn a_renamed_contract_works_between_rust_and_rust() {
    let service = pycom::testing::serve(ExampleServer::new(Ours)).await.unwrap();
    let example: ExampleClient = service.client();
    check(&example).await;
    example.verify().await.unwrap();
    let untyped = service.component("com.foo.example");
    assert_eq!(untyped.invoke("single", json!({})).await.unwrap(), json!({ "only": 7 }));
    let named = untyped.invoke("named", json!({ "arg1": 1, "arg2": "two" })).await.unwrap();
    assert_eq!(named, json!({ "res1": "two", "res2": [1, null] }));
}

async fn with_the_originals(version: Version) {
    let Some(originals) = Originals::find() else { return };

    // Ours, called by theirs.
    let running = Server::new().offer(ExampleServer::new(Ours)).bind("tcp://127.0.0.1:0").await.unwrap();
    let address = running.address().to_string();
    let called = tokio::task::spawn_blocking(move || {
        let mut client = originals.client(version);
        client.connect("ours", "com.foo.example", &address).unwrap();
        let whole = json!({ "arg1": 1, "arg2": "two", "arg3": 3 });
        assert_eq!(client.invoke("ours", "named", whole), Ok(json!({ "res1": "two", "res2": [1, 3] })));
        let part = json!({ "arg1": 1, "arg2": "two" });
        assert_eq!(client.invoke("ours", "named", part), Ok(json!({ "res1": "two", "res2": [1, null] })));
        assert_eq!(client.invoke("ours", "single", json!({})), Ok(json!({ "only": 7 })));
        let missing = client.invoke("ours", "named", json!({ "arg1": 1 })).unwrap_err();
        assert_eq!(missing.text, "Argument 'arg2' is required for com.foo.example.named");
    });
    called.await.unwrap();

    // Theirs, called by ours.
    let nameserver = originals.nameserver(version);
    let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    check(&context.client().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_contract_works_with_0_4_1() {
    with_the_originals(Version::V041).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_contract_works_with_0_6_0() {
    with_the_originals(Version::V060).await;
}

#[tokio::test]
async fn a_stub_tells_the_first_difference_of_a_service_that_is_another() {
    struct Other;

    #[interface("com.foo.example", client = false)]
    impl Other {
        #[method("named")]
        async fn named(&self, arg1: Value) -> Value {
            arg1
        }
    }

    let service = pycom::testing::serve(Other).await.unwrap();
    let error = service.client::<ExampleClient>().verify().await.unwrap_err().to_string();
    assert!(error.contains("named: it takes no argument 'arg2'"), "{error}");
}
