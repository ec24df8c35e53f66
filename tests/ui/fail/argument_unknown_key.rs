use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[arg(defualt = 1)] size: u8, #[arg(rename = "x")] text: String) {
        let _ = (size, text);
    }
}

fn main() {}
