use pycom::ErrorCode;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code(17)]
    TooShort,
}

fn main() {}
