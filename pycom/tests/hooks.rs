//! Hooks of a context, a service, an interface and a method around one call.

use std::sync::Mutex;

use pycom::testing::serve_with;
use pycom::{Context, Error, Hook, Json, Next, Reply, Request, Result, Server, interface};

static SEEN: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn marking(name: &'static str) -> Hook {
    Hook::new(move |request: Request, next: Next| async move {
        SEEN.lock().unwrap().push(name);
        let reply = next.run(request).await;
        SEEN.lock().unwrap().push(name);
        reply
    })
}

async fn around_interface(request: Request, next: Next) -> Reply {
    SEEN.lock().unwrap().push("interface");
    let reply = next.run(request).await;
    SEEN.lock().unwrap().push("interface");
    reply
}

async fn around_method(request: Request, next: Next) -> Reply {
    SEEN.lock().unwrap().push("method");
    let reply = next.run(request).await;
    SEEN.lock().unwrap().push("method");
    reply
}

struct Query;

#[interface("com.foo.example", hooks(around_interface))]
impl Query {
    #[method(hooks(around_method))]
    async fn double(&self, n: u32) -> u32 {
        SEEN.lock().unwrap().push("call");
        2 * n
    }
}

#[tokio::test]
async fn hooks_wrap_a_call_from_context_to_service_to_interface_to_method() -> Result<()> {
    let server = Server::new().offer(Query).hook(marking("service"));
    let running = server.bind("tcp://127.0.0.1:0").await?;
    let context = Context::builder().hook(marking("context")).build();
    let query = context.connect(running.address().to_string(), "com.foo.example")?;
    assert_eq!(query.invoke("double", serde_json::json!({ "n": 21 })).await?, 42);
    let seen = std::mem::take(&mut *SEEN.lock().unwrap());
    let inwards = ["context", "service", "interface", "method", "call"];
    let outwards = ["method", "interface", "service", "context"];
    assert_eq!(seen, [&inwards[..], &outwards[..]].concat());
    Ok(())
}

struct Plain;

#[interface("com.foo.plain", client = false)]
impl Plain {
    #[method]
    async fn shaky(&self, #[args] fail: bool) -> Result<&'static str> {
        if fail { Err(Error::application(50, "not now")) } else { Ok("done") }
    }
}

#[tokio::test]
async fn a_hook_of_a_context_may_change_and_repeat_a_call() -> Result<()> {
    let running = Server::new().offer(Plain).bind("tcp://127.0.0.1:0").await?;
    let again = Hook::new(|mut request: Request, next: Next| async move {
        assert!(request.peer().is_none() && request.deadline().is_some());
        let reply = next.clone().run(request.clone()).await;
        if reply.code() == 0 {
            return reply;
        }
        request.set_args(Json::from_value(&false).unwrap());
        next.run(request).await
    });
    let context = Context::builder().hook(again).build();
    let plain = context.connect(running.address().to_string(), "com.foo.plain")?;
    assert_eq!(plain.invoke("shaky", true).await?, "done");
    Ok(())
}

#[tokio::test]
async fn a_hook_of_a_service_sees_the_peer_the_deadline_and_the_extensions() -> Result<()> {
    let looking = Hook::new(|request: Request, next: Next| async move {
        let token = request.extensions().get::<String>("com.foo.token").unwrap();
        if request.peer().is_none() || request.time_left().is_none() || token.as_deref() != Some("open") {
            return Reply::failed(Error::access_denied("something is missing"));
        }
        let mut reply = next.run(request).await;
        reply.extensions_mut().insert("com.foo.seen", &true).unwrap();
        reply
    });
    let service = serve_with(Server::new().offer(Plain).hook(looking)).await?;
    let plain = service.component("com.foo.plain");
    assert_eq!(plain.invoke("shaky", false).await.unwrap_err().code(), Some(5));
    let answer = plain.call("shaky").args(&false).extension("com.foo.token", "open").await?;
    assert_eq!(answer.extensions().get::<bool>("com.foo.seen").unwrap(), Some(true));
    Ok(())
}
