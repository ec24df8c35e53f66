use pycom::interface;

struct Query<'a>(&'a str);

#[interface("com.foo.example")]
impl<'a> Query<'a> {
    #[method]
    async fn create(&self) -> String {
        self.0.to_owned()
    }
}

fn main() {}
