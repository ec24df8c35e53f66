use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[arg(check = |size| size > 1)] size: u8) {
        let _ = size;
    }
}

fn main() {}
