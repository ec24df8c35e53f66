use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(limit = 0)]
    async fn none(&self) {}

    #[method(limit = "8")]
    async fn text(&self) {}

    #[method(limit = -1)]
    async fn negative(&self) {}

    #[method(limit)]
    async fn nothing(&self) {}

    #[method(queue = 16)]
    async fn alone(&self) {}

    #[method(limit = 8, queue = many)]
    async fn named(&self) {}
}

fn main() {}
