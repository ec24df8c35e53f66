//! Hooks: async functions around calls, on a service, an interface, a method, a context.
//!
//! `cargo run --example hooks`

use std::time::Instant;

use pycom::{Error, Hook, Next, Reply, Request, Result, Server, interface};

/// Around every call of the service: how long it took.
async fn timed(request: Request, next: Next) -> Reply {
    let (method, start) = (request.method().to_owned(), Instant::now());
    let reply = next.run(request).await;
    let took = if start.elapsed().as_secs() < 5 { "in time" } else { "too late" };
    println!("  {method}: code {}, {took}", reply.code());
    reply
}

/// Around one interface: who may call it.
async fn guarded(request: Request, next: Next) -> Reply {
    match request.extensions().get::<String>("com.foo.token") {
        Ok(Some(token)) if token == "open sesame" => next.run(request).await,
        _ => Reply::failed(Error::access_denied("send the token in the extension com.foo.token")),
    }
}

/// Around one method: once more, if it failed.
async fn again(request: Request, next: Next) -> Reply {
    let reply = next.clone().run(request.clone()).await;
    if reply.code() == 0 { reply } else { next.run(request).await }
}

#[derive(Default)]
struct Query {
    calls: std::sync::atomic::AtomicU32,
}

#[interface("com.foo.example", hooks(guarded))]
impl Query {
    /// Fails every second time.
    #[method(hooks(again))]
    async fn shaky(&self) -> Result<u32> {
        let call = self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if call.is_multiple_of(2) { Err(Error::application(50, "not now")) } else { Ok(call) }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::new().offer(Query::default()).hook(Hook::new(timed));
    let service = pycom::testing::serve_with(server).await?;
    let query = service.component("com.foo.example");

    let error = query.invoke("shaky", ()).await.unwrap_err();
    println!("without the token: {}", error.text().unwrap_or_default());
    let answer = query.call("shaky").extension("com.foo.token", "open sesame").await?;
    println!("with it, at the second attempt: {}", answer.json());
    Ok(())
}
