use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn paint(&self, #[arg(default = "three")] layers: u8) {
        let _ = layers;
    }
}

fn main() {}
