//! What a user is promised for bad days: programs that are killed, come back, move, stop, panic, or are asked too much.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use pycom::{Component, Context, Error, Limits, Outcome, Server};
use serde_json::{Value, json};
use tests::door::{Door, Doorman, DoormanClient};
use tests::patience::{PATIENCE, eventually_async};
use tests::ports;
use tests::programs::{Network, Program, Service};
use tests::raw::RawClient;

const PROBE: [&str; 2] = ["-s", "/com/foo/probe"];

fn connect(service: &Service, interface: &str) -> Component {
    Context::builder().build().connect(&service.address, interface).unwrap()
}

async fn doorman(service: &Service) -> (Door, DoormanClient) {
    let component = connect(service, "com.foo.doorman").with_timeout(PATIENCE);
    (Door::new(), pycom::Client::from_component(component))
}

/// Awaits the answer of the probe, whatever happens to calls until then.
async fn answers_again(query: &Component) {
    let answered = || async { query.invoke("create", 42).await.ok() };
    assert_eq!(eventually_async("an answer", answered).await, json!({"field1": 42}));
}

/// A call to a service that was killed: refused, or lost on its way; never without its address.
async fn fails_with_the_address(query: &Component) {
    let failed = || async { query.invoke("create", 42).await.err() };
    let error = eventually_async("an error", failed).await;
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    assert!(error.to_string().contains(&query.address().to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_and_started_again_is_used_again_by_the_same_client() {
    let mut probe = Program::Probe.serve_at_fixed_port(&PROBE);
    let query = connect(&probe, "com.foo.example");
    for _ in 0..3 {
        answers_again(&query).await;
        probe.process.kill();
        fails_with_the_address(&query).await;
        let address = probe.address.clone();
        probe = Program::Probe.try_serve(&address, &PROBE).unwrap_or_else(|process| panic!("{}", process.story()));
    }
    answers_again(&query).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_went_with_its_service_is_reported_once_and_the_next_call_starts_another() {
    let mut probe = Program::Probe.serve_at_fixed_port(&PROBE);
    let counter = connect(&probe, "com.foo.counter");
    assert_eq!(counter.invoke("next", ()).await.unwrap(), 1);
    assert_eq!(counter.invoke("next", ()).await.unwrap(), 2);
    probe.process.kill();
    let address = probe.address.clone();
    probe = Program::Probe.try_serve(&address, &PROBE).unwrap_or_else(|process| panic!("{}", process.story()));
    let answered = || async {
        match counter.invoke("next", ()).await {
            Err(Error::ServiceNotAvailable(_)) => None,
            outcome => Some(outcome),
        }
    };
    let error = eventually_async("an answer", answered).await.unwrap_err();
    assert!(matches!(error, Error::SessionExpired(_)), "{error}");
    assert_eq!(counter.invoke("next", ()).await.unwrap(), 1);
    drop(probe);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_comes_back_elsewhere_is_found_again_by_the_same_client() {
    let Network { nameserver, mut probe } = Network::start();
    let context = Context::new(&nameserver.address).unwrap();
    let by_interface = context.locate("com.foo.example").await.unwrap();
    let by_name = context.locate_service("com.foo.example", "/com/foo/probe").await.unwrap();
    for _ in 0..2 {
        answers_again(&by_interface).await;
        answers_again(&by_name).await;
        probe.process.kill();
        let arguments = ["-s", "/com/foo/probe", "-n", &nameserver.address];
        let elsewhere = Program::Probe.serve(&arguments);
        assert_ne!(elsewhere.address, probe.address);
        probe = elsewhere;
        for query in [&by_interface, &by_name] {
            answers_again(query).await;
            assert_eq!(query.address().to_string(), probe.address);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nameserver_started_empty_knows_the_running_services_within_one_renewal() {
    let mut nameserver = Program::Nameserver.serve_at_fixed_port(&[]);
    let arguments = ["-s", "/com/foo/probe", "-n", &nameserver.address, "--renewal", "200"];
    let probe = Program::Probe.serve(&arguments);
    for _ in 0..2 {
        nameserver.process.kill();
        let address = nameserver.address.clone();
        let started = Program::Nameserver.try_serve(&address, &[]);
        nameserver = started.unwrap_or_else(|process| panic!("{}", process.story()));
        let context = Context::new(&nameserver.address).unwrap();
        for interface in ["com.foo.example", "com.foo.counter", "com.foo.blob", "org.pycom.demo"] {
            let found = eventually_async("the service", || async { context.locate(interface).await.ok() }).await;
            assert_eq!(found.address().to_string(), probe.address);
            assert_eq!(found.service().unwrap().as_str(), "/com/foo/probe");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nameserver_that_is_away_stops_nobody_who_knows_an_address() {
    let Network { mut nameserver, probe: _probe } = Network::start();
    let context = Context::new(&nameserver.address).unwrap();
    let query = context.locate("com.foo.example").await.unwrap();
    nameserver.process.kill();
    assert_eq!(query.invoke("create", 42).await.unwrap(), json!({"field1": 42}));
    let known = context.locate("com.foo.example").await.unwrap();
    assert_eq!(known.invoke("create", 42).await.unwrap(), json!({"field1": 42}));
    let error = context.locate("com.foo.counter").await.unwrap_err();
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(&nameserver.address) && text.contains("pycom-nameserver"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_before_its_nameserver_is_known_once_that_is_there() {
    let address = ports::free_address();
    let probe = Program::Probe.serve(&["-s", "/com/foo/probe", "-n", &address]);
    let nameserver = Program::Nameserver.try_serve(&address, &[]).expect("a free port stays free");
    let context = Context::new(&nameserver.address).unwrap();
    let found = eventually_async("the service", || async { context.locate("com.foo.example").await.ok() }).await;
    assert_eq!(found.address().to_string(), probe.address);
}

async fn ends_in_order_by(signal: libc::c_int) {
    let nameserver = Program::Nameserver.serve(&[]);
    let mut service = Program::Doorman.serve(&["-s", "/com/foo/doorman", "-n", &nameserver.address]);
    let context = Context::new(&nameserver.address).unwrap();
    let (door, client) = doorman(&service).await;
    let address = door.address();
    let in_hand: Vec<_> = (0..3)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.wait(address, number).await })
        })
        .collect();
    let held: Vec<_> = (0..3).map(|_| door.arrival()).collect();

    service.process.signal(signal);
    // Others are sent elsewhere at once: by the nameserver, and by the service itself.
    let gone = || async { context.locate("com.foo.doorman").await.err() };
    let error = eventually_async("an unknown name", gone).await;
    assert!(matches!(error, Error::ServiceNotFound(_)), "{error}");
    let error = eventually_async("a refusal", || async { client.double(2).await.err() }).await;
    assert!(matches!(error, Error::Overloaded(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);

    drop(held);
    for (number, call) in in_hand.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap() as usize, number);
    }
    assert_eq!(service.process.wait().code(), Some(0), "{}", service.process.story());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_the_calls_in_hand_and_gives_the_name_back() {
    ends_in_order_by(libc::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_finishes_the_calls_in_hand_and_gives_the_name_back() {
    ends_in_order_by(libc::SIGINT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_service_is_killed_ends_and_says_that_it_may_have_run() {
    let mut service = Program::Doorman.serve(&[]);
    let (door, client) = doorman(&service).await;
    let address = door.address();
    let call = tokio::spawn(async move { client.wait(address, 1).await });
    let _held = door.arrival();
    service.process.kill();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::MayHaveRun);
    assert!(error.to_string().contains(&service.address), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_service_that_stands_still_ends_and_the_next_is_answered() {
    let probe = Program::Probe.serve(&PROBE);
    let query = connect(&probe, "com.foo.example");
    answers_again(&query).await;
    probe.process.freeze();
    let error = query.call("create").args(&1).timeout(Duration::from_millis(100)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::MayHaveRun);
    probe.process.thaw();
    let patient = query.with_timeout(PATIENCE);
    assert_eq!(patient.invoke("create", 2).await.unwrap(), json!({"field1": 2}));
}

/// Holds `count` calls of a method, and checks that others are answered meanwhile.
async fn delays_nobody(method: &'static str, count: u32) {
    let service = Program::Doorman.serve(&[]);
    let (door, client) = doorman(&service).await;
    let component = pycom::Client::component(&client).clone();
    let blocked: Vec<_> = (0..count)
        .map(|number| {
            let (component, args) = (component.clone(), json!({"door": door.address(), "number": number}));
            tokio::spawn(async move { component.invoke(method, args).await })
        })
        .collect();
    let held: Vec<_> = (0..count).map(|_| door.arrival()).collect();
    // The same connection, and others.
    for number in 0..50 {
        assert_eq!(client.double(number).await.unwrap(), 2 * number);
        let (_, other) = doorman(&service).await;
        assert_eq!(other.double(number).await.unwrap(), 2 * number);
    }
    assert!(blocked.iter().all(|call| !call.is_finished()));
    drop(held);
    for (number, call) in blocked.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_block_their_threads_delay_nobody_else() {
    delays_nobody("block", 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_blocks_a_thread_of_the_runtime_delays_nobody_else() {
    delays_nobody("stall", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_wait_delay_nobody_else() {
    delays_nobody("wait", 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_bounds_is_refused_and_the_service_lives_on() {
    let limits = Limits { calls: 2, queue: 3, ..Limits::default() };
    let running = Server::new().offer(Doorman).limits(limits).bind("tcp://127.0.0.1:0").await.unwrap();
    let door = Door::new();
    let context = Context::builder().timeout(PATIENCE).build();
    let component = context.connect(running.address().to_string(), "com.foo.doorman").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    let mut call = |number: u32| {
        let (component, args) = (component.clone(), json!({"door": door.address(), "number": number}));
        calls.spawn(async move { (number, component.invoke("wait", args).await) });
    };
    (0..2).for_each(&mut call);
    let held = [door.arrival(), door.arrival()];
    // Three of these wait; the answers to the other four come now.
    (2..9).for_each(&mut call);
    let mut refused = Vec::new();
    for _ in 0..4 {
        let (number, outcome) = calls.join_next().await.unwrap().unwrap();
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::Overloaded(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::Refused);
        assert!(error.to_string().contains("2 calls run (limit 2) and 3 wait (limit)"), "{error}");
        refused.push(number);
    }
    assert!(door.knock().is_none(), "what waits does not run");

    drop(held);
    let mut answered = Vec::new();
    for _ in 0..3 {
        drop(door.arrival());
    }
    while let Some(ended) = calls.join_next().await {
        let (number, outcome) = ended.unwrap();
        assert_eq!(outcome.unwrap(), number);
        answered.push(number);
    }
    assert_eq!(answered.len(), 5);
    assert!(answered.iter().all(|number| !refused.contains(number)));
    assert_eq!(component.invoke("double", json!({"number": 21})).await.unwrap(), 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_gives_code_1_and_the_service_lives_on() {
    let probe = Program::Probe.serve(&PROBE);
    let query = connect(&probe, "com.foo.example");
    let service = Program::Doorman.serve(&[]);
    let (_, client) = doorman(&service).await;
    for number in 0..5 {
        let error = query.invoke("fail_bug", ()).await.unwrap_err();
        assert!(matches!(error, Error::Unknown(_)), "{error}");
        assert_eq!(error.text(), Some("Unknown error during request"), "what happened is not the caller's business");
        assert_eq!(query.invoke("create", number).await.unwrap(), json!({"field1": number}));
        let error = client.fall().await.unwrap_err();
        assert!(matches!(error, Error::Unknown(_)), "{error}");
        assert_eq!(client.double(number).await.unwrap(), 2 * number);
    }
    let logged = |line: &str| (line.contains("panicked") && line.contains("method=fail_bug")).then_some(());
    assert!(probe.process.stderr().find(0, logged).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_was_is_named_in_the_error() {
    let address = ports::free_address();
    let query = Context::builder().build().connect(&address, "com.foo.example").unwrap();
    let error = query.invoke("create", 42).await.unwrap_err();
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::NotRun);
    let text = error.to_string();
    assert!(text.contains(&address) && text.contains("com.foo.example.create"), "{text}");
}

/// A peer that takes every call, and answers only those of the method `answer`.
struct Silent {
    address: String,
    stop: Arc<AtomicBool>,
}

impl Silent {
    fn start() -> Self {
        let socket = zmq::Context::new().socket(zmq::ROUTER).unwrap();
        socket.set_rcvhwm(0).unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let address = socket.get_last_endpoint().unwrap().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if socket.poll(zmq::POLLIN, 20).unwrap() == 0 {
                    continue;
                }
                let frames = socket.recv_multipart(0).unwrap();
                // Of calls given up it hears, and says nothing to that either.
                let [peer, id, empty, _, json] = &frames[..] else { continue };
                let call: Value = serde_json::from_slice(json).unwrap();
                if call["method"] == "answer" {
                    let answer: [&[u8]; 5] = [peer, id, empty, b"OK", br#"{"code": 0, "result": "here"}"#];
                    socket.send_multipart(answer, 0).unwrap();
                }
            }
        });
        Self { address, stop }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Were the calls given up still held, there would be more of them than a connection carries at once (65,536), and the
/// next one be refused.
#[tokio::test(flavor = "multi_thread")]
async fn calls_given_up_leave_nothing_behind() {
    let peer = Silent::start();
    let component = Context::builder().build().connect(&peer.address, "com.foo.silent").unwrap();
    let component = component.with_timeout(Duration::from_secs(24 * 3600));
    assert_eq!(component.invoke("answer", ()).await.unwrap(), "here");
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for round in 0..70_000 {
        let mut call = std::pin::pin!(component.invoke("never", round));
        let begun = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
        assert!(begun);
        if round % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(component.invoke("answer", ()).await.unwrap(), "here");
    assert!(tasks() <= before, "{} tasks, before there were {before}", tasks());
}

/// Whoever gives up a whole batch at once leaves no time to the connection's task to hear of it one by one.
#[tokio::test]
async fn a_batch_of_calls_given_up_at_once_leaves_nothing_behind() {
    let peer = Silent::start();
    let component = Context::builder().build().connect(&peer.address, "com.foo.silent").unwrap();
    let component = component.with_timeout(Duration::from_secs(24 * 3600));
    let mut batch = Vec::new();
    for _ in 0..3 {
        batch = (0..30_000).map(|number| Box::pin(component.invoke("never", number))).collect();
        for (number, call) in batch.iter_mut().enumerate() {
            let begun = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
            assert!(begun);
            if number % 100 == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    assert_eq!(component.invoke("answer", ()).await.unwrap(), "here", "beside {} calls", batch.len());
}

/// What a connection carries at once is bounded; over it a call is told so, and was surely not sent.
#[tokio::test]
async fn calls_over_what_one_connection_carries_are_not_sent() {
    let peer = Silent::start();
    let component = Context::builder().build().connect(&peer.address, "com.foo.silent").unwrap();
    let component = component.with_timeout(Duration::from_secs(24 * 3600));
    let mut calls: Vec<_> = (0..65_536).map(|number| Box::pin(component.invoke("never", number))).collect();
    for (number, call) in calls.iter_mut().enumerate() {
        assert!(std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let error = component.invoke("answer", ()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::NotRun);
    assert!(error.to_string().contains("65536 calls to it are under way (limit)"), "{error}");
    calls.truncate(1000);
    assert_eq!(component.invoke("answer", ()).await.unwrap(), "here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_without_a_word_costs_the_service_nothing_it_would_miss() {
    let service = Program::Doorman.serve(&[]);
    let door = Door::new();
    let call = format!(
        r#"{{"interface": "com.foo.doorman", "method": "wait", "args": {{"door": "{}", "number": 1}}}}"#,
        door.address()
    );
    for _ in 0..20 {
        let client = RawClient::dealer(&service.address);
        client.send(["", "CALL", &call]);
        drop((door.arrival(), client));
    }
    let (_, client) = doorman(&service).await;
    assert_eq!(client.double(1).await.unwrap(), 2);
}
