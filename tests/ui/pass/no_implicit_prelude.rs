//! Nothing generated relies on the prelude.
#![deny(warnings)]
#![no_implicit_prelude]

use ::pycom::{ErrorCode, interface};
use ::std::string::String;
use ::std::result::Result::{Err, Ok};

#[derive(Debug, ErrorCode)]
enum Failure {
    #[error_code(17, "it broke at {at}")]
    It { at: u8 },
}

impl ::std::fmt::Debug for Query {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.write_str("Query")
    }
}

struct Query;

#[interface("com.foo.example", stateful)]
impl Query {
    #[method(results("a", "b"))]
    async fn all(
        &self,
        session: ::pycom::Session,
        text: &str,
        more: ::std::option::Option<u8>,
        #[arg(default = 3)] count: u8,
        #[arg(default = "x")] name: String,
    ) -> ::std::result::Result<(u8, String), Failure> {
        let _ = (session, text, more);
        if count > 3 { Err(Failure::It { at: count }) } else { Ok((count, name)) }
    }
}

#[interface("com.foo.contract")]
trait Contract {
    #[method]
    async fn go(&self, request: ::pycom::Request) -> ::pycom::Result<u8>;
}

impl Contract for Query {
    async fn go(&self, request: ::pycom::Request) -> ::pycom::Result<u8> {
        request.args()
    }
}

fn main() {
    let _ = (::pycom::offer::<QueryClient, _>(Query), ::pycom::offer::<ContractClient, _>(ContractServer::new(Query)));
}
