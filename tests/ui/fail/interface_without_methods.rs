use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    pub async fn create(&self) {}
}

fn main() {}
