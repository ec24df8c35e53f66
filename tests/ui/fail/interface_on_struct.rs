use pycom::interface;

struct Query;

#[interface("com.foo.example")]
struct Other;

fn main() {}
