use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self) {
        let brush = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(brush);
    }
}

fn main() {}
