// Made by `pycom generate com.foo.example`. Needs the crates pycom, serde and serde_json.
// It does not say which types it takes and gives: put them in where you know them.

/// Query service.
#[pycom::interface("com.foo.example", stateful)]
pub trait Example {
    /// Creates a thing.
    #[method]
    async fn create(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// The method `fail_bug`.
    #[method]
    async fn fail_bug(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// The method `fail_code`.
    #[method]
    async fn fail_code(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// The method `fail_denied`.
    #[method]
    async fn fail_denied(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// Named arguments.
    #[method(results("res1", "res2"))]
    async fn named(
        &self,
        arg1: serde_json::Value,
        arg2: serde_json::Value,
        arg3: Option<serde_json::Value>,
    ) -> pycom::Result<(serde_json::Value, serde_json::Value)>;

    /// The method `nothing`.
    #[method]
    async fn nothing(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// The method `single`.
    #[method(results("only"))]
    async fn single(
        &self,
        value: Option<serde_json::Value>,
    ) -> pycom::Result<serde_json::Value>;

    /// The method `unserializable`.
    #[method]
    async fn unserializable(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;

    /// The method `via_response`.
    #[method]
    async fn via_response(
        &self,
        #[args]
        args: serde_json::Value,
    ) -> pycom::Result<serde_json::Value>;
}
