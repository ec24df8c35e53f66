//! What becomes of a call that its caller gives up.

use std::sync::Arc;
use std::time::Duration;

use pycom::{Component, Context, Error, InterfaceBuilder, Limits, MethodBuilder, Request, Result, Running, Server};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, Semaphore};

/// What a method tells of its life.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Began(u32),
    Finished(u32),
    /// Its future was dropped before its end.
    Cut(u32),
}

struct Life(u32, UnboundedSender<Told>, bool);

impl Life {
    fn begin(n: u32, told: &UnboundedSender<Told>) -> Self {
        let _ = told.send(Told::Began(n));
        Self(n, told.clone(), false)
    }

    fn finish(mut self) {
        self.2 = true;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.1.send(if self.2 { Told::Finished(self.0) } else { Told::Cut(self.0) });
    }
}

fn context() -> Context {
    Context::builder().timeout(Duration::from_secs(60)).build()
}

/// A service whose methods last until the door is opened.
async fn service(limits: Limits) -> (Running, Component, UnboundedReceiver<Told>, Arc<Semaphore>) {
    let (tell, told) = unbounded_channel();
    let door = Arc::new(Semaphore::new(0));
    let method = |name: &str| {
        let (tell, door) = (tell.clone(), door.clone());
        MethodBuilder::new(name, move |request: Request| {
            let (tell, door) = (tell.clone(), door.clone());
            async move {
                let life = Life::begin(request.args()?, &tell);
                door.acquire().await.map_err(Error::internal)?.forget();
                life.finish();
                Ok::<_, Error>("done")
            }
        })
    };
    let offer = InterfaceBuilder::new("com.foo.example").method(method("hold")).method(method("keep").uncancellable());
    let server = Server::new().offer(offer.build().unwrap()).limits(limits);
    let running = server.bind("tcp://127.0.0.1:0").await.unwrap();
    let component = context().connect(running.address().to_string(), "com.foo.example").unwrap();
    (running, component, told, door)
}

fn begin(component: &Component, method: &'static str, n: u32) -> tokio::task::JoinHandle<Result<serde_json::Value>> {
    let component = component.clone();
    tokio::spawn(async move { component.invoke(method, n).await })
}

#[tokio::test]
async fn the_method_of_a_dropped_call_is_cancelled_and_makes_room() -> Result<()> {
    let (running, component, mut told, door) = service(Limits { calls: 1, ..Limits::default() }).await;
    // Each runs elsewhere: on a thread at first, as a task once the method is known.
    for n in 0..6 {
        let call = begin(&component, "hold", n);
        assert_eq!(told.recv().await, Some(Told::Began(n)));
        call.abort();
        assert_eq!(told.recv().await, Some(Told::Cut(n)));
    }
    door.add_permits(1);
    assert_eq!(component.invoke("hold", 7).await?, "done");
    assert_eq!(running.stop().await.calls(), 0);
    Ok(())
}

#[tokio::test]
async fn a_dropped_call_that_waits_never_runs() -> Result<()> {
    let (running, component, mut told, door) = service(Limits { calls: 1, ..Limits::default() }).await;
    let first = begin(&component, "hold", 1);
    assert_eq!(told.recv().await, Some(Told::Began(1)));
    let waiting = component.call("hold").args(&2).timeout(Duration::from_millis(50));
    assert!(matches!(waiting.await, Err(Error::Timeout { .. })));
    let last = begin(&component, "hold", 3);
    door.add_permits(2);
    assert_eq!(first.await.unwrap()?, "done");
    assert_eq!(last.await.unwrap()?, "done");
    running.stop().await;
    drop(component);
    let rest: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    assert_eq!(rest, [Told::Finished(1), Told::Began(3), Told::Finished(3)]);
    Ok(())
}

#[tokio::test]
async fn a_method_that_is_uncancellable_runs_to_its_end() -> Result<()> {
    let (running, component, mut told, door) = service(Limits::default()).await;
    let (kept, cut) = (begin(&component, "keep", 1), begin(&component, "hold", 2));
    let began = [told.recv().await, told.recv().await];
    assert!(began.contains(&Some(Told::Began(1))) && began.contains(&Some(Told::Began(2))), "{began:?}");
    kept.abort();
    cut.abort();
    // Both were given up over one connection, in this order.
    assert_eq!(told.recv().await, Some(Told::Cut(2)));
    door.add_permits(1);
    assert_eq!(told.recv().await, Some(Told::Finished(1)));
    assert!(component.introspect().await?.methods["keep"].uncancellable);
    running.stop().await;
    Ok(())
}

/// A service that calls the next one, at `next`.
async fn relay(next: String) -> Running {
    let next = context().connect(next, "com.foo.example").unwrap();
    let hold = MethodBuilder::new("hold", move |request: Request| {
        let next = next.clone();
        async move { next.invoke("hold", request.args::<u32>()?).await }
    });
    let offer = InterfaceBuilder::new("com.foo.example").method(hold).build().unwrap();
    Server::new().offer(offer).bind("tcp://127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn giving_up_reaches_the_last_of_three_services() -> Result<()> {
    let (last, _, mut told, _door) = service(Limits::default()).await;
    let middle = relay(last.address().to_string()).await;
    let first = relay(middle.address().to_string()).await;
    let component = context().connect(first.address().to_string(), "com.foo.example")?;
    let call = begin(&component, "hold", 1);
    assert_eq!(told.recv().await, Some(Told::Began(1)));
    call.abort();
    assert_eq!(told.recv().await, Some(Told::Cut(1)));
    // The same where the time is over instead.
    let timeout = component.call("hold").args(&2).timeout(Duration::from_secs(2)).await;
    assert!(matches!(timeout, Err(Error::Timeout { .. }) | Err(Error::Unknown(_))), "{timeout:?}");
    assert_eq!(told.recv().await, Some(Told::Began(2)));
    assert_eq!(told.recv().await, Some(Told::Cut(2)));
    Ok(())
}

struct Plain(Arc<Notify>, std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

#[pycom::interface("com.foo.plain")]
impl Plain {
    /// Blocks its thread: nothing can stop it.
    #[method]
    fn hold(&self) -> bool {
        self.0.notify_one();
        self.1.lock().unwrap().recv().is_ok()
    }

    #[method(uncancellable)]
    async fn flagged(&self) {}
}

#[tokio::test]
async fn a_plain_fn_goes_on_and_counts_until_its_end() -> Result<()> {
    let (open, door) = std::sync::mpsc::channel();
    let began = Arc::new(Notify::new());
    let server = Server::new().offer(Plain(began.clone(), std::sync::Mutex::new(door)));
    let server = server.limits(Limits { calls: 1, drain: Duration::ZERO, ..Limits::default() });
    let running = server.bind("tcp://127.0.0.1:0").await?;
    let component = context().connect(running.address().to_string(), "com.foo.plain")?;
    let call = tokio::spawn({
        let component = component.clone();
        async move { component.invoke("hold", ()).await }
    });
    began.notified().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // It still runs, and another one finds no room; that one is to run in any case, and goes on waiting.
    let next = component.call("flagged").timeout(Duration::from_millis(300)).await;
    assert!(matches!(next, Err(Error::Timeout { .. })), "{next:?}");
    assert_eq!(running.stop().await.calls(), 2);
    open.send(()).unwrap();
    Ok(())
}
