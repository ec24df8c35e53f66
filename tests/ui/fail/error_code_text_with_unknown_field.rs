use pycom::ErrorCode;

#[derive(ErrorCode)]
enum SplitError {
    #[error_code(17, "no {nam}")]
    Missing { name: String },
}

fn main() {}
