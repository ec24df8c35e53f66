use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn all(&self, list: Vec<pycom::Json>) {
        let _ = list;
    }
}

fn main() {}
