//! A service that holds the nameserver inside, and one that has several to ask.

use pycom::{Context, Error, InterfaceBuilder, MethodBuilder, Offer, Request, Result, Running, Server};
use pycom_nameserver::{Nameserver, NameserverClient, SERVICE};

fn echo(interface: &str) -> Offer {
    let echo =
        MethodBuilder::new("echo", |request: Request| async move { Ok::<_, Error>(request.args_json().clone()) });
    InterfaceBuilder::new(interface).method(echo).build().unwrap()
}

async fn nameserver() -> Result<Running> {
    Server::new().offer(Nameserver::new()).service(SERVICE).bind("tcp://127.0.0.1:0").await
}

#[tokio::test]
async fn a_service_may_hold_its_nameserver_inside() -> Result<()> {
    let server = Server::new().offer((echo("com.foo.example"), Nameserver::new())).service("/com/foo/svc");
    let running = server.nameserver("local").bind("tcp://127.0.0.1:0").await?;
    let context = Context::new(running.address().to_string())?;
    let found = context.locate("com.foo.example").await?;
    assert_eq!(found.address(), *running.address());
    assert_eq!(found.invoke("echo", 5).await?, 5);
    // Another service registers with it like with any.
    let other = Server::new().offer(echo("com.foo.other")).nameserver(running.address().to_string());
    let _other = other.bind("tcp://127.0.0.1:0").await?;
    assert!(context.locate("com.foo.other").await.is_ok());
    Ok(())
}

#[tokio::test]
async fn local_without_a_nameserver_inside_is_refused_with_advice() {
    let error = Server::new().offer(echo("com.foo.example")).nameserver("local").bind("tcp://127.0.0.1:0").await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("pycom_nameserver::Nameserver") && error.contains("-n"), "{error}");
}

#[tokio::test]
async fn a_service_is_known_to_all_its_nameservers_and_a_client_asks_the_next_that_answers() -> Result<()> {
    let (first, second) = (nameserver().await?, nameserver().await?);
    let both = format!("{},{}", first.address(), second.address());
    let _service = Server::new().offer(echo("com.foo.example")).nameserver(&both).bind("tcp://127.0.0.1:0").await?;
    let context = Context::new(&both)?;
    assert!(context.locate("com.foo.example").await.is_ok());
    first.stop().await;
    assert_eq!(context.locate("com.foo.example").await?.invoke("echo", 5).await?, 5);
    second.stop().await;
    // What it knows goes on; what it does not know, nobody tells.
    assert_eq!(context.locate("com.foo.example").await?.invoke("echo", 6).await?, 6);
    let error = context.locate("com.foo.other").await.unwrap_err();
    assert!(error.to_string().contains("no nameserver at tcp://"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_name_is_given_back_when_its_service_stops() -> Result<()> {
    let nameserver = nameserver().await?;
    let context = Context::new(nameserver.address().to_string())?;
    let client = context.client::<NameserverClient>().await?;
    let service = Server::new().offer(echo("com.foo.example")).service("/com/foo/svc");
    let service = service.nameserver(nameserver.address().to_string()).bind("tcp://127.0.0.1:0").await?;
    let stat = client.stat(None).await?;
    assert_eq!(stat.services, 2);
    let register = stat.calls.unwrap().method("org.pycom.nameserver", "register").unwrap().clone();
    assert!(register.calls >= 1 && register.latency.is_some() && register.buckets.is_empty(), "{register:?}");
    service.stop().await;
    assert_eq!(client.stat(Some(false)).await?.services, 1);
    assert!(matches!(context.locate("com.foo.example").await, Err(Error::ServiceNotFound(_))));
    Ok(())
}

#[cfg(not(feature = "etcd"))]
#[test]
fn a_build_without_etcd_says_how_to_get_it() {
    let nameserver = |store: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pycom-nameserver"));
        let ended = command.args(["--store", store]).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    let (code, said) = nameserver("etcd://127.0.0.1:2379");
    assert_eq!((code, said.as_str()), (Some(2), "error: this build has no etcd store; build with --features etcd\n"));
    let (code, said) = nameserver("etdc://127.0.0.1");
    assert!(code == Some(2) && said.contains("etcd://host:2379") && said.lines().count() == 1, "{said}");
}

#[tokio::test]
async fn the_registry_has_numbers_for_prometheus() -> Result<()> {
    let nameserver = Nameserver::over(pycom_nameserver::store::Memory::default());
    let server = nameserver.gauges()(Server::new()).offer(nameserver).service("/com/foo/ns");
    let running = server.nameserver("local").bind("tcp://127.0.0.1:0").await?;
    let context = Context::builder().build();
    let stat = context.connect(running.address().to_string(), "org.pycom.stat")?;
    loop {
        let text: String = stat.call("metrics").await?.parse()?;
        assert!(text.contains("\npycom_store_stale_seconds 0\n"), "{text}");
        if text.contains("\npycom_store_loaded 1\n") && text.contains("\npycom_nameserver_services 1\n") {
            return Ok(());
        }
    }
}
