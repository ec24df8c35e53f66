//! Types with and without a JSON Schema, generic ones, defaults that cannot be written as JSON.
#![deny(warnings)]

use pycom::interface;

/// A colour.
#[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
struct Colour {
    /// How red it is.
    red: u8,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Plain;

struct Query<T>(T);

#[interface("com.foo.example")]
impl<T: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static> Query<T> {
    #[method]
    async fn paint(&self, colour: Colour, plain: Plain, generic: T) -> Vec<Colour> {
        let _ = (plain, generic, &self.0);
        vec![colour]
    }

    #[method(idempotent, results("colour", "plain"))]
    async fn named(&self) -> (Colour, Plain) {
        (Colour { red: 1 }, Plain)
    }
}

fn main() {
    let offer = pycom::offer::<QueryClient<u8>, _>(Query(1));
    let description = offer.description();
    assert!(description.definitions.contains_key("Colour"));
    let paint = description.methods["paint"].arguments_schema.as_ref().unwrap();
    assert!(paint["properties"].get("plain").is_none());
    let named = &description.methods["named"];
    assert!(named.idempotent);
    assert_eq!(named.result_schema.as_ref().unwrap()["required"][1], "plain");
}
