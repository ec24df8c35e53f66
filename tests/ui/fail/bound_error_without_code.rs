use pycom::interface;

struct Query;

#[derive(Debug)]
struct Spilt;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self) -> Result<(), Spilt> {
        Err(Spilt)
    }
}

fn main() {}
