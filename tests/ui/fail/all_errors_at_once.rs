use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method("", idempotentt)]
    async fn create(&mut self, #[arg(defualt)] size: u8, names: Vec<&str>) -> impl Sized {
        let _ = (size, names);
    }
    
    #[method(results("a", "b"))]
    async fn introspect(&self) -> u8 {
        1
    }
}

fn main() {}
