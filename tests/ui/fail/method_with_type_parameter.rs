use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create<T: serde::de::DeserializeOwned>(&self, thing: T) {
        drop(thing);
    }
}

fn main() {}
