use pycom::interface;

#[interface("com.foo.example")]
pub trait Query {
    #[method]
    async fn create(&self);

    #[method]
    async fn split(&self);
}

struct Mine;

impl Query for Mine {
    async fn create(&self) {}
}

fn main() {}
