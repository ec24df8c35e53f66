use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, text: &'static str) {
        let _ = text;
    }
}

fn main() {}
