//! Macros used inside functions, nested modules and other macros.
#![deny(warnings)]

mod outer {
    pub mod inner {
        pub struct Query;

        #[derive(serde::Serialize, serde::Deserialize)]
        struct Private;

        #[pycom::interface("com.foo.inner")]
        impl Query {
            #[pycom::method]
            async fn create(&self, private: Private) -> Private {
                private
            }
        }
    }
}

macro_rules! service {
    ($name:ident, $ty:ty, $remote:literal) => {
        struct $name;

        #[pycom::interface("com.foo.generated")]
        impl $name {
            #[method($remote)]
            async fn get(&self, value: $ty, more: Option<$ty>) -> $ty {
                more.unwrap_or(value)
            }
        }
    };
}

service!(Bytes, u8, "bytes");

fn main() {
    use pycom::interface;

    struct Query;

    #[interface("com.foo.example")]
    impl Query {
        #[method]
        async fn create(&self, value: u8) -> u8 {
            value
        }
    }

    #[interface("com.foo.contract")]
    trait Contract {
        #[method]
        async fn create(&self) {}
    }

    impl Contract for Query {}

    let offers = [
        pycom::offer::<QueryClient, _>(Query),
        pycom::offer::<ContractClient, _>(ContractServer::new(Query)),
        pycom::offer::<BytesClient, _>(Bytes),
        pycom::offer::<outer::inner::QueryClient, _>(outer::inner::Query),
    ];
    assert!(offers[2].description().methods.contains_key("bytes"));
}
