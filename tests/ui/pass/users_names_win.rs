//! Types, functions and macros of the user's that have the names of usual ones.
#![deny(warnings)]

mod shadows {
    use ::pycom::interface;

    #[allow(dead_code)]
    pub struct String;
    #[allow(dead_code)]
    pub struct Vec;
    #[allow(dead_code)]
    pub struct Box;
    #[allow(dead_code)]
    pub struct Arc;
    #[allow(dead_code)]
    pub struct Request;
    #[allow(dead_code)]
    pub enum Option {
        Some,
        None,
    }
    #[allow(dead_code)]
    pub enum Result {
        Ok,
        Err,
    }
    #[allow(unused_imports)]
    pub use Option::{None, Some};
    #[allow(unused_imports)]
    pub use Result::{Err, Ok};
    #[allow(dead_code)]
    pub trait Clone {}
    #[allow(dead_code)]
    pub trait Default {}
    #[allow(dead_code)]
    pub trait Into {}
    #[allow(dead_code)]
    pub mod core {}
    #[allow(dead_code)]
    pub mod std {}
    #[allow(dead_code)]
    pub mod pycom {}
    #[allow(dead_code)]
    pub mod __private {}
    #[allow(dead_code, non_camel_case_types)]
    pub type str = u8;
    #[allow(dead_code, non_camel_case_types)]
    pub type usize = u8;

    #[allow(unused_macros)]
    macro_rules! vec {
        () => {
            compile_error!("the user's macro was used")
        };
    }
    #[allow(unused_macros)]
    macro_rules! env {
        ($($any:tt)*) => {
            compile_error!("the user's macro was used")
        };
    }
    #[allow(unused_macros)]
    macro_rules! concat {
        ($($any:tt)*) => {
            compile_error!("the user's macro was used")
        };
    }
    #[allow(unused_macros)]
    macro_rules! format {
        ($($any:tt)*) => {
            compile_error!("the user's macro was used")
        };
    }

    pub struct Query;

    /// What can go wrong.
    #[derive(Debug, ::pycom::ErrorCode)]
    pub enum Failure {
        #[error_code(17, "it {why}")]
        It { why: u8 },
        #[error_code(18, "or {0}")]
        Or(u8),
    }

    #[interface("com.foo.example")]
    impl Query {
        #[method]
        #[allow(clippy::too_many_arguments)]
        pub fn all(
            &self,
            request: u8,
            args: u8,
            self_: u8,
            service: u8,
            component: u8,
            context: u8,
            answer: u8,
            value: u8,
            reply: u8,
            #[arg(default = 1, check = check)] given: u8,
            generator: ::std::option::Option<u8>,
        ) -> ::pycom::Result<u8> {
            let _ = (request, args, self_, service, component, context, answer, value, reply, given, generator);
            ::pycom::Result::Ok(1)
        }

        #[method(results("part_0", "part_1"))]
        pub async fn parts(&self, text: &::std::primitive::str, part_0: u8) -> ::std::result::Result<(u8, u8), Failure> {
            let _ = text;
            ::std::result::Result::Ok((part_0, 2))
        }

        #[method]
        pub async fn of_request(&self, request: ::pycom::Request, __pycom: u8) -> u8 {
            let _ = request;
            __pycom
        }
    }

    fn check(value: &u8) -> ::std::result::Result<(), u8> {
        ::std::result::Result::Err(*value)
    }

    #[interface("com.foo.contract")]
    pub trait Contract {
        #[method]
        async fn go(&self, service: u8) -> ::pycom::Result<u8>;
    }
}

fn main() {
    let _ = pycom::offer::<shadows::QueryClient, _>(shadows::Query);
}
