use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, size: u8, #[arg("size")] other: u8) {
        let _ = (size, other);
    }
}

fn main() {}
