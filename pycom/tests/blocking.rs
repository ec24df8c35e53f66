//! Methods that block their thread delay nobody else, whatever they have been like before.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use pycom::{Component, Error, InterfaceBuilder, MethodBuilder, Request, Result, Server};
use serde_json::json;

type Door = Arc<Mutex<Receiver<()>>>;

/// A service with a method that blocks its thread until the test lets it go, where it is asked to.
async fn service(door: Door) -> (pycom::Running, Component) {
    let hold = MethodBuilder::new("hold", move |request: Request| {
        let door = door.clone();
        async move {
            if request.args::<bool>()? {
                // What no async method should do: the very thread waits.
                let _ = door.lock().unwrap().recv();
            }
            Ok::<_, Error>("done")
        }
    });
    let echo =
        MethodBuilder::new("echo", |request: Request| async move { Ok::<_, Error>(request.args_json().clone()) });
    let offer = InterfaceBuilder::new("com.foo.example").method(hold).method(echo).build().unwrap();
    let running = Server::new().offer(offer).bind("tcp://127.0.0.1:0").await.unwrap();
    let context = pycom::Context::builder().timeout(std::time::Duration::from_secs(60)).build();
    let component = context.connect(running.address().to_string(), "com.foo.example").unwrap();
    (running, component)
}

async fn blocked_calls_delay_nobody(quick_calls_before: usize) -> Result<()> {
    const BLOCKED: usize = 6;
    let (open, door) = sync_channel(0);
    let (running, component) = service(Arc::new(Mutex::new(door))).await;
    for _ in 0..quick_calls_before {
        component.invoke("hold", false).await?;
        component.invoke("echo", 1).await?;
    }
    let held: Vec<_> = (0..BLOCKED)
        .map(|_| {
            let component = component.clone();
            tokio::spawn(async move { component.invoke("hold", true).await })
        })
        .collect();
    for n in 0..200 {
        assert_eq!(component.invoke("echo", json!([n])).await?, json!([n]));
    }
    assert!(held.iter().all(|call| !call.is_finished()));
    tokio::task::spawn_blocking(move || (0..BLOCKED).for_each(|_| open.send(()).unwrap())).await.unwrap();
    for call in held {
        assert_eq!(call.await.unwrap()?, "done");
    }
    assert_eq!(running.stop().await.calls(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_blocks_from_the_first_call_on_delays_nobody() -> Result<()> {
    blocked_calls_delay_nobody(0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_was_quick_before_it_blocks_delays_nobody() -> Result<()> {
    blocked_calls_delay_nobody(50).await
}

#[tokio::test]
async fn on_a_runtime_of_one_thread_a_method_that_is_not_known_yet_delays_nobody() -> Result<()> {
    blocked_calls_delay_nobody(0).await
}
