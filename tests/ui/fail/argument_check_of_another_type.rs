use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, #[arg(check = Self::positive)] size: u8) {
        let _ = size;
    }
    
    fn positive(size: &i32) -> Result<(), String> {
        if *size > 0 { Ok(()) } else { Err("must be positive".into()) }
    }
}

fn main() {}
