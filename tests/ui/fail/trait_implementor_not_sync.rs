use pycom::interface;

#[interface("com.foo.example")]
pub trait Query {
    #[method]
    async fn create(&self);
}

struct Mine(std::cell::Cell<u8>);

impl Query for Mine {
    async fn create(&self) {}
}

fn main() {}
