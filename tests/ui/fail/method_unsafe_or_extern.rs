use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    unsafe fn create(&self) {}
    
    #[method]
    extern "C" fn remove(&self) {}
}

fn main() {}
