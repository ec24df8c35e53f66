//! `watch`, over real sockets.

use std::time::{Duration, Instant};

use pycom::{Client, Context, Error, Running, Server};
use pycom_nameserver::registry::{Limits, Terms};
use pycom_nameserver::{Nameserver, NameserverClient, SERVICE, Watched};
use serde_json::json;

async fn serve(nameserver: Nameserver) -> (Running, Context) {
    let server = Server::new().offer(nameserver).service(SERVICE).limits(pycom_nameserver::limits());
    let running = server.bind("tcp://127.0.0.1:0").await.unwrap();
    let context = Context::builder().nameserver(running.address().to_string()).unwrap();
    (running, context.timeout(Duration::from_secs(30)).build())
}

async fn register(context: &Context, service: &str, port: u16, interfaces: &[&str]) {
    let args = json!({"service": service, "address": format!("tcp://127.0.0.1:{port}"), "interfaces": interfaces});
    context.nameserver().unwrap().call("register").args(&args).await.unwrap();
}

async fn watch(context: &Context, interface: &str, seen: Option<&Watched>, wait: u64) -> Result<Watched, Error> {
    let cursor = seen.map(|seen| &seen.cursor);
    let args = json!({"interface": interface, "cursor": cursor, "wait": wait});
    context.nameserver()?.call("watch").args(&args).await?.parse()
}

fn names(watched: &Watched) -> Vec<&str> {
    let mut names: Vec<_> = watched.services.iter().map(|provider| provider.service.as_str()).collect();
    names.sort_unstable();
    names
}

/// How many calls of `watch` wait. By its address: a context that locates an interface watches it.
async fn waiting(context: &Context) -> usize {
    NameserverClient::from_component(context.nameserver().unwrap()).stat(Some(false)).await.unwrap().watchers
}

async fn until_waiting(context: &Context, count: usize) {
    let start = Instant::now();
    while waiting(context).await != count {
        assert!(start.elapsed() < Duration::from_secs(60), "never saw {count} watchers");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_watcher_is_told_of_each_change_of_its_interface() {
    let (_running, context) = serve(Nameserver::alone()).await;
    let nobody = watch(&context, "com.foo.example", None, 20_000).await.unwrap();
    assert_eq!(nobody.services, []);

    let next = |seen: Watched| {
        let context = context.clone();
        tokio::spawn(async move { watch(&context, "com.foo.example", Some(&seen), 20_000).await.unwrap() })
    };
    let told = next(nobody);
    until_waiting(&context, 1).await;
    register(&context, "/com/foo/a", 1, &["com.foo.example", "com.foo.other"]).await;
    let one = told.await.unwrap();
    assert_eq!(names(&one), ["/com/foo/a"]);
    assert_eq!(one.services[0].address.to_string(), "tcp://127.0.0.1:1");
    assert_eq!(one.services[0].interfaces.len(), 2);

    // Moved: its instance says that it is the same one.
    let told = next(one);
    until_waiting(&context, 1).await;
    let nameserver = context.nameserver().unwrap();
    let args = json!({"service": "/com/foo/b", "address": "tcp://127.0.0.1:2", "interfaces": ["com.foo.example"]});
    let instance = "0123456789abcdef0123456789abcdef";
    nameserver.call("register").args(&args).extension("org.pycom.instance", &instance).await.unwrap();
    let two = told.await.unwrap();
    assert_eq!(names(&two), ["/com/foo/a", "/com/foo/b"]);
    let of = |watched: &Watched, name: &str| {
        watched.services.iter().find(|provider| provider.service.as_str() == name).unwrap().clone()
    };
    assert_eq!(of(&two, "/com/foo/b").instance.as_deref(), Some(instance));
    let told = next(two);
    until_waiting(&context, 1).await;
    let args = json!({"service": "/com/foo/b", "address": "tcp://127.0.0.1:3", "interfaces": ["com.foo.example"]});
    nameserver.call("register").args(&args).extension("org.pycom.instance", &instance).await.unwrap();
    let moved = told.await.unwrap();
    assert_eq!(of(&moved, "/com/foo/b").address.to_string(), "tcp://127.0.0.1:3");

    let told = next(moved);
    until_waiting(&context, 1).await;
    let args = json!({"service": "/com/foo/a", "address": "tcp://127.0.0.1:1"});
    assert_eq!(nameserver.invoke("deregister", args).await.unwrap(), json!(true));
    assert_eq!(names(&told.await.unwrap()), ["/com/foo/b"]);
}

#[tokio::test]
async fn what_does_not_concern_a_watcher_leaves_it_asleep() {
    let (_running, context) = serve(Nameserver::alone()).await;
    register(&context, "/com/foo/a", 1, &["com.foo.example"]).await;
    let seen = watch(&context, "com.foo.example", None, 0).await.unwrap();
    // A renewal, another interface, another wait: the same set has the same cursor.
    register(&context, "/com/foo/a", 1, &["com.foo.example"]).await;
    register(&context, "/com/foo/b", 2, &["com.foo.other"]).await;
    assert_eq!(watch(&context, "com.foo.example", Some(&seen), 100).await.unwrap(), seen);
    // One that came and went leaves another cursor behind.
    register(&context, "/com/foo/c", 3, &["com.foo.example"]).await;
    let args = json!({"service": "/com/foo/c", "address": "tcp://127.0.0.1:3"});
    context.nameserver().unwrap().invoke("deregister", args).await.unwrap();
    let later = watch(&context, "com.foo.example", Some(&seen), 20_000).await.unwrap();
    assert_eq!(later.services, seen.services);
    assert_ne!(later.cursor, seen.cursor);
}

#[tokio::test]
async fn a_cursor_that_means_nothing_here_is_answered_at_once() {
    let (_one, first) = serve(Nameserver::alone()).await;
    let (_two, second) = serve(Nameserver::alone()).await;
    let theirs = watch(&second, "com.foo.example", None, 0).await.unwrap();
    for cursor in [theirs.cursor.as_str(), "", "-", "x-1", "0-0-0", "ffffffffffffffffffff-1", "é"] {
        let foreign = Watched { cursor: cursor.into(), services: Vec::new() };
        let answer = watch(&first, "com.foo.example", Some(&foreign), 20_000).await.unwrap();
        assert_ne!(answer.cursor, cursor);
    }
    assert_eq!(waiting(&first).await, 0);
}

#[tokio::test]
async fn a_watch_is_over_before_its_caller_gives_up() {
    let (_running, context) = serve(Nameserver::alone()).await;
    let seen = watch(&context, "com.foo.example", None, 0).await.unwrap();
    let args = json!({"interface": "com.foo.example", "cursor": seen.cursor});
    let nameserver = context.nameserver().unwrap();
    let again = nameserver.call("watch").args(&args).timeout(Duration::from_secs(2)).await.unwrap();
    assert_eq!(again.parse::<Watched>().unwrap(), seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_wait_without_being_in_the_way_of_others() {
    const MANY: usize = 5_000;
    let (_running, context) = serve(Nameserver::alone()).await;
    let seen = watch(&context, "com.foo.example", None, 0).await.unwrap();
    let start = |interface: &'static str| {
        let (context, seen) = (context.clone(), seen.clone());
        tokio::spawn(async move { watch(&context, interface, Some(&seen), 20_000).await })
    };
    let all: Vec<_> = (0..MANY).map(|_| start("com.foo.example")).collect();
    let other = start("com.foo.other");
    until_waiting(&context, MANY + 1).await;

    // All that others need is there: the runtime, room for calls, and threads for what blocks.
    let client = NameserverClient::from_component(context.nameserver().unwrap());
    assert_eq!(client.list_services(None, None, None, None).await.unwrap().value.len(), 1);
    register(&context, "/com/foo/a", 1, &["com.foo.example"]).await;
    for told in all {
        assert_eq!(names(&told.await.unwrap().unwrap()), ["/com/foo/a"]);
    }
    assert_eq!(waiting(&context).await, 1);
    register(&context, "/com/foo/b", 2, &["com.foo.other"]).await;
    assert_eq!(names(&other.await.unwrap().unwrap()), ["/com/foo/b"]);
}

#[tokio::test]
async fn one_watcher_too_many_is_refused() {
    let limits = Limits { watchers: 2, ..Limits::default() };
    let (_running, context) = serve(Nameserver::with(limits, Terms::default())).await;
    let seen = watch(&context, "com.foo.example", None, 0).await.unwrap();
    let wait = || {
        let (context, seen) = (context.clone(), seen.clone());
        tokio::spawn(async move { watch(&context, "com.foo.example", Some(&seen), 20_000).await })
    };
    let two = [wait(), wait()];
    until_waiting(&context, 2).await;
    let refused = watch(&context, "com.foo.example", Some(&seen), 20_000).await.unwrap_err();
    assert!(matches!(&refused, Error::Overloaded(_)), "{refused}");
    // What need not wait is answered all the same.
    assert!(watch(&context, "com.foo.example", None, 0).await.is_ok());
    register(&context, "/com/foo/a", 1, &["com.foo.example"]).await;
    for told in two {
        assert!(told.await.unwrap().is_ok());
    }
}
