use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[arg(default)] size: Option<u8>, #[arg(default = Some("a"))] text: Option<&str>) {
        let _ = (size, text);
    }
}

fn main() {}
