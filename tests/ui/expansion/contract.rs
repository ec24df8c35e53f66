/// What can go wrong.
#[derive(ErrorCode)]
pub enum SplitError {
    /// There is no such place.
    #[error_code(17, "there is no place {at}")]
    NoPlace { at: usize },
}

/// Splits things.
#[interface("com.foo.example", stateful, hooks(log))]
pub trait Query {
    /// Splits a text in two.
    #[method(results("head", "tail"))]
    async fn split(&self, session: Session, text: &str) -> Result<(String, String), SplitError>;
}
