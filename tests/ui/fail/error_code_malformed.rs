use pycom::ErrorCode;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code]
    A,
    #[error_code()]
    B,
    #[error_code("text")]
    C,
    #[error_code(CODE)]
    D,
    #[error_code(18, text = "x")]
    E,
    #[error_code(19)]
    #[error_code(20)]
    F,
}

fn main() {}
