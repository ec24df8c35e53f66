//! Hooks of an interface and of a method.
#![deny(warnings)]

use pycom::{Next, Reply, Request, interface};

async fn log(request: Request, next: Next) -> Reply {
    next.run(request).await
}

fn limit(most: usize) -> impl Fn(Request, Next) -> std::pin::Pin<Box<dyn Future<Output = Reply> + Send>> {
    move |request, next| {
        let _ = most;
        Box::pin(next.run(request))
    }
}

struct Query;

#[interface("com.foo.example", hooks(log, limit(3)))]
impl Query {
    #[method(hooks(Self::guard, log))]
    async fn create(&self) {}

    async fn guard(request: Request, next: Next) -> Reply {
        next.run(request).await
    }
}

#[interface("com.foo.contract", hooks(log))]
trait Contract {
    #[method(hooks(log))]
    async fn create(&self) {}
}

impl Contract for Query {}

fn main() {
    let _ = pycom::offer::<QueryClient, _>(Query);
    let _ = pycom::offer::<ContractClient, _>(ContractServer::new(Query));
}
