use pycom::interface;

struct Query;

struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method(results("name", "colour"))]
    async fn colour(&self) -> (String, Colour) {
        (String::new(), Colour)
    }
}

fn main() {}
