use pycom::interface;

struct Query;

#[derive(serde::Serialize, serde::Deserialize)]
struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self, #[arg(default)] colour: Colour) {
        let _ = colour;
    }
}

fn main() {}
