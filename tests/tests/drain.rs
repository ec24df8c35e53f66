//! How a service ends, and how it keeps its methods apart: real processes and sockets.

use std::time::Duration;

use pycom::{Context, Error, Limits, MethodLimit, Outcome, Server};
use pycom_nameserver::{Nameserver, SERVICE};
use tests::door::{Door, Doorman, DoormanClient};
use tests::patience::{PATIENCE, eventually_async};
use tests::programs::{Program, Service};

fn client(address: &str) -> DoormanClient {
    let component = Context::builder().timeout(PATIENCE).build().connect(address, "com.foo.doorman").unwrap();
    pycom::Client::from_component(component)
}

fn said(service: &Service, text: &str) {
    let found = service.process.stderr().find(0, |line| line.contains(text).then_some(()));
    assert!(found.is_some(), "no {text:?}: {}", service.process.story());
}

/// A doorman with a call that waits and one that nobody can stop.
async fn busy(arguments: &[&str]) -> (Service, Vec<tests::door::Held>, Vec<tokio::task::JoinHandle<Error>>) {
    let service = Program::Doorman.serve(arguments);
    let (door, client) = (Door::new(), client(&service.address));
    let (address, other) = (door.address(), client.clone());
    let calls = vec![
        tokio::spawn(async move { client.wait(address, 1).await.unwrap_err() }),
        tokio::spawn(async move { other.block(address, 2).await.unwrap_err() }),
    ];
    let held = vec![door.arrival(), door.arrival()];
    (service, held, calls)
}

async fn may_have_run(calls: Vec<tokio::task::JoinHandle<Error>>) {
    for call in calls {
        let error = call.await.unwrap();
        assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::MayHaveRun);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_cut_and_named_and_does_not_hold_up_the_end() {
    let (mut service, _held, calls) = busy(&["--drain", "50"]).await;
    service.process.signal(libc::SIGTERM);
    assert_eq!(service.process.wait().code(), Some(0), "{}", service.process.story());
    said(&service, "com.foo.doorman.block (1 running, 0 waiting), com.foo.doorman.wait (1 running, 0 waiting)");
    may_have_run(calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    for second in [libc::SIGTERM, libc::SIGINT] {
        let (mut service, _held, calls) = busy(&["--drain", "3600000"]).await;
        service.process.signal(libc::SIGTERM);
        said(&service, "finishing the calls in hand");
        service.process.signal(second);
        assert_eq!(service.process.wait().code(), Some(0), "{}", service.process.story());
        said(&service, "the signal came twice");
        may_have_run(calls).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_when_time_is_up_are_told_that_they_did_not_run() {
    let limits = Limits { calls: 1, drain: Duration::ZERO, ..Limits::default() };
    let service = Server::new().offer(Doorman).limits(limits).bind("tcp://127.0.0.1:0").await.unwrap();
    let (door, client) = (Door::new(), client(&service.address().to_string()));
    let address = door.address();
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.wait(address, 1).await.unwrap_err() }
    });
    let _held = door.arrival();
    let waiting = tokio::spawn(async move { client.wait(address, 2).await.unwrap_err() });
    let queued = || async {
        let stat = service.statistics();
        (stat.method("com.foo.doorman", "wait").unwrap().queued == 1).then_some(())
    };
    eventually_async("a call that waits", queued).await;
    let stopped = service.stop().await;
    assert_eq!((stopped.calls(), stopped.cut.len()), (2, 1));
    assert_eq!(stopped.to_string(), "com.foo.doorman.wait (1 running, 1 waiting)");
    assert!(matches!(waiting.await.unwrap(), Error::Overloaded(_)));
    assert_eq!(running.await.unwrap().outcome(), Outcome::MayHaveRun);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_leaves_goes_on_for_those_who_have_not_heard_of_it() {
    let nameserver = Server::new().offer(Nameserver::new()).service(SERVICE).bind("tcp://127.0.0.1:0").await.unwrap();
    let address = nameserver.address().to_string();
    // Longer than any test waits: what is answered now is answered by one that leaves.
    let limits = Limits { grace: Duration::from_secs(3600), ..Limits::default() };
    let server = Server::new().offer(Doorman).service("/com/foo/doorman").nameserver(&address).limits(limits);
    let service = server.bind("tcp://127.0.0.1:0").await.unwrap();
    let client = client(&service.address().to_string());
    assert_eq!(client.double(21).await.unwrap(), 42);

    let leaving = tokio::spawn(service.stop());
    let context = Context::new(&address).unwrap();
    let gone = || async { context.locate("com.foo.doorman").await.err() };
    let error = eventually_async("an unknown name", gone).await;
    assert!(matches!(error, Error::ServiceNotFound(_)), "{error}");
    assert_eq!(client.double(4).await.unwrap(), 8);
    assert!(!leaving.is_finished());
    leaving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_at_its_limit_is_refused_by_name_and_holds_up_no_other() {
    let limit = MethodLimit { calls: 1, queue: 0 };
    let server = Server::new().offer(Doorman).method_limit("com.foo.doorman", "wait", limit);
    let service = server.bind("tcp://127.0.0.1:0").await.unwrap();
    let (door, client) = (Door::new(), client(&service.address().to_string()));
    let address = door.address();
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.wait(address, 1).await }
    });
    let held = door.arrival();
    let error = client.wait(address, 2).await.unwrap_err();
    assert!(matches!(error, Error::Overloaded(_)), "{error}");
    assert!(error.text().unwrap().contains("com.foo.doorman.wait"), "{error}");
    assert_eq!(client.double(21).await.unwrap(), 42);
    drop(held);
    assert_eq!(running.await.unwrap().unwrap(), 1);
    let stat = service.statistics();
    let wait = stat.method("com.foo.doorman", "wait").unwrap();
    assert_eq!((wait.calls, wait.refused), (1, 1));
    assert_eq!(service.stop().await.calls(), 0);
}

#[tokio::test]
async fn a_limit_for_what_is_not_there_is_refused() {
    for (interface, method, limit, expected) in [
        ("com.foo.doorman", "wiat", 8, "there are: block, double, fall, stall, wait"),
        ("com.foo.other", "wait", 8, "no such interface"),
        ("com.foo.doorman", "wait", 0, "at least 1"),
    ] {
        let server = Server::new().offer(Doorman).method_limit(interface, method, limit);
        let error = server.bind("tcp://127.0.0.1:0").await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(&format!("{interface}.{method}")), "{error}");
    }
}
