use pycom::ErrorCode;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code(0, "nothing")]
    Nothing,
    #[error_code(4, "too short")]
    TooShort,
}

fn main() {}
