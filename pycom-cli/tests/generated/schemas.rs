// Made by `pycom generate com.foo.forms`. Needs the crates pycom, serde and serde_json.

/// Each form that a schema can have.
#[pycom::interface("com.foo.forms")]
pub trait Forms {
    /// The method `fixed`.
    #[method]
    async fn fixed(&self) -> pycom::Result<[f32; 3]>;

    /// Has awkward names.
    ///
    /// print("code")
    ///
    /// ```text
    /// print('more code')
    /// ```
    ///
    /// `list` is `[]` unless given.
    #[method("get-HTTP Status")]
    async fn get_http_status(
        &self,
        #[arg("type")]
        type_: GetHttpStatusType,
        #[arg("self")]
        self_: GetHttpStatusSelfType,
        #[arg("a b")]
        a_b: (String, u8),
        maybe: Option<String>,
        list: Option<Vec<Shape>>,
    ) -> pycom::Result<Option<Node>>;

    /// The method `left`.
    #[method]
    async fn left(&self, #[args] args: Left) -> pycom::Result<serde_json::Value>;

    /// The method `nothing`.
    #[method]
    async fn nothing(&self) -> pycom::Result<()>;

    /// The method `trait`.
    #[method("trait")]
    async fn trait_(&self) -> pycom::Result<ResultType>;

    /// The method `whole`.
    #[method]
    async fn whole(
        &self,
        #[args]
        args: Tagged,
    ) -> pycom::Result<std::collections::BTreeMap<String, Either>>;
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Either {
    Integer(i64),
    Text(String),
    Node(Node),
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GetHttpStatusSelfType {
    #[serde(rename = "fn")]
    pub fn_: i64,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum GetHttpStatusType {
    #[serde(rename = "one")]
    One,
    #[serde(rename = "two three")]
    TwoThree,
    #[serde(rename = "4")]
    Variant4,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Left {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Box<Right>>,
}

/// Holds itself.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Node {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Node>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Node>>,
    pub value: i32,
}

pub type ResultType = String;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Right {
    pub left: Box<Left>,
}

/// Words, and objects with one key.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Shape {
    #[serde(rename = "point")]
    Point,
    #[serde(rename = "circle")]
    Circle(f64),
    #[serde(rename = "box")]
    BoxType { height: f64, width: f64 },
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind")]
pub enum Tagged {
    #[serde(rename = "a")]
    A { n: i64 },
    #[serde(rename = "b")]
    B,
}
