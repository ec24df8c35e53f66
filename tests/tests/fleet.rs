//! What the client of a fleet is promised: parts of it die, hang, restart and move, and the client need not know.
//!
//! Tests with the number of an issue show what its users suffered, and that it does not happen here.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pycom::{
    Balance, Change, Component, Context, Error, Event, InterfaceBuilder, Limits, MethodBuilder, Outcome, Request,
    Running, Server,
};
use pycom_nameserver::Nameserver;
use pycom_nameserver::registry::{Limits as RegistryLimits, Terms};
use serde_json::{Value, json};
use tests::door::Door;
use tests::patience::{PATIENCE, eventually_async};
use tests::programs::{Network, Program, Service};
use tokio::sync::Semaphore;

const INTERFACE: &str = "com.foo.member";

async fn nameserver() -> Running {
    Server::new().offer(Nameserver::new()).bind("tcp://127.0.0.1:0").await.unwrap()
}

/// A service of the fleet that tells its name and counts its calls.
struct Member {
    running: Running,
    calls: Arc<AtomicUsize>,
    /// Calls of `wait` pass here.
    door: Arc<Semaphore>,
}

impl Member {
    async fn start(nameserver: &str, name: &str) -> Self {
        Self::with(nameserver, name, Limits::default()).await
    }

    async fn with(nameserver: &str, name: &str, limits: Limits) -> Self {
        let (calls, door) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let method = |method: &str, waits: bool| {
            let (name, calls, door) = (name.to_owned(), calls.clone(), door.clone());
            MethodBuilder::new(method, move |_: Request| {
                let (name, calls, door) = (name.clone(), calls.clone(), door.clone());
                async move {
                    calls.fetch_add(1, Ordering::Relaxed);
                    if waits {
                        door.acquire().await.map_err(Error::internal)?.forget();
                    }
                    Ok::<_, Error>(name)
                }
            })
        };
        let time = MethodBuilder::new("time_left", |request: Request| async move {
            Ok::<_, Error>(request.time_left().map(|left| left.as_secs_f64()))
        });
        let interface = InterfaceBuilder::new(INTERFACE)
            .stateful()
            .method(method("who", false))
            .method(method("wait", true))
            .method(method("wait_again", true).idempotent())
            .method(time);
        let stateless = InterfaceBuilder::new("com.foo.stateless")
            .method(method("who", false))
            .method(method("wait", true))
            .method(method("wait_again", true).idempotent());
        let server = Server::new().offer(interface.build().unwrap()).offer(stateless.build().unwrap()).service(name);
        let server = server.nameserver(nameserver).limits(limits);
        Self { running: server.bind("tcp://127.0.0.1:0").await.unwrap(), calls, door }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

/// A nameserver and members of these names.
async fn fleet(names: &[&str]) -> (Running, Vec<Member>, Context) {
    let nameserver = nameserver().await;
    let address = nameserver.address().to_string();
    let mut members = Vec::new();
    for name in names {
        members.push(Member::start(&address, name).await);
    }
    let context = Context::builder().nameserver(&address).unwrap().timeout(PATIENCE).build();
    (nameserver, members, context)
}

async fn who(component: &Component) -> String {
    component.invoke_as("who", ()).await.unwrap()
}

/// Who answers how many of `count` calls.
async fn tally(component: &Component, count: usize) -> HashMap<String, usize> {
    let mut tally = HashMap::new();
    for _ in 0..count {
        *tally.entry(who(component).await).or_default() += 1;
    }
    tally
}

async fn until_event(events: &mut pycom::Events, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
    let found = async {
        loop {
            let event = events.next().await;
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no event: {what}"))
}

fn probe(nameserver: &Service, name: &str) -> Service {
    Program::Probe.serve(&["-s", name, "-n", &nameserver.address])
}

#[tokio::test(flavor = "multi_thread")]
async fn tarpc_118_a_client_comes_back_when_its_service_does() {
    let nameserver = Program::Nameserver.serve(&[]);
    let mut probe = Program::Probe.serve_at_fixed_port(&["-s", "/com/foo/probe", "-n", &nameserver.address]);
    let query = Context::new(&nameserver.address).unwrap().locate("com.foo.example").await.unwrap();
    for _ in 0..3 {
        let answers = || async { query.invoke("create", 1).await.ok() };
        eventually_async("an answer", answers).await;
        probe.process.kill();
        let fails = || async { query.invoke("create", 1).await.err() };
        let error = eventually_async("an error", fails).await;
        assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
        let (address, arguments) = (probe.address.clone(), ["-s", "/com/foo/probe", "-n", &nameserver.address]);
        probe = Program::Probe.try_serve(&address, &arguments).unwrap_or_else(|process| panic!("{}", process.story()));
    }
    // The first call after the service is back is answered: nobody has to try until it works.
    assert_eq!(query.invoke("create", 1).await.unwrap(), json!({"field1": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn tarpc_415_no_call_hangs_when_its_connection_ends() {
    let mut service = Program::Doorman.serve(&[]);
    let context = Context::builder().timeout(Duration::from_secs(24 * 3600)).build();
    let component = context.connect(&service.address, "com.foo.doorman").unwrap();
    let door = Door::new();
    let call = |number: usize| {
        let (component, args) = (component.clone(), json!({"door": door.address(), "number": number}));
        tokio::spawn(async move { component.invoke("wait", args).await })
    };
    let calls: Vec<_> = (0..50).map(call).collect();
    let held: Vec<_> = (0..50).map(|_| door.arrival()).collect();
    service.process.kill();
    // Some are begun before the loss is known, some after.
    let late: Vec<_> = (50..500).map(call).collect();
    for call in calls {
        let ended = tokio::time::timeout(PATIENCE, call).await.expect("the call ends").unwrap();
        let error = ended.unwrap_err();
        assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::MayHaveRun);
    }
    for call in late {
        let ended = tokio::time::timeout(PATIENCE, call).await.expect("the call ends").unwrap();
        assert!(matches!(ended, Err(Error::ServiceNotAvailable(_))), "{ended:?}");
    }
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_rust_643_the_dead_are_not_chosen_again_and_again() {
    let Network { nameserver, mut probe } = Network::start();
    let other = self::probe(&nameserver, "/com/foo/other");
    let context = Context::builder().nameserver(&nameserver.address).unwrap().balance(Balance::RoundRobin).build();
    let mut events = context.events();
    let query = context.locate("com.foo.example").await.unwrap();
    for n in 0..4 {
        query.invoke("create", n).await.unwrap();
    }
    probe.process.kill();
    // The nameserver still tells of it; not one call fails for that.
    for n in 0..100 {
        assert_eq!(query.invoke("create", n).await.unwrap(), json!({"field1": n}));
    }
    let aside =
        |event: &Event| matches!(event, Event::SetAside { address, .. } if address.to_string() == probe.address);
    until_event(&mut events, "set aside", aside).await;
    // It comes back where it was, and gets its share again.
    let arguments = ["-s", "/com/foo/probe", "-n", &nameserver.address];
    let probe = Program::Probe.try_serve(&probe.address, &arguments);
    let probe = probe.unwrap_or_else(|process| panic!("{}", process.story()));
    let calls = async {
        loop {
            query.invoke("create", 0).await.unwrap();
        }
    };
    let connected =
        |event: &Event| matches!(event, Event::Connected { address } if address.to_string() == probe.address);
    tokio::select! {
        () = calls => {}
        _ = until_event(&mut events, "connected again", connected) => {}
    }
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_rust_1552_who_takes_connections_and_answers_nothing_is_passed_over() {
    let nameserver = Program::Nameserver.serve(&[]);
    let start = |name| Program::Doorman.serve(&["-s", name, "-n", &nameserver.address]);
    let (frozen, other) = (start("/com/foo/frozen"), start("/com/foo/other"));
    let context = Context::builder().nameserver(&nameserver.address).unwrap().timeout(PATIENCE).build();
    let component = context.locate("com.foo.doorman").await.unwrap();
    let doubled = |n: u32| component.call("double").args(&json!({"number": n}));
    // Both are connected, and known to answer.
    let pinned = context.locate_service("com.foo.doorman", "/com/foo/frozen").await.unwrap();
    let mut events = context.events();
    for n in 0..20 {
        doubled(n).await.unwrap();
        pinned.invoke("double", json!({"number": n})).await.unwrap();
    }
    frozen.process.freeze();
    // One that is idempotent is answered in its time, whomever it was sent to first.
    for n in 0..4 {
        assert_eq!(
            doubled(n).idempotent().timeout(Duration::from_secs(20)).await.unwrap().parse::<u32>().unwrap(),
            2 * n
        );
    }
    // One that is not, and was sent there, is told long before its deadline that there is no answer.
    let error = match pinned.invoke("double", json!({"number": 1})).await {
        Err(error) if error.outcome() == Outcome::MayHaveRun => error,
        // The watch was quicker: it was not even sent.
        other => other.unwrap_err(),
    };
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    let lost = |event: &Event| matches!(event, Event::Lost { address, .. } if address.to_string() == frozen.address);
    until_event(&mut events, "lost", lost).await;
    // From then on nobody's call waits for it.
    for n in 0..50 {
        assert_eq!(doubled(n).await.unwrap().parse::<u32>().unwrap(), 2 * n);
    }
    frozen.process.thaw();
    let answers = || async { pinned.invoke_as::<u32>("double", json!({"number": 4})).await.ok() };
    assert_eq!(eventually_async("the thawed", answers).await, 8);
    drop(other);
}

/// A service whose method asks the next one how much time it has.
async fn relay(next: &Running, interface: &str) -> Running {
    let context = Context::builder().timeout(Duration::from_secs(3600)).build();
    let next = context.connect(next.address().to_string(), interface).unwrap();
    let ask = MethodBuilder::new("time_left", move |request: Request| {
        let next = next.clone();
        async move {
            let mine = request.time_left().map(|left| left.as_secs_f64());
            let next: Value = next.invoke_as("time_left", ()).await?;
            let mut all = next.as_array().cloned().unwrap_or_else(|| vec![next]);
            all.push(json!(mine));
            Ok::<_, Error>(all)
        }
    });
    let offer = InterfaceBuilder::new("com.foo.relay").method(ask).build().unwrap();
    Server::new().offer(offer).bind("tcp://127.0.0.1:0").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_rust_2316_deadlines_pass_every_hop() {
    let nameserver = nameserver().await;
    let last = Member::start(&nameserver.address().to_string(), "/com/foo/last").await;
    let middle = relay(&last.running, INTERFACE).await;
    let first = relay(&middle, "com.foo.relay").await;
    let component = Context::builder().build().connect(first.address().to_string(), "com.foo.relay").unwrap();
    // None of the services sets a deadline; their contexts would wait for an hour.
    let left: Vec<f64> = component.call("time_left").timeout(Duration::from_secs(40)).await.unwrap().parse().unwrap();
    assert_eq!(left.len(), 3, "{left:?}");
    // From the last service to the first: each has no more than who called it.
    assert!(left[0] <= left[1] + 0.001 && left[1] <= left[2] + 0.001 && left[2] <= 40.0, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn consul_1188_the_dead_vanish_by_themselves_and_the_watching_are_told() {
    let terms = Terms { renewal: Duration::from_secs(2), ..Terms::default() };
    let server = Server::new().offer(Nameserver::with(RegistryLimits::default(), terms));
    let nameserver = server.bind("tcp://127.0.0.1:0").await.unwrap();
    let address = nameserver.address().to_string();
    let arguments = |name| ["-s", name, "-n", &address, "--renewal", "300"].map(str::to_owned);
    let start = |name| Program::Probe.serve(&arguments(name).each_ref().map(String::as_str));
    let (mut dead, alive) = (start("/com/foo/dead"), start("/com/foo/alive"));
    let context = Context::new(&address).unwrap();
    let mut changes = context.watch("com.foo.example").unwrap();
    let mut next = async || tokio::time::timeout(PATIENCE, changes.next()).await.expect("a change");
    let mut added = [next().await, next().await].map(|change| match change {
        Change::Added { service, .. } => service.to_string(),
        change => panic!("{change:?}"),
    });
    added.sort();
    assert_eq!(added, ["/com/foo/alive", "/com/foo/dead"]);
    // Nobody takes its leave for it, and nobody clears it away.
    dead.process.kill();
    let removed = next().await;
    assert!(matches!(&removed, Change::Removed { service, .. } if service.as_str() == "/com/foo/dead"), "{removed:?}");
    assert_eq!(context.locate("com.foo.example").await.unwrap().address().to_string(), alive.address);
    let back = start("/com/foo/dead");
    let added = next().await;
    assert!(matches!(&added, Change::Added { address, .. } if address.to_string() == back.address), "{added:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_spread_as_asked() {
    let names = ["/com/foo/a", "/com/foo/b", "/com/foo/c"];
    let (_nameserver, members, context) = fleet(&names).await;
    let component = context.locate("com.foo.stateless").await.unwrap();
    let turns = tally(&component.with_balance(Balance::RoundRobin), 30).await;
    assert!(turns.len() == 3 && turns.values().all(|count| *count == 10), "{turns:?}");
    for balance in [Balance::Random, Balance::LeastInFlight] {
        assert_eq!(tally(&component.with_balance(balance), 200).await.len(), 3, "{balance:?}");
    }
    for user in ["user-1", "user-2", "user-3"] {
        assert_eq!(tally(&component.with_balance(Balance::key(user)), 20).await.len(), 1);
        let by_call: String = component.call("who").key(user).await.unwrap().parse().unwrap();
        assert_eq!(by_call, who(&component.with_balance(Balance::key(user))).await);
    }
    // Who is busy gets fewer: with 30 calls waiting, each has its 10.
    let waiting: Vec<_> = (0..30)
        .map(|_| {
            let component = component.clone();
            tokio::spawn(async move { component.invoke("wait", ()).await })
        })
        .collect();
    let before: Vec<_> = members.iter().map(Member::calls).collect();
    eventually_async("all calls", || async {
        (members.iter().map(Member::calls).sum::<usize>() >= before.iter().sum::<usize>()).then_some(())
    })
    .await;
    members.iter().for_each(|member| member.door.add_permits(30));
    for call in waiting {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stays_with_its_instance_and_its_end_is_said_clearly() {
    let (_nameserver, mut members, context) = fleet(&["/com/foo/a", "/com/foo/b", "/com/foo/c"]).await;
    let component = context.locate(INTERFACE).await.unwrap();
    let keeper = who(&component).await;
    assert_eq!(tally(&component, 30).await, HashMap::from([(keeper.clone(), 31 - 1)]));
    assert_eq!(component.service().unwrap().as_str(), keeper);
    let session = component.session_id().unwrap();
    let place = members.iter().position(|member| member.running.service().as_str() == keeper).unwrap();
    members.remove(place).running.stop().await;
    let error = component.invoke("who", ()).await.unwrap_err();
    assert!(matches!(error, Error::SessionExpired(_)), "{error}");
    assert!(error.to_string().contains(&keeper) && error.to_string().contains(&*session), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
    // The next call begins another, elsewhere.
    assert_ne!(who(&component).await, keeper);
    assert_ne!(component.session_id().unwrap(), session);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_full_is_spared_and_the_call_goes_elsewhere() {
    let nameserver = nameserver().await;
    let address = nameserver.address().to_string();
    let limits = Limits { calls: 1, queue: 0, ..Limits::default() };
    let full = Member::with(&address, "/com/foo/full", limits).await;
    let free = Member::start(&address, "/com/foo/free").await;
    let context = Context::builder().nameserver(&address).unwrap().timeout(PATIENCE).build();
    let pinned = context.locate_service("com.foo.stateless", "/com/foo/full").await.unwrap();
    let held = tokio::spawn(async move { pinned.invoke("wait", ()).await });
    eventually_async("a full service", || async { (full.calls() == 1).then_some(()) }).await;
    let component = context.locate("com.foo.stateless").await.unwrap().with_balance(Balance::RoundRobin);
    assert_eq!(tally(&component, 10).await, HashMap::from([("/com/foo/free".to_owned(), 10)]));
    // Where everyone is full, the error says of each why.
    free.running.stop().await;
    let limits = Limits { calls: 1, queue: 0, ..Limits::default() };
    let other = Member::with(&address, "/com/foo/other", limits).await;
    let pinned = context.locate_service("com.foo.stateless", "/com/foo/other").await.unwrap();
    let also = tokio::spawn(async move { pinned.invoke("wait", ()).await });
    eventually_async("a full service", || async { (other.calls() == 1).then_some(()) }).await;
    let fresh = Context::new(&address).unwrap().locate("com.foo.stateless").await.unwrap();
    let error = fresh.invoke("who", ()).await.unwrap_err();
    assert!(matches!(error, Error::Overloaded(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
    for name in ["/com/foo/full", "/com/foo/other", "tried before", "1 calls run (limit 1)"] {
        assert!(error.to_string().contains(name), "{error}");
    }
    full.door.add_permits(1);
    other.door.add_permits(1);
    held.await.unwrap().unwrap();
    also.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_run_is_retried_only_where_it_may_run_twice() {
    let (_nameserver, mut members, context) = fleet(&["/com/foo/a", "/com/foo/b"]).await;
    let component = context.locate("com.foo.stateless").await.unwrap().with_balance(Balance::RoundRobin);
    // Introspection tells which method may run twice.
    assert!(component.introspect().await.unwrap().methods["wait_again"].idempotent);
    for (method, retried) in [("wait_again", true), ("wait", false)] {
        let call = tokio::spawn({
            let component = component.clone();
            async move { component.call(method).timeout(PATIENCE * 4).await }
        });
        let busy = || async { members.iter().position(|member| member.calls() > 0) };
        let place = eventually_async("a running call", busy).await;
        // As if it were killed.
        drop(members.remove(place));
        if retried {
            let other = &members[0];
            eventually_async("the call elsewhere", || async { (other.calls() == 1).then_some(()) }).await;
            other.door.add_permits(1);
            let name: String = call.await.unwrap().unwrap().parse().unwrap();
            assert_eq!(name, other.running.service().as_str());
            other.calls.store(0, Ordering::Relaxed);
        } else {
            let error = call.await.unwrap().unwrap_err();
            assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
            assert_eq!(error.outcome(), Outcome::MayHaveRun);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_hangs_does_not_take_all_the_time_of_a_call_that_may_run_twice() {
    let (_nameserver, members, context) = fleet(&["/com/foo/a", "/com/foo/b"]).await;
    let component = context.locate("com.foo.stateless").await.unwrap();
    let call = tokio::spawn({
        let component = component.clone();
        async move { component.call("wait_again").idempotent().timeout(Duration::from_secs(6)).await }
    });
    // It hangs at one; after its share of the time it is at the other too.
    let both = || async { members.iter().all(|member| member.calls() == 1).then_some(()) };
    eventually_async("the call at both", both).await;
    members[1].door.add_permits(1);
    let name: String = call.await.unwrap().unwrap().parse().unwrap();
    assert_eq!(name, "/com/foo/b");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_nameservers_away_clients_go_on_with_what_they_know() {
    let nameservers = [Program::Nameserver.serve(&[]), Program::Nameserver.serve(&[])];
    let both = format!("{},{}", nameservers[0].address, nameservers[1].address);
    let members = [Member::start(&both, "/com/foo/a").await, Member::start(&both, "/com/foo/b").await];
    let context = Context::builder().nameserver(&both).unwrap().balance(Balance::RoundRobin).build();
    let component = context.locate("com.foo.stateless").await.unwrap();
    let [mut first, mut second] = nameservers;
    first.process.kill();
    assert_eq!(tally(&component, 20).await.len(), 2);
    // The other one tells of changes now.
    let third = Member::start(&second.address, "/com/foo/c").await;
    let three = || async { (tally(&component, 3).await.len() == 3).then_some(()) };
    eventually_async("the third member", three).await;
    second.process.kill();
    assert_eq!(tally(&component, 30).await.len(), 3);
    assert_eq!(tally(&context.locate("com.foo.stateless").await.unwrap(), 30).await.len(), 3);
    // Nobody is asked, and the dead are known by their silence.
    drop(third);
    let gone = || async { component.invoke("who", ()).await.err() };
    let lost_at_most_once = tokio::time::timeout(Duration::from_millis(200), eventually_async("a loss", gone)).await;
    if let Ok(error) = lost_at_most_once {
        assert_eq!(error.outcome(), Outcome::MayHaveRun, "{error}");
    }
    assert_eq!(tally(&component, 30).await.len(), 2);
    drop(members);
    // What they were doing when they went may have run; what comes after did not.
    let names = ["/com/foo/a", "/com/foo/b", "/com/foo/c"];
    let names_all = |error: &Error| names.iter().all(|name| error.to_string().contains(name));
    let failed = || async { component.invoke("who", ()).await.err().filter(names_all) };
    let error = eventually_async("an error that names all", failed).await;
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    assert_eq!(error.outcome(), Outcome::NotRun);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_was_asked_for_by_name_is_the_only_one_called() {
    let (nameserver, mut members, context) = fleet(&["/com/foo/a", "/com/foo/b"]).await;
    let component = context.locate_service("com.foo.stateless", "/com/foo/a").await.unwrap();
    assert_eq!(tally(&component, 20).await, HashMap::from([("/com/foo/a".to_owned(), 20)]));
    members.remove(0).running.stop().await;
    assert!(matches!(component.invoke("who", ()).await, Err(Error::ServiceNotAvailable(_))));
    // Where it is now, the nameserver knows.
    members.push(Member::start(&nameserver.address().to_string(), "/com/foo/a").await);
    assert_eq!(who(&component).await, "/com/foo/a");
}
#[tokio::test(flavor = "multi_thread")]
async fn grpc_rust_1820_a_rolling_restart_under_load_loses_no_call() {
    let (nameserver, members, context) = fleet(&["/com/foo/a", "/com/foo/b", "/com/foo/c"]).await;
    let component = context.locate("com.foo.stateless").await.unwrap();
    let stop = Arc::new(tokio::sync::Notify::new());
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (component, stop) = (component.clone(), stop.clone());
            tokio::spawn(async move {
                let mut stopped = std::pin::pin!(stop.notified());
                stopped.as_mut().enable();
                let mut answered = 0_usize;
                loop {
                    tokio::select! {
                        biased;
                        () = &mut stopped => return answered,
                        answer = component.invoke("who", ()) => {
                            answer.unwrap_or_else(|error| panic!("a call was lost: {error}"));
                            answered += 1;
                        }
                    }
                }
            })
        })
        .collect();
    let address = nameserver.address().to_string();
    let mut current = members;
    for round in 0..3 {
        let old = current.remove(0);
        let before = old.calls();
        eventually_async("load on it", || async { (old.calls() > before + 20).then_some(()) }).await;
        assert_eq!(old.running.stop().await.calls(), 0);
        current.push(Member::start(&address, &format!("/com/foo/new-{round}")).await);
        let new = current.last().unwrap();
        eventually_async("load on the new one", || async { (new.calls() > 20).then_some(()) }).await;
    }
    stop.notify_waiters();
    for load in load {
        assert!(load.await.unwrap() > 0);
    }
}
