//! Nameservers over real etcd, whose nodes die, stand still, lose everything and come back.
//!
//! `cargo test -p tests --features etcd --test etcd`; needs `protoc` to be built, and etcd on the path or in
//! `PYCOM_TEST_ETCD`.

#[path = "../../pycom-nameserver/tests/conformance/mod.rs"]
mod conformance;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pycom::{Client, Context, Error, Running, Server, ServiceName};
use pycom_nameserver::registry::{Limits, Terms};
use pycom_nameserver::store::{Change, Etcd, LeaseTerms, Settings, Store, StoreAddress};
use pycom_nameserver::{Nameserver, NameserverClient, Statistics, StoreStatistics, Watched};
use serde_json::{Value, json};
use tests::etcd::Cluster;
use tests::originals::{Originals, Version};
use tests::patience::eventually_async;
use tests::programs::Program;

/// A store on a cluster, its leases short enough for a test.
fn store(cluster: &Cluster, terms: LeaseTerms) -> Etcd {
    let StoreAddress::Etcd { endpoints, prefix, tls } = cluster.address().parse().unwrap() else { unreachable!() };
    Etcd::new(Settings::new(endpoints, prefix, tls, |_| None).unwrap(), terms).unwrap()
}

fn short() -> LeaseTerms {
    conformance::terms()
}

/// As the leases say.
fn terms() -> Terms {
    Terms { renewal: short().renews, ..Terms::default() }
}

/// A front in this process.
struct Front {
    running: Running,
    context: Context,
}

impl Front {
    async fn over(store: Etcd, terms: Terms) -> Self {
        let limits = Limits { watchers: 1_000, ..Limits::default() };
        let nameserver = Nameserver::over_with(Arc::new(store), limits, terms);
        let server = Server::new().offer(nameserver).service(ServiceName::auto().to_string()).nameserver("local");
        let running = server.bind("tcp://127.0.0.1:0").await.unwrap();
        let context = Context::builder().nameserver(running.address().to_string()).unwrap();
        let front = Self { running, context: context.timeout(Duration::from_secs(30)).build() };
        front.until(|store| store.loaded).await;
        front
    }

    /// Waits until what it says of its store is so.
    async fn until(&self, is_so: impl Fn(&StoreStatistics) -> bool) -> StoreStatistics {
        eventually_async("a state of the store", || async {
            let store = self.stat().await.store.unwrap();
            is_so(&store).then_some(store)
        })
        .await
    }

    async fn register(&self, name: &str, port: u16, instance: u32) -> Result<(), Error> {
        self.register_with(name, port, instance, &["com.foo.example"]).await
    }

    async fn register_with(&self, name: &str, port: u16, instance: u32, interfaces: &[&str]) -> Result<(), Error> {
        let args = json!({"service": name, "address": format!("tcp://127.0.0.1:{port}"), "interfaces": interfaces});
        let instance = format!("{instance:032x}");
        let nameserver = self.context.nameserver().unwrap();
        nameserver.call("register").args(&args).extension("org.pycom.instance", &instance).await.map(|_| ())
    }

    async fn locate(&self, name: &str) -> Result<(String, Option<u64>), Error> {
        let args = json!({"interface": "com.foo.example", "service": name});
        let answer = self.context.nameserver()?.call("locate").args(&args).await?;
        let stale = answer.extensions().get("org.pycom.stale").unwrap();
        let found: Value = answer.parse()?;
        Ok((found["address"].as_str().unwrap().into(), stale))
    }

    async fn watch(&self, interface: &str, cursor: Option<&str>, wait: u64) -> Watched {
        let args = json!({"interface": interface, "cursor": cursor, "wait": wait});
        self.context.nameserver().unwrap().call("watch").args(&args).await.unwrap().parse().unwrap()
    }

    async fn stat(&self) -> Statistics {
        NameserverClient::from_component(self.context.nameserver().unwrap()).stat(Some(false)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_on_etcd_is_one() {
    let Some(cluster) = Cluster::start(1) else { return };
    conformance::check(&store(&cluster, short())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_asked_for_at_two_fronts_at_once_has_one_holder_a_thousand_times() {
    let Some(cluster) = Cluster::start(3) else { return };
    let one = Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await;
    let other = Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await;
    // Addresses where somebody answers: whoever has the name is asked before it is given away.
    let (here, there) = (one.running.address().port().unwrap(), other.running.address().port().unwrap());
    let both = Arc::new((one, other));
    let rounds = (0..10).map(|part: u32| {
        let both = both.clone();
        tokio::spawn(async move {
            for round in 0..100 {
                let name = format!("/com/foo/{part}/{round}");
                let interfaces = ["org.pycom.nameserver"];
                let claims = tokio::join!(
                    both.0.register_with(&name, here, 1, &interfaces),
                    both.1.register_with(&name, there, 2, &interfaces)
                );
                match claims {
                    (Ok(()), Err(Error::AccessDenied(_))) | (Err(Error::AccessDenied(_)), Ok(())) => {}
                    claims => panic!("{claims:?} for {name}"),
                }
            }
        })
    });
    for round in rounds.collect::<Vec<_>>() {
        round.await.unwrap();
    }
}

/// What a listener of the store hears: each change of a service, and after each snapshot all there is.
async fn listen(store: Etcd, heard: Arc<std::sync::Mutex<Vec<(String, u64)>>>, end: Arc<AtomicBool>) {
    let mut changes = store.changes();
    while !end.load(Ordering::Relaxed) {
        let Ok(change) = tokio::time::timeout(Duration::from_millis(100), changes.recv()).await else { continue };
        match change.expect("a listener that reads is not given up") {
            Change::Part(records) => {
                let records = records.iter().map(|(record, revision)| (record.service.to_string(), *revision));
                heard.lock().unwrap().extend(records);
                heard.lock().unwrap().sort_by_key(|(_, revision)| *revision);
            }
            Change::Put(record, revision) => heard.lock().unwrap().push((record.service.to_string(), revision)),
            Change::Gone(name, revision) => panic!("{name} is gone at {revision}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_killed_under_load_loses_no_registration_and_no_watcher_misses_one() {
    let Some(mut cluster) = Cluster::start(3) else { return };
    let front = Arc::new(Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await);
    let other = Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await;
    let (heard, end) = (Arc::default(), Arc::new(AtomicBool::new(false)));
    let listener = store(&cluster, LeaseTerms::default());
    let listener = tokio::spawn(listen(listener, Arc::clone(&heard), end.clone()));

    let started = Instant::now();
    let writers: Vec<_> = (0..8_u32)
        .map(|writer| {
            let (front, end) = (front.clone(), end.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                let mut refused = 0;
                while !end.load(Ordering::Relaxed) {
                    let number = acknowledged.len();
                    let name = format!("/com/foo/{writer}/{number}");
                    match front.register(&name, 1, writer * 1_000_000 + number as u32 / 10).await {
                        Ok(()) => acknowledged.push((name, started.elapsed())),
                        Err(Error::Overloaded(_)) => refused += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
                (acknowledged, refused)
            })
        })
        .collect();
    // Real load before the fault.
    eventually_async("registrations", || async { (front.stat().await.services > 500).then_some(()) }).await;
    let used = front.stat().await.store.unwrap();
    let leader = cluster.node_at(used.endpoint.as_deref().unwrap());
    cluster.kill(leader);
    let killed = started.elapsed();
    front.until(|store| store.endpoint.is_some() && store.endpoint != used.endpoint).await;
    let count = front.stat().await.services;
    eventually_async("more of them", || async { (front.stat().await.services > count + 500).then_some(()) }).await;
    end.store(true, Ordering::Relaxed);

    let mut all = BTreeMap::new();
    let mut refusals = 0;
    for writer in writers {
        let (acknowledged, refused) = writer.await.unwrap();
        all.extend(acknowledged);
        refusals += refused;
    }
    // What a write waits for is bounded by three seconds: longer, and it is refused.
    assert_eq!(refusals, 0, "the writes were silent for too long");
    let mut times: Vec<Duration> = all.values().copied().collect();
    times.sort_unstable();
    let silence = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    println!("{} registrations, the leader killed after {killed:?}, the longest silence {silence:?}", all.len());
    listener.await.unwrap();

    for front in [&*front, &other] {
        let known = eventually_async("all of them", || async {
            let nameserver = front.context.nameserver().unwrap();
            let (mut known, mut after) = (BTreeSet::new(), None::<String>);
            loop {
                let args = json!({"service": "/com/foo/", "after": after});
                let answer = nameserver.call("list_services").args(&args).await.unwrap();
                after = answer.extensions().get("org.pycom.next").unwrap();
                let page: Vec<Value> = answer.parse().unwrap();
                known.extend(page.iter().map(|service| service["service"].as_str().unwrap().to_owned()));
                if after.is_none() {
                    return (known.len() >= all.len()).then_some(known);
                }
            }
        })
        .await;
        let missing: Vec<_> = all.keys().filter(|name| !known.contains(*name)).collect();
        assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    }
    // The history of the listener: complete up to where it stopped, each once, in order.
    let heard = heard.lock().unwrap();
    let revisions: Vec<u64> = heard.iter().map(|(_, revision)| *revision).collect();
    assert!(revisions.is_sorted_by(|one, next| one < next));
    let names: BTreeSet<_> = heard.iter().map(|(name, _)| name.as_str()).collect();
    let last = revisions.last().unwrap();
    assert!(*last >= 500);
    let cut = all.iter().filter(|(name, at)| !names.contains(name.as_str()) && **at < times[times.len() / 2]).count();
    assert_eq!(cut, 0, "changes of the first half that the listener never heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_is_left_for_another() {
    let Some(cluster) = Cluster::start(3) else { return };
    let front = Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await;
    front.register("/com/foo/before", 1, 1).await.unwrap();
    let used = front.stat().await.store.unwrap().endpoint;
    let hung = cluster.node_at(used.as_deref().unwrap());
    cluster.freeze(hung);
    let start = Instant::now();
    let mut number = 0;
    while start.elapsed() < Duration::from_secs(10) {
        let name = format!("/com/foo/{number}");
        match front.register(&name, 1, 100 + number).await {
            // While a node is being left and another is chosen.
            Err(Error::Overloaded(_)) => continue,
            other => other.unwrap(),
        }
        assert!(front.locate(&name).await.is_ok() && front.locate("/com/foo/before").await.is_ok());
        number += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let store = front.until(|store| store.endpoint.is_some() && store.endpoint != used).await;
    assert!(number > 10, "{number} registrations while one of three nodes stood still; {store:?}");
    cluster.thaw(hung);
    front.register("/com/foo/after", 1, 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_nodes_away_what_is_known_is_found_and_all_is_as_before_when_they_are_back() {
    let Some(mut cluster) = Cluster::start(3) else { return };
    let front = Front::over(store(&cluster, short()), terms()).await;
    let other = Front::over(store(&cluster, short()), terms()).await;
    for port in 1..=50 {
        front.register(&format!("/com/foo/{port}"), port, u32::from(port)).await.unwrap();
    }
    assert!(other.locate("/com/foo/50").await.is_ok());
    cluster.kill_all();
    front.until(|store| store.stale.is_some()).await;
    let start = Instant::now();
    let away = 2 * short().renews;
    let mut refusal = None;
    while start.elapsed() < away {
        for port in 1..=50 {
            let name = format!("/com/foo/{port}");
            let (address, stale) = front.locate(&name).await.unwrap();
            assert_eq!((address, stale.is_some()), (format!("tcp://127.0.0.1:{port}"), true));
            assert!(other.locate(&name).await.is_ok());
            front.register(&name, port, u32::from(port)).await.unwrap();
        }
        if refusal.is_none() {
            refusal = Some(front.register("/com/foo/new", 99, 99).await.unwrap_err());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let refusal = refusal.unwrap();
    let Error::Overloaded(said) = &refusal else { panic!("{refusal}") };
    assert!(said.retry_after.is_some(), "{refusal}");
    cluster.start_all();
    front.until(|store| store.stale.is_none()).await;
    eventually_async("room for new names", || async { front.register("/com/foo/new", 99, 99).await.ok() }).await;
    other.until(|store| store.stale.is_none()).await;
    for port in 1..=50 {
        let name = format!("/com/foo/{port}");
        assert_eq!(front.locate(&name).await.unwrap(), (format!("tcp://127.0.0.1:{port}"), None));
        assert_eq!(other.locate(&name).await.unwrap(), (format!("tcp://127.0.0.1:{port}"), None));
    }
    assert!(other.locate("/com/foo/new").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etcd_that_comes_back_empty_knows_the_fleet_again_within_one_renewal() {
    let Some(mut cluster) = Cluster::start(3) else { return };
    // Half of it is how long the fleet has for saying so.
    let terms = Terms { renewal: Duration::from_secs(40), ..Terms::default() };
    let front = Arc::new(Front::over(store(&cluster, LeaseTerms::default()), terms).await);
    let fleet = async |front: &Front| {
        for port in 1..=50 {
            // Those of a fleet go on renewing, and try again where they are refused for now.
            let _ = front.register(&format!("/com/foo/{port}"), port, u32::from(port)).await;
        }
    };
    fleet(&front).await;
    let seen = front.watch("com.foo.example", None, 0).await;
    assert_eq!(seen.services.len(), 50);
    // A client that watches all the while, and must never see the fleet gone.
    let end = Arc::new(AtomicBool::new(false));
    let watcher = tokio::spawn({
        let (front, end, mut seen) = (front.clone(), end.clone(), seen);
        async move {
            while !end.load(Ordering::Relaxed) {
                seen = front.watch("com.foo.example", Some(&seen.cursor), 200).await;
                assert_eq!(seen.services.len(), 50);
            }
        }
    });
    cluster.wipe();
    front.until(|store| store.stale.is_some()).await;
    cluster.start_all();
    front.until(|store| store.doubted >= 50).await;
    eventually_async("the fleet in the new etcd", || async {
        fleet(&front).await;
        (front.stat().await.store.unwrap().doubted <= 1).then_some(())
    })
    .await;
    let fresh = Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await;
    assert_eq!(fresh.watch("com.foo.example", None, 0).await.services.len(), 50);
    end.store(true, Ordering::Relaxed);
    watcher.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_dies_leaves_its_clients_to_the_next_and_its_probed_services_alive() {
    let Some(cluster) = Cluster::start(1) else { return };
    let first = Program::Nameserver.serve(&["--store", &cluster.address()]);
    let terms = Terms {
        probe_every: Duration::from_millis(500),
        probe_gap: Duration::from_millis(100),
        silence: Duration::from_secs(6),
        renewal: Duration::from_secs(6),
        ..Terms::default()
    };
    let leases = LeaseTerms { probed: Duration::from_secs(10), front: Duration::from_secs(2), ..LeaseTerms::default() };
    // Two that share the asking from then on, and one program, all over the same etcd.
    let (one, second) = (
        Front::over(store(&cluster, leases.clone()), terms.clone()).await,
        Front::over(store(&cluster, leases), terms).await,
    );
    let both = format!("{},{}", first.address, second.running.address());
    let service = Server::new().offer(Nameserver::new()).service("/com/foo/svc").nameserver(&both);
    let service = service.bind("tcp://127.0.0.1:0").await.unwrap();
    let client = Context::new(&both).unwrap();
    assert!(client.locate_service("org.pycom.nameserver", "/com/foo/svc").await.is_ok());
    second.until(|store| store.fronts == 3).await;
    drop(first);
    let found = client.locate_service("org.pycom.nameserver", "/com/foo/svc").await.unwrap();
    assert_eq!(found.address(), *service.address());
    // While it counts as alive it may be the one that asks, and its term is longer than those services' lease here.
    second.until(|store| store.fronts == 2).await;
    for number in 0..8 {
        let args = json!({
            "service": format!("/com/foo/old/{number}"), "address": service.address(), "interface": "org.pycom.nameserver",
        });
        one.context.nameserver().unwrap().call("register").args(&args).await.unwrap();
    }
    let nameserver = second.context.nameserver().unwrap();
    let listed = || async {
        let listed = nameserver.invoke("list_services", json!({"service": "/com/foo/old"})).await.unwrap();
        listed.as_array().unwrap().len()
    };
    eventually_async("their names at the other front", || async { (listed().await == 8).then_some(()) }).await;
    // One of the two that ask is gone too; and for longer than those services' lease they stay.
    drop(one);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(13) {
        let listed = listed().await;
        assert_eq!(listed, 8, "after {:?}: {:?}", start.elapsed(), second.stat().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    service.stop().await;
    eventually_async("their end", || async { (listed().await == 0).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_asleep_over_a_compaction_wakes_up_to_what_there_is() {
    let Some(mut cluster) = Cluster::start(1) else { return };
    let sleeper = Program::Nameserver.serve(&["--store", &cluster.address()]);
    let awake = Front::over(store(&cluster, LeaseTerms::default()), Terms::default()).await;
    for port in 1..=100 {
        awake.register(&format!("/com/foo/{port}"), port, u32::from(port)).await.unwrap();
    }
    let context = Context::new(&sleeper.address).unwrap();
    let asleep =
        Front { running: Server::new().offer(Nameserver::new()).bind("tcp://127.0.0.1:0").await.unwrap(), context };
    let seen = asleep.watch("com.foo.example", None, 0).await;
    assert_eq!(seen.services.len(), 100);
    sleeper.process.freeze();
    // Its watch ends while it sleeps, so that no buffer keeps for it what happens now.
    cluster.kill(0);
    cluster.start_all();
    eventually_async("the store again", || async { awake.register("/com/foo/new", 1, 1_000).await.ok() }).await;
    for port in 1..=20 {
        let args = json!({"service": format!("/com/foo/{port}"), "address": format!("tcp://127.0.0.1:{port}")});
        awake.context.nameserver().unwrap().invoke("deregister", args).await.unwrap();
    }
    for port in 101..=110 {
        awake.register(&format!("/com/foo/{port}"), port, u32::from(port)).await.unwrap();
    }
    let revision = awake.stat().await.store.unwrap().revision;
    let mut etcd = etcd_client::Client::connect([format!("http://{}", cluster.endpoints()[0])], None).await.unwrap();
    etcd.compact(i64::try_from(revision).unwrap(), None).await.unwrap();
    sleeper.process.thaw();
    let story = |line: &str| line.contains("compacted").then_some(());
    assert!(sleeper.process.stderr().find(0, story).is_some(), "{}", sleeper.process.story());
    eventually_async("what there is", || {
        let (asleep, seen) = (&asleep, &seen);
        async move {
            let next = asleep.watch("com.foo.example", Some(&seen.cursor), 200).await;
            assert!(next.services.len() >= 80, "a flash of emptiness: {}", next.services.len());
            (next.services.len() == 91).then_some(())
        }
    })
    .await;
    assert!(asleep.locate("/com/foo/20").await.is_err());
    assert!(asleep.locate("/com/foo/110").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_starts_without_its_etcd_says_so_and_serves_as_soon_as_it_can() {
    let Some(mut cluster) = Cluster::start(1) else { return };
    cluster.kill(0);
    let front = Program::Nameserver.serve(&["--store", &cluster.address()]);
    let context = Context::new(&front.address).unwrap();
    let nameserver = context.nameserver().unwrap();
    let refused = nameserver.invoke("locate", json!({"interface": "com.foo.example"})).await.unwrap_err();
    assert!(matches!(&refused, Error::Overloaded(said) if said.retry_after.is_some()), "{refused}");
    let stat = nameserver.invoke("stat", ()).await.unwrap();
    assert_eq!(stat["store"]["loaded"], json!(false));
    // A service that starts meanwhile waits for it.
    let service = Server::new().offer(Nameserver::new()).service("/com/foo/svc").nameserver(&front.address);
    let _service = service.bind("tcp://127.0.0.1:0").await.unwrap();
    cluster.start_all();
    eventually_async("the service", || async {
        context.locate_service("org.pycom.nameserver", "/com/foo/svc").await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_originals_talk_to_any_front() {
    let Some(originals) = Originals::find() else { return };
    let Some(cluster) = Cluster::start(1) else { return };
    let fronts = [0, 1].map(|_| Program::Nameserver.serve(&["--store", &cluster.address()]));
    for (version, name) in [(Version::V041, "/com/foo/v041"), (Version::V060, "/com/foo/v060")] {
        let _service = originals.probe(version, &fronts[0].address, name);
        for client_version in [Version::V041, Version::V060] {
            let mut client = originals.client(client_version);
            client.configure(&fronts[1].address);
            client.locate("found", "com.foo.example", Some(name)).unwrap();
            assert_eq!(client.invoke("found", "create", json!(42)), Ok(json!({"field1": 42})));
        }
        let context = Context::new(&fronts[1].address).unwrap();
        let found = context.locate_service("com.foo.example", name).await.unwrap();
        assert_eq!(found.invoke("create", 42).await.unwrap(), json!({"field1": 42}));
    }
}
