use pycom::ErrorCode;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code(17, "too short")]
    TooShort,
    TooLong,
}

fn main() {}
