//! `Self` in types, defaults, checks and hooks; types named by path; a type with a path.
#![deny(warnings)]

use pycom::interface;

mod model {
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    pub struct Query {
        pub size: u8,
    }
}

#[interface("com.foo.example")]
impl model::Query {
    const SIZE: u8 = 3;

    #[method]
    async fn copy(&self, other: Option<Self>) -> Self {
        other.unwrap_or_else(|| self.clone())
    }

    #[method(results("it", "size"))]
    async fn both(&self, #[args] whole: Self) -> pycom::Result<(Self, u8)> {
        Ok((whole, Self::SIZE))
    }

    #[method]
    fn sized(&self, #[arg(default = Self::SIZE, check = Self::positive)] size: u8) -> u8 {
        size
    }

    fn positive(size: &u8) -> Result<(), &'static str> {
        if *size > 0 { Ok(()) } else { Err("must be positive") }
    }
}

#[interface("com.foo.contract")]
trait Contract {
    const SIZE: u8;

    #[method]
    async fn sized(&self, #[arg(default = Self::SIZE)] size: u8) -> u8 {
        size
    }
}

impl Contract for model::Query {
    const SIZE: u8 = 4;
}

async fn calls(query: &QueryClient) -> pycom::Result<model::Query> {
    query.copy(Some(model::Query { size: 1 })).await
}

fn main() {
    let _ = calls;
    let offer = pycom::offer::<QueryClient, _>(model::Query { size: 1 });
    assert_eq!(offer.description().methods["sized"].defaults["size"], 3);
    let _ = pycom::offer::<ContractClient, _>(ContractServer::new(model::Query { size: 1 }));
}
