//! Generic services and traits: the stub has only the generics that its signatures use.
#![deny(warnings)]

use std::fmt::Debug;
use std::marker::PhantomData;

use pycom::interface;
use serde::Serialize;
use serde::de::DeserializeOwned;

struct Store<T, U, const N: usize> {
    value: T,
    other: PhantomData<U>,
}

#[interface("com.foo.store")]
impl<T, U: Send + Sync + 'static, const N: usize> Store<T, U, N>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    U: Debug,
{
    #[method]
    async fn get(&self, at: Option<T>, list: Vec<T>) -> T {
        let _ = (at, list, &self.other);
        self.value.clone()
    }

    #[method]
    fn size(&self) -> usize {
        N
    }
}

struct Plain<U>(U);

#[interface("com.foo.plain")]
impl<U: Clone + Send + Sync + 'static> Plain<U> {
    #[method]
    fn size(&self) -> usize {
        let _ = self.0.clone();
        0
    }
}

#[interface("com.foo.held")]
trait Held<T: Serialize + DeserializeOwned + Send> {
    #[method]
    async fn get(&self, key: T) -> Vec<T>;
}

impl Held<u8> for Plain<u8> {
    async fn get(&self, key: u8) -> Vec<u8> {
        vec![key]
    }
}

async fn calls(store: &StoreClient<u8>, plain: &PlainClient, held: &HeldClient<u8>) -> pycom::Result<u8> {
    plain.size().await?;
    held.get(1).await?;
    store.get(None, vec![1]).await
}

fn main() {
    let _ = calls;
    let store = Store::<u8, String, 3> { value: 1, other: PhantomData };
    let offers = [
        pycom::offer::<StoreClient<u8>, _>(store),
        pycom::offer::<PlainClient, _>(Plain(2_i8)),
        pycom::offer::<HeldClient<u8>, _>(HeldServer::new(Plain(2_u8))),
    ];
    assert_eq!(offers.len(), 3);
}
