use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn read(&self) -> pycom::Attachment {
        pycom::Attachment::default()
    }
    
    #[method(results("name", "blob"))]
    async fn find(&self) -> pycom::Result<(String, pycom::Attachment)> {
        Ok((String::new(), pycom::Attachment::default()))
    }
}

fn main() {}
