use pycom::interface;

struct Query;

#[derive(serde::Serialize)]
struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self, #[args] colour: Colour) {
        let _ = colour;
    }
}

fn main() {}
