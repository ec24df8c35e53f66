//! Where a call belongs in a trace is passed on, whether or not anybody exports spans.

use std::sync::{Arc, Mutex};

use pycom::{Context, Hook, Request, Result, Server, interface};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Calls the next service, if there is one.
struct Link(Option<(Context, String)>);

#[interface("com.foo.link")]
impl Link {
    #[method]
    async fn pass(&self, request: Request) -> Result<Vec<String>> {
        let mut all = vec![request.traceparent().map(|parent| parent.to_string()).unwrap_or_default()];
        if let Some((context, address)) = &self.0 {
            all.extend(context.connect(address, "com.foo.link")?.call("pass").await?.parse::<Vec<String>>()?);
        }
        Ok(all)
    }
}

#[tokio::test]
async fn a_trace_is_passed_on_by_every_service_on_the_way() -> Result<()> {
    let last = Server::new().offer(Link(None)).bind("tcp://127.0.0.1:0").await?;
    let next = (Context::builder().build(), last.address().to_string());
    // Also where hooks are around the method.
    let seen = Arc::new(Mutex::new(None));
    let noted = seen.clone();
    let hook = Hook::new(move |request: Request, next: pycom::Next| {
        *noted.lock().unwrap() = request.traceparent();
        next.run(request)
    });
    let first = Server::new().offer(Link(Some(next))).hook(hook).bind("tcp://127.0.0.1:0").await?;
    let link = Context::builder().build().connect(first.address().to_string(), "com.foo.link")?;

    // Often, so that the method runs in each of the ways there are.
    for _ in 0..40 {
        let call = link.call("pass").extension("org.pycom.traceparent", TRACE);
        assert_eq!(call.await?.parse::<Vec<String>>()?, [TRACE, TRACE]);
    }
    assert_eq!(seen.lock().unwrap().unwrap().to_string(), TRACE);
    assert_eq!(link.call("pass").await?.parse::<Vec<String>>()?, ["", ""]);
    let call = link.call("pass").extension("org.pycom.traceparent", "nonsense");
    assert_eq!(call.await?.parse::<Vec<String>>()?, ["", ""]);
    first.stop().await;
    last.stop().await;
    Ok(())
}
