use pycom::ErrorCode;

#[derive(ErrorCode)]
struct SplitError;

fn main() {}
