use pycom::ErrorCode;

#[derive(ErrorCode)]
#[error_code(17)]
enum SplitError {
    #[error_code(17, "no {name}")]
    Missing {
        #[error_code(18)]
        name: String,
    },
}

fn main() {}
