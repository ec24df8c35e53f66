use pycom::interface;

struct Query(std::cell::Cell<u8>);

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn create(&self) {
        self.0.set(1);
    }
}

fn main() {}
