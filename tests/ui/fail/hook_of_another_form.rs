use pycom::interface;

struct Query;

async fn log(request: pycom::Request) -> pycom::Reply {
    let _ = request;
    pycom::Reply::result(pycom::Json::NULL)
}

#[interface("com.foo.example", hooks(log))]
impl Query {
    #[method]
    fn create(&self) {}
}

fn main() {}
