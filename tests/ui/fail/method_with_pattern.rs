use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, (width, height): (u32, u32), _: String) {
        let _ = (width, height);
    }
}

fn main() {}
