use pycom::interface;

struct Query;

struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn colour(&self) -> Colour {
        Colour
    }
}

fn main() {}
