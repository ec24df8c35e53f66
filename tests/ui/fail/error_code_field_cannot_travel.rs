use pycom::ErrorCode;

struct Place;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code(17, "too short")]
    TooShort { at: Place },
}

fn main() {}
