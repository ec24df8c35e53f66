use serde_json::json;

use crate::{Description, interface, offer};

/// A colour.
#[derive(schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
struct Colour {
    /// How red it is.
    red: u8,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Plain(u8);

struct Query;

/// Creates things.
///
///   * and indents
///
#[interface("com.foo.example", stateful)]
impl Query {
    /// Paints.
    #[method(idempotent)]
    #[deprecated(since = "0.1.0", note = "too loud")]
    async fn paint(
        &self,
        colour: Colour,
        plain: Option<Plain>,
        #[arg(default = 2)] layers: u8,
        #[arg(default = Plain(3))] base: Plain,
    ) -> Vec<Colour> {
        let _ = (plain, layers, base);
        vec![colour]
    }

    #[method(results("a", "b"))]
    fn named(&self, request: crate::Request) -> (Colour, u8) {
        let _ = request;
        (Colour { red: 1 }, 2)
    }
}

fn description() -> serde_json::Value {
    serde_json::to_value(offer(Query).description()).unwrap()
}

#[test]
fn the_interface_is_described() {
    let description = description();
    assert_eq!(description["name"], "com.foo.example");
    assert_eq!(description["docstring"], "Creates things.\n\n  * and indents");
    assert_eq!(description["stateful"], true);
    assert_eq!(description["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(description["$defs"]["Colour"]["properties"]["red"]["description"], "How red it is.");
}

#[test]
fn a_method_is_described_as_the_original_does_and_more() {
    let paint = &description()["methods"]["paint"];
    assert_eq!(paint["required_arguments"], json!(["colour"]));
    assert_eq!(paint["optional_arguments"], json!(["plain", "layers", "base"]));
    assert_eq!(paint["results"], json!([]));
    assert_eq!(paint["docstring"], "Paints.");
    assert_eq!(paint["attachments"], json!({ "incoming": null, "outgoing": null }));
    assert_eq!(paint["defaults"], json!({ "layers": 2, "base": 3 }));
    assert_eq!(paint["deprecated"], "too loud");
    assert_eq!(paint["idempotent"], true);
    let arguments = &paint["arguments_schema"];
    assert_eq!(arguments["properties"]["colour"], json!({ "$ref": "#/$defs/Colour" }));
    assert_eq!(arguments["required"], json!(["colour"]));
    assert_eq!(paint["result_schema"]["items"], json!({ "$ref": "#/$defs/Colour" }));
}

#[test]
fn named_results_have_the_schema_of_an_object() {
    let schema = &description()["methods"]["named"]["result_schema"];
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["required"], json!(["a", "b"]));
    assert_eq!(schema["properties"]["b"]["type"], "integer");
}

#[test]
fn a_description_is_the_same_after_the_wire() {
    let sent = offer(Query).description().clone();
    let received: Description = serde_json::from_value(description()).unwrap();
    assert_eq!(received, sent);
}
