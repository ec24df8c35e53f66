use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn name(&self) -> &'static str {
        "name"
    }
    
    #[method]
    async fn first(&self, text: &str) -> pycom::Result<Option<&str>> {
        let _ = text;
        Ok(None)
    }
}

fn main() {}
