use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn create(&self) {}
}

struct Other;

fn offers() -> pycom::Offer {
    pycom::offer::<QueryClient, _>(Other)
}

fn main() {}
