//! Nameservers over one store: here the one in memory, so that no engine is needed. `etcd.rs` has the same on etcd.

mod conformance;

use std::time::{Duration, Instant};

use pycom::{Context, Error, Running, Server};
use pycom_nameserver::registry::{Limits, Terms};
use pycom_nameserver::store::{LeaseTerms, Memory};
use pycom_nameserver::{Nameserver, NameserverClient, Statistics};
use serde_json::{Value, json};

#[tokio::test]
async fn the_store_in_memory_is_one() {
    conformance::check(&Memory::new(conformance::terms())).await;
}

struct Front {
    running: Running,
    context: Context,
}

impl Front {
    async fn over(store: &Memory, terms: Terms) -> Self {
        let nameserver = Nameserver::over_with(std::sync::Arc::new(store.clone()), Limits::default(), terms);
        let running = Server::new().offer(nameserver).service(pycom::ServiceName::auto().to_string());
        let running = running.nameserver("local").bind("tcp://127.0.0.1:0").await.unwrap();
        let context = Context::new(running.address().to_string()).unwrap();
        Self { running, context }
    }

    async fn register(&self, name: &str, port: u16, instance: u8) -> Result<(), Error> {
        self.register_with(name, port, instance, &["com.foo.example"]).await
    }

    async fn register_with(&self, name: &str, port: u16, instance: u8, interfaces: &[&str]) -> Result<(), Error> {
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

    async fn stat(&self) -> Statistics {
        self.context.client::<NameserverClient>().await.unwrap().stat(Some(false)).await.unwrap()
    }
}

async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_is_registered_at_one_is_found_at_the_other_at_once() {
    let store = Memory::default();
    let (one, other) = (Front::over(&store, Terms::default()).await, Front::over(&store, Terms::default()).await);
    for port in 1..=100 {
        let name = format!("/com/foo/{port}");
        one.register(&name, port, 1).await.unwrap();
        assert_eq!(other.locate(&name).await.unwrap().0, format!("tcp://127.0.0.1:{port}"));
    }
    let missing = other.locate("/com/foo/nobody").await.unwrap_err();
    assert!(matches!(missing, Error::ServiceNotFound(_)), "{missing}");
    let stat = other.stat().await.store.unwrap();
    assert_eq!((stat.kind.as_str(), stat.fronts, stat.loaded, stat.stale), ("memory", 2, true, None));
}

#[tokio::test]
async fn a_name_has_one_holder_wherever_it_is_asked_for() {
    let store = Memory::default();
    let (one, other) = (Front::over(&store, Terms::default()).await, Front::over(&store, Terms::default()).await);
    for round in 0..100 {
        let name = format!("/com/foo/{round}");
        // Addresses where somebody answers: whoever has the name is asked before it is given away.
        let (here, there) = (one.running.address().port().unwrap(), other.running.address().port().unwrap());
        let claims = tokio::join!(
            one.register_with(&name, here, 1, &["org.pycom.nameserver"]),
            other.register_with(&name, there, 2, &["org.pycom.nameserver"])
        );
        match claims {
            (Ok(()), Err(Error::AccessDenied(_))) | (Err(Error::AccessDenied(_)), Ok(())) => {}
            both => panic!("{both:?} in round {round}"),
        }
    }
}

#[tokio::test]
async fn a_service_that_takes_its_leave_at_one_is_gone_at_both_and_a_late_leave_harms_nobody() {
    let store = Memory::default();
    let (one, other) = (Front::over(&store, Terms::default()).await, Front::over(&store, Terms::default()).await);
    one.register("/com/foo/svc", 1, 1).await.unwrap();
    // Restarted in place, at the other.
    other.register("/com/foo/svc", 1, 2).await.unwrap();
    let leave = async |front: &Front, instance: u8| {
        let args = json!({"service": "/com/foo/svc", "address": "tcp://127.0.0.1:1"});
        let call = front.context.nameserver().unwrap();
        let call = call.call("deregister").args(&args).extension("org.pycom.instance", &format!("{instance:032x}"));
        call.await.unwrap().parse::<bool>().unwrap()
    };
    eventually("the change at the other", async || {
        let watched = one.stat().await;
        (watched.services == 3).then_some(())
    })
    .await;
    assert!(!leave(&one, 1).await);
    assert!(leave(&other, 2).await);
    eventually("the end at both", async || one.locate("/com/foo/svc").await.is_err().then_some(())).await;
}

#[tokio::test]
async fn while_the_store_is_away_what_is_known_stays_and_new_names_wait() {
    let store = Memory::new(LeaseTerms { renews: Duration::from_secs(2), ..LeaseTerms::default() });
    let front = Front::over(&store, Terms { renewal: Duration::from_secs(2), ..Terms::default() }).await;
    front.register("/com/foo/known", 1, 1).await.unwrap();
    store.set_away(true);
    eventually("news of it", async || front.stat().await.store.unwrap().stale).await;
    let refused = front.register("/com/foo/new", 2, 2).await.unwrap_err();
    let Error::Overloaded(refusal) = &refused else { panic!("{refused}") };
    assert!(refusal.retry_after.is_some() && refusal.text.contains("new names"), "{refused}");
    // Longer than its term: nobody drops it, nobody could say that it is still there.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        let (address, stale) = front.locate("/com/foo/known").await.unwrap();
        assert_eq!((address.as_str(), stale.is_some()), ("tcp://127.0.0.1:1", true));
        front.register("/com/foo/known", 1, 1).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    store.set_away(false);
    eventually("the end of it", async || front.stat().await.store.unwrap().stale.is_none().then_some(())).await;
    front.register("/com/foo/new", 2, 2).await.unwrap();
    assert_eq!(front.locate("/com/foo/known").await.unwrap(), ("tcp://127.0.0.1:1".into(), None));
    assert!(front.stat().await.store.unwrap().stale_answers > 0);
}

#[tokio::test]
async fn a_store_that_has_lost_everything_is_told_again_and_nobody_sees_it_empty() {
    let store = Memory::default();
    // Half of this is how long the lost are believed.
    let front = Front::over(&store, Terms { renewal: Duration::from_secs(6), ..Terms::default() }).await;
    for port in 1..=20 {
        front.register(&format!("/com/foo/{port}"), port, port as u8).await.unwrap();
    }
    store.empty();
    eventually("the loss", async || (front.stat().await.store.unwrap().doubted >= 20).then_some(())).await;
    for port in 1..=10 {
        assert!(front.locate(&format!("/com/foo/{port}")).await.is_ok());
        front.register(&format!("/com/foo/{port}"), port, port as u8).await.unwrap();
    }
    eventually("the end of the silent ones", async || front.locate("/com/foo/20").await.is_err().then_some(())).await;
    for port in 1..=10 {
        assert!(front.locate(&format!("/com/foo/{port}")).await.is_ok());
    }
    let fresh = Front::over(&store, Terms::default()).await;
    assert!(fresh.locate("/com/foo/10").await.is_ok() && fresh.locate("/com/foo/11").await.is_err());
}

/// A service that registers once and never again, in the form of 0.4.1.
async fn register_once(front: &Front, name: &str, address: &str) {
    let args = json!({"service": name, "address": address, "interface": "org.pycom.nameserver"});
    front.context.nameserver().unwrap().call("register").args(&args).await.unwrap();
}

#[tokio::test]
async fn what_never_renews_is_asked_after_by_the_fronts_that_live() {
    let leases = LeaseTerms { probed: Duration::from_secs(6), front: Duration::from_secs(2), ..LeaseTerms::default() };
    let store = Memory::new(leases);
    let terms = Terms {
        probe_every: Duration::from_millis(500),
        probe_gap: Duration::from_millis(100),
        silence: Duration::from_secs(2),
        renewal: Duration::from_secs(6),
        ..Terms::default()
    };
    let (one, other) = (Front::over(&store, terms.clone()).await, Front::over(&store, terms.clone()).await);
    let alive = Server::new().offer(Nameserver::new()).bind("tcp://127.0.0.1:0").await.unwrap();
    let address = alive.address().to_string();
    for number in 0..8 {
        register_once(&one, &format!("/com/foo/old/{number}"), &address).await;
    }
    let all = async |front: &Front| {
        let nameserver = front.context.nameserver().unwrap();
        let listed = nameserver.invoke("list_services", json!({"service": "/com/foo/old"}));
        listed.await.unwrap().as_array().unwrap().len()
    };
    // One front dies without a word. Its share of the asking goes to the other, before any lease ends.
    drop(one);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(9) {
        assert_eq!(all(&other).await, 8);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(alive);
    eventually("their end", async || (all(&other).await == 0).then_some(())).await;
}

#[tokio::test]
async fn watchers_at_both_fronts_are_told() {
    let store = Memory::default();
    let (one, other) = (Front::over(&store, Terms::default()).await, Front::over(&store, Terms::default()).await);
    let watch = async |front: &Front, cursor: Option<String>| {
        let args = json!({"interface": "com.foo.example", "cursor": cursor, "wait": 20_000});
        let nameserver = front.context.nameserver().unwrap();
        let call = nameserver.call("watch").args(&args).timeout(Duration::from_secs(30));
        call.await.unwrap().parse::<pycom_nameserver::Watched>().unwrap()
    };
    let (here, there) = (watch(&one, None).await, watch(&other, None).await);
    let (first, second, registered) =
        tokio::join!(watch(&one, Some(here.cursor)), watch(&other, Some(there.cursor)), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            one.register("/com/foo/svc", 1, 1).await
        });
    registered.unwrap();
    assert_eq!((first.services.len(), second.services.len()), (1, 1));
}
