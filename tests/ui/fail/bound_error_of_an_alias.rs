use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn read(&self, path: String) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

fn main() {}
