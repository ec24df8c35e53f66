//! Requests, named, whole, renamed, defaulted, borrowed and checked arguments, or none.
#![deny(warnings, missing_docs)]

use pycom::{Json, Request, Result, interface};

/// A service.
pub struct Query;

fn positive(layers: &u8) -> std::result::Result<(), String> {
    if *layers > 0 { Ok(()) } else { Err("must be positive".into()) }
}

fn short(text: &str) -> std::result::Result<(), &'static str> {
    if text.len() < 80 { Ok(()) } else { Err("is too long") }
}

/// Does everything.
#[interface("com.foo.example")]
impl Query {
    /// The whole request.
    #[method("create")]
    pub async fn create(&self, request: Request) -> Result<Json> {
        Ok(request.args_json().clone())
    }

    /// By reference.
    #[method]
    pub fn peek(&self, request: &Request) -> String {
        request.method().to_owned()
    }

    /// Unused.
    #[method]
    pub fn ignore(&self, _: Request) {}

    /// Whole arguments.
    #[method]
    pub async fn whole(&self, #[args] point: (i32, i32)) -> i32 {
        point.0 + point.1
    }

    /// Whole, unread.
    #[method]
    pub async fn raw(&self, #[args] json: Json) -> Json {
        json
    }

    /// Named, and the request beside.
    #[method]
    pub async fn paint(
        &self,
        request: Request,
        #[arg("wall-name", check = short)] wall: &str,
        note: Option<&str>,
        json: Option<Json>,
        sizes: &[u8],
        point: &(i32, i32),
        #[arg(default = 2, check = positive)] layers: u8,
        #[arg(default)] mut colour: String,
        #[arg(default = "brush")] tool: String,
        #[arg(default = "north", check = short)] side: &str,
        #[arg(default = Some(3), check = positive)] limit: Option<u8>,
    ) -> Result<String> {
        colour.push_str(note.unwrap_or(""));
        let _ = (request.interface(), json, sizes, point, layers, tool, side, limit);
        Ok(wall.to_owned())
    }

    /// Nothing.
    #[method]
    pub fn nothing(&self) {}

    /// Raw identifiers.
    #[method]
    pub fn r#move(&self, r#type: u8) -> u8 {
        r#type
    }

    fn helper(&self) -> u8 {
        1
    }

    /// Associated items stay.
    pub const LIMIT: usize = 3;

    /// Not remote, and meant so.
    #[method(skip)]
    pub async fn local(&self) -> u8 {
        self.helper()
    }
}

async fn calls(query: &QueryClient) -> Result<()> {
    let _: Json = query.create(42).await?;
    let _: Json = query.create(&Json::NULL).await?;
    query.create(&vec!["borrowed"]).await?;
    let _: String = query.peek([1, 2]).await?;
    let _: i32 = query.whole((1, 2)).await?;
    let _: Json = query.raw(Json::NULL).await?;
    let text = String::from("wall");
    let _: String = query
        .paint(&text, Some("note"), None, &[1], &(1, 2), 3, "red".into(), "brush".into(), "south", None)
        .await?;
    query.nothing().await?;
    let _: u8 = query.r#move(3).await?;
    query.ignore("anything").await
}

fn main() {
    let _ = calls;
    let _ = Query.local();
    let _ = Query::LIMIT;
    let move_ = pycom::offer::<QueryClient, _>(Query);
    let description = move_.description();
    assert_eq!(description.methods["move"].required_arguments, ["type"]);
    assert_eq!(description.methods["paint"].required_arguments, ["wall-name", "sizes", "point"]);
}
