//! Arguments and results of all kinds: named, optional, with defaults, renamed, checked, whole.
//!
//! `cargo run --example arguments`

use pycom::{Error, Json, Result, interface};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

fn positive(count: &u32) -> Result<(), &'static str> {
    if *count > 0 { Ok(()) } else { Err("it must be positive") }
}

struct Shapes;

#[interface("com.foo.shapes")]
impl Shapes {
    /// Named arguments: `at` may be left out, `scale` is 1 then, and `kind` is `type` on the wire.
    #[method]
    async fn draw(
        &self,
        points: Vec<Point>,
        at: Option<Point>,
        #[arg(default = 1)] scale: i32,
        #[arg("type")] kind: &str,
    ) -> String {
        let at = at.unwrap_or(Point { x: 0, y: 0 });
        format!("{kind} of {} points at {},{} × {scale}", points.len(), at.x, at.y)
    }

    /// A checked argument.
    #[method]
    async fn dots(&self, #[arg(check = positive)] count: u32) -> Vec<Point> {
        (0..count as i32).map(|x| Point { x, y: 0 }).collect()
    }

    /// `args` whole, unread.
    #[method]
    async fn echo(&self, #[args] anything: Json) -> Json {
        anything
    }

    /// Several named results.
    #[method(results("least", "most"))]
    async fn bounds(&self, points: Vec<Point>) -> Result<(i32, i32)> {
        let xs = || points.iter().map(|point| point.x);
        let least = xs().min().ok_or_else(|| Error::bad_request("there are no points"))?;
        Ok((least, xs().max().unwrap_or(least)))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = pycom::testing::serve(Shapes).await?;
    let shapes: ShapesClient = service.client();
    let points = || vec![Point { x: 3, y: 0 }, Point { x: 5, y: 1 }];

    println!("{}", shapes.draw(points(), None, 2, "line").await?);
    println!("{:?}", shapes.bounds(points()).await?);
    println!("{} dots", shapes.dots(3).await?.len());

    // By name: what has a default may be left out.
    let untyped = service.component("com.foo.shapes");
    println!("{}", untyped.invoke("draw", json!({ "points": [], "type": "dot" })).await?);
    let long = Json::from_text("123456789012345678901234567890")?;
    println!("{}", untyped.call("echo").args(&long).await?.json());

    // What does not fit is named.
    for (method, args) in [
        ("draw", json!({ "points": [{ "x": 1, "y": "no" }], "type": "dot" })),
        ("draw", json!({ "points": [], "typ": "dot" })),
        ("dots", json!({ "count": 0 })),
        ("dots", json!({})),
        ("bounds", json!({ "points": [] })),
    ] {
        if let Err(error) = untyped.invoke(method, args).await {
            println!("{}", error.text().unwrap_or_default());
        }
    }
    Ok(())
}
