use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, a: pycom::Request, b: &pycom::Request) {
        let _ = (a, b);
    }
}

fn main() {}
