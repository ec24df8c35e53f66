use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn introspect(&self) {}
    
    #[method("__introspect__")]
    async fn describe(&self) {}
}

fn main() {}
