// Made by `pycom generate com.foo.example`. Needs the crates pycom, serde and serde_json.

/// Creates, splits and measures things.
#[pycom::interface("com.foo.example")]
pub trait Example {
    /// Creates a thing from whatever it is given.
    #[method]
    async fn create(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// Cuts a text out of its middle; `split` does it better.
    #[deprecated(note = "use split")]
    #[method]
    async fn halve(&self, text: String) -> pycom::Result<String>;

    /// How long a way through these points is.
    ///
    /// `way` is `"straight"` unless given.
    #[method(results("length"), idempotent)]
    async fn measure(&self, points: Vec<Point>, way: Option<Way>) -> pycom::Result<f64>;

    /// Splits a text in two: in the middle, unless told where.
    ///
    /// # Errors
    ///
    /// - code 20, `TooFar`: The place lies beyond the end of the text.
    #[method(results("head", "tail"), idempotent)]
    async fn split(
        &self,
        text: String,
        at: Option<usize>,
    ) -> pycom::Result<(String, String)>;

    /// Answers after a while.
    ///
    /// `seconds` is `1.0` unless given.
    #[method]
    async fn wait(&self, seconds: Option<f64>) -> pycom::Result<()>;
}

/// A place in the plane.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// How to measure.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Way {
    /// As the crow flies.
    #[serde(rename = "straight")]
    Straight,
    /// Along the streets of a city.
    #[serde(rename = "streets")]
    Streets,
}
