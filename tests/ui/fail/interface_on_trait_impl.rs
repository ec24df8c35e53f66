use pycom::interface;

struct Query;

trait Create {
    async fn create(&self);
}

#[interface("com.foo.example")]
impl Create for Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
