/// Creates and splits things.
#[interface("com.foo.example")]
impl Query {
    /// Creates a thing.
    #[method("create")]
    async fn create(&self, request: Request) -> Result<Value> {
        Ok(json!({ "field1": request.args::<Value>()? }))
    }

    /// Splits a text in two.
    #[method(results("head", "tail"))]
    fn split(&self, text: &str, at: Option<usize>) -> Result<(String, String), SplitError> {
        split(text, at)
    }

    /// Paints a wall.
    #[method(idempotent)]
    async fn paint(&self, wall: Wall, #[arg(default = 2)] layers: u8) -> Painted {
        self.painter.paint(wall, layers).await
    }
}
