use pycom::interface;

struct Query;

#[derive(serde::Serialize)]
struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self, wall: String, colour: Option<Colour>, layers: u8) {
        let _ = (wall, colour, layers);
    }
}

fn main() {}
