//! What stands in bodies and beside methods stays as it was written.
#![deny(warnings)]

use pycom::interface;

struct Query {
    calls: std::sync::atomic::AtomicUsize,
}

#[interface("com.foo.example")]
#[allow(clippy::needless_pass_by_value)]
impl Query {
    /// Not remote.
    const fn new() -> Self {
        Self { calls: std::sync::atomic::AtomicUsize::new(0) }
    }

    #[method]
    #[inline]
    #[allow(clippy::unused_async)]
    async fn create(&self, #[allow(unused_variables)] unused: u8, mut list: Vec<u8>) -> usize {
        #![allow(clippy::redundant_clone)]
        macro_rules! push {
            ($value:expr) => {
                list.push($value)
            };
        }
        push!(1);
        let closure = |x: u8| -> u8 { x };
        list.push(closure(2));
        self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + list.len()
    }

    pub const fn generic<T>(&self, value: T) -> T
    where
        T: Copy,
    {
        value
    }
}

fn main() {
    let query = Query::new();
    let _ = query.generic(1);
    let _ = pycom::offer::<QueryClient, _>(query);
}
