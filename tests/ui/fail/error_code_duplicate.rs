use pycom::ErrorCode;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code(17, "too short")]
    TooShort,
    #[error_code(17, "too long")]
    TooLong,
}

fn main() {}
