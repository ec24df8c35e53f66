use pycom::interface;

struct Query;

#[interface("com.foo.one")]
impl Query {
    #[method]
    async fn double(&self, n: u32) -> u32 {
        2 * n
    }
}

#[interface("com.foo.two")]
impl Query {
    #[method]
    async fn triple(&self, n: u32) -> u32 {
        3 * n
    }
}

fn main() {}
