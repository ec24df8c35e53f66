//! Two interfaces of one type, a renamed stub, no stub, no service.
#![deny(warnings)]

use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn create(&self) {}
}

#[interface("com.foo.admin", client = "QueryAdmin")]
impl Query {
    #[method]
    fn remove(&self) {}
}

/// Without a stub, arguments need not be `Serialize`, results not `Deserialize`.
#[derive(serde::Deserialize)]
struct In(u8);

#[derive(serde::Serialize)]
struct Out(u8);

struct ServiceOnly;

#[interface("com.foo.service", client = false)]
impl ServiceOnly {
    #[method]
    fn through(&self, a: In, #[arg(default = In(3))] b: In, c: Option<In>) -> pycom::Result<Out> {
        Ok(Out(a.0 + b.0 + c.map_or(0, |c| c.0)))
    }

    #[method(results("a", "b"))]
    fn named(&self, #[args] a: In) -> (Out, u8) {
        (Out(a.0), 1)
    }
}

struct ClientOnly;

#[derive(serde::Serialize)]
struct Sent;

#[derive(serde::Deserialize)]
struct Got;

#[interface("com.foo.client", server = false)]
impl ClientOnly {
    #[method]
    async fn through(&self, sent: Sent) -> Got {
        let _ = sent;
        Got
    }
}

async fn calls(query: &QueryClient, admin: &QueryAdmin, client: &ClientOnlyClient) -> pycom::Result<Got> {
    query.create().await?;
    admin.remove().await?;
    client.through(Sent).await
}

fn main() {
    let _ = calls;
    let _ = ClientOnly.through(Sent);
    let offers = [
        pycom::offer::<QueryClient, _>(Query),
        pycom::offer::<QueryAdmin, _>(Query),
        pycom::offer::<(), _>(ServiceOnly),
    ];
    assert_eq!(offers[1].description().name, "com.foo.admin");
}
