use pycom::interface;

struct Query;

struct Colour;

#[derive(Debug)]
struct Spilt;

#[interface("com.foo.example", client = false)]
impl Query {
    #[method]
    async fn paint(&self, colour: Colour) -> Colour {
        colour
    }

    #[method]
    async fn spill(&self) -> Result<(), Spilt> {
        Err(Spilt)
    }
}

fn main() {}
