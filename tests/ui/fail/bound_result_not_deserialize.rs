use pycom::interface;

struct Query;

#[derive(serde::Serialize)]
struct Colour;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn colour(&self) -> pycom::Result<Colour> {
        Ok(Colour)
    }
}

fn main() {}
