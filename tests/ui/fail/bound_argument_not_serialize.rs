use pycom::interface;

struct Query;

#[derive(serde::Deserialize)]
struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self, colour: Colour) {
        let _ = colour;
    }
}

fn main() {}
