use pycom::interface;

#[interface("com.foo.example")]
pub trait Query {
    type Thing: serde::Serialize;

    #[method]
    async fn create(&self) -> Self::Thing;
}

fn main() {}
