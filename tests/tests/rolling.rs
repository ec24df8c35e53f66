//! A fleet that is restarted, one service after the other, while it is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pycom::Context;
use serde_json::json;
use tests::patience::eventually;
use tests::programs::{Program, Service};

const NAMES: [&str; 3] = ["/com/foo/a", "/com/foo/b", "/com/foo/c"];

/// Tasks that call without a pause.
const CALLERS: u64 = 8;

/// Calls that must have been answered between two restarts.
const BETWEEN: u64 = 500;

/// grpc/grpc-rust#1820: shutdown that drops calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_loses_no_call() {
    let nameserver = Program::Nameserver.serve(&[]);
    let start = |name: &str| Program::Probe.serve(&["-s", name, "-n", &nameserver.address]);
    let mut fleet: Vec<Service> = NAMES.map(start).into();

    let context = Context::new(&nameserver.address).unwrap();
    let example = context.locate("com.foo.example").await.unwrap();
    let answered = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (example, answered, over) = (example.clone(), answered.clone(), over.clone());
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    match example.invoke("create", caller).await {
                        Ok(created) => assert_eq!(created, json!({ "field1": caller })),
                        Err(error) => failed.push(error.to_string()),
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                failed
            })
        })
        .collect();
    let more = || {
        let until = answered.load(Ordering::Relaxed) + BETWEEN;
        eventually("calls that go on", || (answered.load(Ordering::Relaxed) >= until).then_some(()));
    };

    for _ in 0..2 {
        for (name, service) in NAMES.iter().zip(&mut fleet) {
            more();
            service.process.signal(libc::SIGTERM);
            assert_eq!(service.process.wait().code(), Some(0), "{}", service.process.story());
            more();
            *service = start(name);
        }
    }
    more();
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), [""; 0]);
    }
}
