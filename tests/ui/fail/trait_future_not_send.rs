use pycom::interface;

#[interface("com.foo.example")]
pub trait Query {
    #[method]
    async fn create(&self);
}

struct Mine;

impl Query for Mine {
    async fn create(&self) {
        let name = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(name);
    }
}

fn main() {}
