#![deny(warnings)]

use pycom::interface;

pub struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    pub async fn create(&self) {}

    pub async fn split(&self) {}
}

fn main() {}
