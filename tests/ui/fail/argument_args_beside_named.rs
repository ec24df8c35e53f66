use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[args] whole: pycom::Json, size: u8) {
        let _ = (whole, size);
    }
}

fn main() {}
