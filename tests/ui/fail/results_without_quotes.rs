use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(results(head, tail))]
    async fn split(&self) -> (String, String) {
        (String::new(), String::new())
    }
}

fn main() {}
