use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, name: impl Into<String>) {
        drop(name.into());
    }
}

fn main() {}
