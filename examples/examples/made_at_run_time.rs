//! An interface made at run time: from a name and closures, e.g. read from a file.
//!
//! `cargo run --example made_at_run_time`

use pycom::{Error, InterfaceBuilder, MethodBuilder, Request, Result};
use serde_json::json;

/// What a method does with its numbers.
type Operation = fn(f64, f64) -> f64;

#[tokio::main]
async fn main() -> Result<()> {
    let mut calculator = InterfaceBuilder::new("com.foo.calculator").docstring("Made at run time.");
    let operations: [(&str, Operation); 2] = [("add", |a, b| a + b), ("multiply", |a, b| a * b)];
    for (name, operation) in operations {
        let method = MethodBuilder::new(name, move |request: Request| async move {
            let (a, b): (f64, f64) = (request.argument("a")?, request.argument("b")?);
            Ok::<_, Error>(operation(a, b))
        });
        let number = json!({ "type": "number" });
        calculator = calculator.method(method.required("a", number.clone()).required("b", number).results(["result"]));
    }

    let service = pycom::testing::serve(calculator.build()?).await?;
    let calculator = service.component("com.foo.calculator");
    println!("{}", calculator.invoke("add", json!({ "a": 1, "b": 2 })).await?);
    println!("{}", calculator.invoke("multiply", json!({ "a": 3, "b": 4 })).await?);
    let error = calculator.invoke("add", json!({ "a": 1 })).await.unwrap_err();
    println!("{}", error.text().unwrap_or_default());
    let description = calculator.introspect().await?;
    println!("{:?}", description.methods["add"].required_arguments);
    Ok(())
}
