use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, names: Vec<&str>) {
        let _ = names;
    }
}

fn main() {}
