use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[args] whole: pycom::Json, #[args] again: pycom::Json) {
        let _ = (whole, again);
    }
}

fn main() {}
