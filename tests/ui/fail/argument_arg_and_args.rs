use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[args] #[arg("x")] size: u8) {
        let _ = size;
    }
}

fn main() {}
