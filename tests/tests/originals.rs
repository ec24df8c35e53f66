//! Live, with the Python originals: every way in which one of their programs may meet one of ours, for both versions.
//!
//! If something fails here, run `python3 tests/originals/check.py` first: it tries the originals among themselves.

use std::time::Duration;

use pycom::{
    Attachment, Backend, Balance, Change, Client, Context, Description, Error, Event, Outcome, Running, Server,
};
use pycom_nameserver::Nameserver;
use pycom_nameserver::registry::{Limits, Terms};
use serde_json::{Value, json};
use tests::dialect;
use tests::originals::{Originals, Version};
use tests::patience::{PATIENCE, eventually_async};
use tests::probe::{BlobClient, CounterClient, QueryClient};
use tests::programs::{Network, Program};
use tests::python_client::{PythonClient, Raised};

use Version::{V041, V060};

/// Makes a test of each claim for each version.
macro_rules! with_both_versions {
    ($($claim:ident),* $(,)?) => {
        mod with_0_4_1 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $claim() {
                let Some(originals) = super::Originals::find() else { return };
                super::$claim(originals, super::V041).await;
            })*
        }

        mod with_0_6_0 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $claim() {
                let Some(originals) = super::Originals::find() else { return };
                super::$claim(originals, super::V060).await;
            })*
        }
    };
}

with_both_versions!(
    a_python_client_calls_a_rust_service_through_a_rust_nameserver,
    a_rust_client_calls_a_python_service_through_a_python_nameserver,
    a_rust_service_registered_with_a_python_nameserver_is_found_by_both_clients,
    a_python_service_registered_with_a_rust_nameserver_is_found_by_both_clients,
    a_session_is_kept_between_a_python_client_and_a_rust_service,
    a_session_is_kept_between_a_rust_client_and_a_python_service,
    a_hundred_calls_in_flight_to_a_python_service_get_each_their_own_answer,
    a_rust_client_reads_what_a_python_service_says_of_itself,
    a_python_client_reads_what_a_rust_service_says_of_itself,
    a_rust_client_has_time_for_a_python_service_that_is_slow,
    without_libzmq_on_our_side_all_is_the_same,
    a_rust_client_spreads_its_calls_and_watches_with_a_python_nameserver,
);

/// What the probe's interface `com.foo.example` does for a Python client, whoever provides it.
fn check_example(client: &mut PythonClient, name: &str) {
    assert_eq!(client.invoke(name, "create", json!(42)), Ok(json!({"field1": 42})));
    assert_eq!(client.invoke(name, "create", json!({"ж": [null, 1.5]})), Ok(json!({"field1": {"ж": [null, 1.5]}})));
    let named = client.invoke(name, "named", json!({"arg1": 1, "arg2": "two"}));
    assert_eq!(named, Ok(json!({"res1": "two", "res2": [1, null]})));
    assert_eq!(client.invoke(name, "single", json!({})), Ok(json!({"only": 7})));
    assert_eq!(client.invoke(name, "nothing", Value::Null), Ok(Value::Null));
    assert_eq!(client.invoke(name, "via_response", json!(1)), Ok(json!({"via": 1})));

    let text = "Method 'zzz' not found in interface com.foo.example";
    assert_eq!(client.invoke(name, "zzz", Value::Null), Err(Raised::new("MethodNotFound", 2, text)));
    let custom = Raised::new("RemoteError", 77, "custom failure");
    assert_eq!(client.invoke(name, "fail_code", json!(77)), Err(custom));
    let unknown = Raised::new("RemoteError", 1, "Unknown error during request");
    assert_eq!(client.invoke(name, "fail_bug", Value::Null), Err(unknown));
    let missing = client.invoke(name, "named", json!({"arg1": 1})).expect_err("an argument is missing");
    assert_eq!(missing.code, Some(4));
    assert!(missing.text.starts_with("Argument 'arg2' is required"), "{}", missing.text);
}

/// The same for a Rust client: by name and by the typed stub that our own probe's source generates.
async fn check_example_from_rust(context: &Context, service: &str) {
    let untyped = context.locate_service("com.foo.example", service).await.unwrap();
    assert_eq!(untyped.invoke("create", 42).await.unwrap(), json!({"field1": 42}));
    let named = untyped.invoke("named", json!({"arg1": 1, "arg2": "two", "arg3": 3})).await.unwrap();
    assert_eq!(named, json!({"res1": "two", "res2": [1, 3]}));
    let long = pycom::Json::from_text("[123456789012345678901234567890, NaN]").unwrap();
    let answer = untyped.call("create").args(&long).await.unwrap();
    let expected = dialect::Value::read(r#"{"field1": [123456789012345678901234567890, NaN]}"#);
    assert_eq!(dialect::Value::read(answer.json().as_str()), expected);

    assert_eq!(untyped.invoke("single", json!({})).await.unwrap(), json!({"only": 7}));

    let typed = QueryClient::from_component(untyped.clone());
    assert_eq!(typed.named(json!(1), json!("two"), None).await.unwrap(), (json!("two"), [json!(1), Value::Null]));
    assert_eq!(typed.single(json!([1])).await.unwrap(), json!([1]));
    typed.nothing().await.unwrap();

    let error = untyped.invoke("zzz", ()).await.unwrap_err();
    assert!(matches!(&error, Error::MethodNotFound(refusal) if refusal.text.contains("'zzz'")), "{error}");
    let error = untyped.invoke("fail_code", 77).await.unwrap_err();
    assert!(matches!(error, Error::Application { code: 77, .. }), "{error}");
    assert_eq!(error.text(), Some("custom failure"));
    assert!(matches!(untyped.invoke("fail_bug", ()).await.unwrap_err(), Error::Unknown(_)));
    assert!(matches!(untyped.invoke("fail_denied", ()).await.unwrap_err(), Error::BadRequest(_)));
    assert!(matches!(untyped.invoke("named", json!({"arg1": 1})).await.unwrap_err(), Error::BadRequest(_)));
}

async fn a_python_client_calls_a_rust_service_through_a_rust_nameserver(originals: Originals, version: Version) {
    let network = Network::start();
    let mut client = originals.client(version);
    client.configure(&network.nameserver.address);
    client.locate("example", "com.foo.example", None).unwrap();
    check_example(&mut client, "example");
    client.locate("by name", "com.foo.example", Some("/com/foo/probe")).unwrap();
    check_example(&mut client, "by name");
    client.connect("by address", "com.foo.example", &network.probe.address).unwrap();
    check_example(&mut client, "by address");

    let _demo = Program::Demo.serve(&["-n", &network.nameserver.address]);
    client.locate("demo", "org.pycom.demo", Some("/org/pycom/demo")).unwrap();
    assert_eq!(client.invoke("demo", "echo", json!({"a": 1})), Ok(json!({"a": 1})));
    let thrown = Raised::new("RemoteError", 1, "{'a': [1.5, None, \"it's\"]}");
    assert_eq!(client.invoke("demo", "throw", json!({"a": [1.5, null, "it's"]})), Err(thrown));

    let nobody = Raised::new("ServiceNotFound", 3, "Service with interface 'com.foo.nobody' not found");
    assert_eq!(client.locate("nobody", "com.foo.nobody", None), Err(nobody));
    let listed = client.list(json!({})).unwrap();
    let services: Vec<_> = listed.as_array().unwrap().iter().map(|entry| entry["service"].clone()).collect();
    assert!(services.contains(&json!("/com/foo/probe")) && services.contains(&json!("/org/pycom/nameserver")));
}

async fn a_rust_client_calls_a_python_service_through_a_python_nameserver(originals: Originals, version: Version) {
    let nameserver = originals.nameserver(version);
    let probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    check_example_from_rust(&context, "/com/foo/probe").await;
    let found = context.locate("com.foo.example").await.unwrap();
    assert_eq!(found.address().to_string(), probe.address);
    assert_eq!(found.service().unwrap().as_str(), "/com/foo/probe");

    let error = context.locate("com.foo.nobody").await.unwrap_err();
    assert!(matches!(error, Error::ServiceNotFound(_)), "{error}");
    let error = context.locate_service("com.foo.example", "/com/foo/other").await.unwrap_err();
    match version {
        // It asserts that there is one.
        V041 => assert!(matches!(error, Error::Unknown(_)), "{error}"),
        V060 => assert!(matches!(error, Error::ServiceNotFound(_)), "{error}"),
    }
    let listed: Value = context.nameserver().unwrap().invoke("list_services", json!({})).await.unwrap();
    assert!(listed.as_array().unwrap().iter().any(|entry| entry["service"] == "/com/foo/probe"), "{listed}");
}

async fn without_libzmq_on_our_side_all_is_the_same(originals: Originals, version: Version) {
    let nameserver = Program::Nameserver.serve(&["--backend", "zmtp"]);
    let _probe = Program::Probe.serve(&["--backend", "zmtp", "-s", "/com/foo/probe", "-n", &nameserver.address]);
    let mut client = originals.client(version);
    client.configure(&nameserver.address);
    client.locate("example", "com.foo.example", None).unwrap();
    check_example(&mut client, "example");

    let nameserver = originals.nameserver(version);
    let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::builder().nameserver(&nameserver.address).unwrap().backend(Backend::Zmtp).build();
    check_example_from_rust(&context, "/com/foo/probe").await;
}

async fn a_rust_client_spreads_its_calls_and_watches_with_a_python_nameserver(originals: Originals, version: Version) {
    let nameserver = originals.nameserver(version);
    let first = originals.probe(version, &nameserver.address, "/com/foo/a");
    let context = Context::builder().nameserver(&nameserver.address).unwrap().balance(Balance::RoundRobin).build();
    let (mut changes, mut events) = (context.watch("com.foo.example").unwrap(), context.events());
    let mut added = async || match tokio::time::timeout(PATIENCE, changes.next()).await {
        Ok(Change::Added { address, .. }) => address.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(added().await, first.address);
    let second = originals.probe(version, &nameserver.address, "/com/foo/b");
    // It cannot tell by itself, and is asked now and then.
    assert_eq!(added().await, second.address);

    // 0.6.0 gives one at a time: all are found nevertheless.
    let query = context.locate("com.foo.example").await.unwrap();
    for n in 0..4 {
        // Every interface of 0.4.1 keeps a session, which would stay where it began.
        assert_eq!(query.fresh_session().invoke("create", n).await.unwrap(), json!({"field1": n}));
    }
    let mut missing = vec![first.address, second.address];
    while !missing.is_empty() {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("both were called");
        if let Event::Connected { address } = event {
            missing.retain(|wanted| *wanted != address.to_string());
        }
    }
}

async fn a_rust_service_registered_with_a_python_nameserver_is_found_by_both_clients(
    originals: Originals,
    version: Version,
) {
    let nameserver = originals.nameserver(version);
    let probe = Program::Probe.serve(&["-s", "/com/foo/probe", "-n", &nameserver.address]);
    let mut client = originals.client(version);
    client.configure(&nameserver.address);
    let context = Context::new(&nameserver.address).unwrap();
    // Every one of its interfaces, though 0.4.1 takes one in a message only.
    for interface in ["com.foo.example", "com.foo.counter", "com.foo.blob", "org.pycom.demo"] {
        client.locate(interface, interface, None).unwrap();
        assert_eq!(context.locate(interface).await.unwrap().address().to_string(), probe.address);
    }
    check_example(&mut client, "com.foo.example");
    check_example_from_rust(&context, "/com/foo/probe").await;
}

async fn a_python_service_registered_with_a_rust_nameserver_is_found_by_both_clients(
    originals: Originals,
    version: Version,
) {
    let nameserver = Program::Nameserver.serve(&[]);
    let probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    let mut client = originals.client(version);
    client.configure(&nameserver.address);
    for interface in ["com.foo.example", "com.foo.counter", "org.pycom.demo"] {
        assert_eq!(context.locate(interface).await.unwrap().address().to_string(), probe.address);
        client.locate(interface, interface, None).unwrap();
    }
    check_example_from_rust(&context, "/com/foo/probe").await;
    check_example(&mut client, "com.foo.example");
}

async fn a_session_is_kept_between_a_python_client_and_a_rust_service(originals: Originals, version: Version) {
    let network = Network::start();
    let mut client = originals.client(version);
    client.configure(&network.nameserver.address);
    for name in ["one", "other"] {
        client.locate(name, "com.foo.counter", None).unwrap();
    }
    let counted: Vec<_> = ["one", "one", "other", "one", "other"]
        .map(|name| client.invoke(name, "next", Value::Null).unwrap())
        .into_iter()
        .collect();
    assert_eq!(counted, [1, 2, 1, 3, 2]);
}

async fn a_session_is_kept_between_a_rust_client_and_a_python_service(originals: Originals, version: Version) {
    let nameserver = originals.nameserver(version);
    let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    let one = CounterClient::locate(&context).await.unwrap();
    let other = CounterClient::locate(&context).await.unwrap();
    let mut counted = Vec::new();
    for counter in [&one, &one, &other, &one, &other] {
        counted.push(counter.next().await.unwrap());
    }
    assert_eq!(counted, [1, 2, 1, 3, 2]);
    let clone = one.component().clone();
    assert_eq!(clone.invoke("next", ()).await.unwrap(), 4, "a clone shares the session");
    assert_eq!(clone.fresh_session().invoke("next", ()).await.unwrap(), 1);
}

async fn a_hundred_calls_in_flight_to_a_python_service_get_each_their_own_answer(
    originals: Originals,
    version: Version,
) {
    let nameserver = originals.nameserver(version);
    let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    let query = context.locate("com.foo.example").await.unwrap().with_timeout(PATIENCE);
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let query = query.clone();
            tokio::spawn(async move { query.invoke("create", number).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), json!({"field1": number}));
    }
}

async fn a_rust_client_reads_what_a_python_service_says_of_itself(originals: Originals, version: Version) {
    let nameserver = originals.nameserver(version);
    let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    let described = context.locate("com.foo.example").await.unwrap().introspect().await.unwrap();
    check_description(&described);
    assert_eq!(described.is_stateful(), version == V041, "0.4.1 has sessions everywhere");
    let of_nameserver = context.nameserver().unwrap().introspect().await.unwrap();
    assert!(of_nameserver.methods["locate"].required_arguments.contains(&"interface".into()));
    if version == V060 {
        let blob = context.locate("com.foo.blob").await.unwrap().introspect().await.unwrap();
        assert_eq!(blob.methods["length"].attachments.incoming.as_deref(), Some("blob"));
        assert_eq!(blob.methods["encode"].attachments.outgoing.as_deref(), Some("blob"));
    }

    // The same of ours.
    let network = Network::start();
    let ours = Context::new(&network.nameserver.address).unwrap();
    let ours = ours.locate("com.foo.example").await.unwrap().introspect().await.unwrap();
    check_description(&ours);
    for (name, method) in described.methods.iter().filter(|(name, _)| !name.contains("introspect")) {
        let (ours, theirs) = (&ours.methods[name], method);
        assert_eq!((&ours.required_arguments, &ours.results), (&theirs.required_arguments, &theirs.results), "{name}");
        assert_eq!((&ours.optional_arguments, &ours.docstring), (&theirs.optional_arguments, &theirs.docstring));
    }
}

fn check_description(described: &Description) {
    assert_eq!(described.name, "com.foo.example");
    assert_eq!(described.docstring.as_deref(), Some("Query service."));
    let named = &described.methods["named"];
    assert_eq!(
        (&named.required_arguments[..], &named.optional_arguments[..]),
        (&["arg1", "arg2"].map(String::from)[..], &["arg3".to_owned()][..])
    );
    assert_eq!(named.results, ["res1", "res2"]);
    assert_eq!(described.methods["create"].docstring.as_deref(), Some("Creates a thing."));
}

async fn a_python_client_reads_what_a_rust_service_says_of_itself(originals: Originals, version: Version) {
    let network = Network::start();
    let mut client = originals.client(version);
    client.configure(&network.nameserver.address);
    client.locate("example", "com.foo.example", None).unwrap();
    let described = client.introspect("example").unwrap();
    assert_eq!((&described["name"], &described["docstring"]), (&json!("com.foo.example"), &json!("Query service.")));
    let named = &described["methods"]["named"];
    assert_eq!(named["required_arguments"], json!(["arg1", "arg2"]));
    assert_eq!((&named["optional_arguments"], &named["results"]), (&json!(["arg3"]), &json!(["res1", "res2"])));
    client.locate("nameserver", "org.pycom.nameserver", None).unwrap();
    assert_eq!(client.introspect("nameserver").unwrap()["name"], "org.pycom.nameserver");
}

/// A hundred calls of which each takes a moment are answered one after the other; the last of them still in time.
async fn a_rust_client_has_time_for_a_python_service_that_is_slow(originals: Originals, version: Version) {
    let nameserver = originals.nameserver(version);
    let probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let query = Context::builder().build().connect(&probe.address, "com.foo.example").unwrap();
    assert_eq!(query.invoke("create", 1).await.unwrap(), json!({"field1": 1}));
    probe.process.freeze();
    let error = query.call("create").args(&2).timeout(Duration::from_millis(100)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::MayHaveRun);
    let patient = query.with_timeout(PATIENCE);
    let waiting = tokio::spawn(async move { patient.invoke("create", 3).await });
    probe.process.thaw();
    assert_eq!(waiting.await.unwrap().unwrap(), json!({"field1": 3}), "not the answer to the call given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_go_from_and_to_a_python_service_of_0_6_0() {
    let Some(originals) = Originals::find() else { return };
    let nameserver = originals.nameserver(V060);
    let _probe = originals.probe(V060, &nameserver.address, "/com/foo/probe");
    let context = Context::new(&nameserver.address).unwrap();
    let blob = BlobClient::locate(&context).await.unwrap();
    let data: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(blob.length(data.clone().into()).await.unwrap(), data.len());
    let (text, attachment) = blob.encode("Ж".into()).await.unwrap();
    assert_eq!((text.as_str(), &attachment.as_bytes().unwrap()[..]), ("Ж", "Ж".as_bytes()));
    let untyped = blob.component();
    for data in [data, Vec::new()] {
        let answer = untyped.call("mirror").args(&[1]).attachment(data.clone()).await.unwrap();
        assert_eq!((answer.json().as_str(), &answer.attachment().unwrap().as_bytes().unwrap()[..]), ("[1]", &data[..]));
    }
    // It knows no chunks: what is large goes in one frame all the same, and several do not go at all.
    let large: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let answer = untyped.call("mirror").args(&[1]).attachment(large.clone()).await.unwrap();
    assert!(answer.attachment().unwrap().as_bytes().unwrap()[..] == large[..]);
    let stream = Attachment::from_reader(std::io::Cursor::new(large.clone()), None);
    let answer = untyped.call("mirror").args(&[1]).attachment(stream).await.unwrap();
    assert!(answer.attachment().unwrap().as_bytes().unwrap()[..] == large[..]);
    let error = untyped.call("mirror").attachment(vec![0; 17 << 20]).await.unwrap_err();
    assert!(error.to_string().contains("over the limit of 16777216 bytes for one frame"), "{error}");
    let error = untyped.call("mirror").named_attachment("a", vec![1]).named_attachment("b", vec![2]).await.unwrap_err();
    assert!(error.to_string().contains("takes one attachment"), "{error}");
    assert!(untyped.call("mirror").args(&[1]).await.unwrap().attachment().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_go_from_and_to_a_python_client_of_0_6_0() {
    let Some(originals) = Originals::find() else { return };
    let network = Network::start();
    let mut client = originals.client(V060);
    client.configure(&network.nameserver.address);
    client.locate("blob", "com.foo.blob", None).unwrap();
    let data: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(client.attach("blob", "length", json!({}), Some(&data)), Ok((json!(data.len()), None)));
    let encoded = client.attach("blob", "encode", json!({"string": "Ж"}), None);
    assert_eq!(encoded, Ok((json!({"orig": "Ж"}), Some("Ж".as_bytes().to_vec()))));
    for data in [data, Vec::new()] {
        let mirrored = client.attach("blob", "mirror", json!([1]), Some(&data));
        assert_eq!(mirrored, Ok((json!([1]), Some(data))));
    }
    assert_eq!(client.attach("blob", "mirror", json!([1]), None), Ok((json!([1]), None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_for_0_4_1_is_refused_by_it_and_the_next_call_is_answered() {
    let Some(originals) = Originals::find() else { return };
    let nameserver = originals.nameserver(V041);
    let _probe = originals.probe(V041, &nameserver.address, "/com/foo/probe");
    let query = Context::new(&nameserver.address).unwrap().locate("com.foo.example").await.unwrap();
    let error = query.call("create").args(&1).attachment(vec![0, 255]).await.unwrap_err();
    assert!(matches!(error, Error::BadRequest(_)), "{error}");
    assert_eq!(query.invoke("create", 2).await.unwrap(), json!({"field1": 2}));
}

/// A nameserver of ours that asks after the services of 0.4.1, which never renew, without much patience.
async fn impatient_nameserver() -> Running {
    let terms = Terms {
        renewal: Duration::from_millis(300),
        probe_every: Duration::from_millis(100),
        probe_gap: Duration::from_millis(10),
        silence: Duration::from_secs(1),
        ..Terms::default()
    };
    let nameserver = Nameserver::with(Limits::default(), terms);
    let server = Server::new().offer(nameserver).service(pycom_nameserver::SERVICE).renewal(Duration::from_millis(100));
    server.bind("tcp://127.0.0.1:0").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_0_4_1_which_never_renews_is_known_while_it_lives_and_no_longer() {
    let Some(originals) = Originals::find() else { return };
    let nameserver = impatient_nameserver().await;
    let address = nameserver.address().to_string();
    let mut probe = originals.probe(V041, &address, "/com/foo/probe");
    let context = Context::new(&address).unwrap();
    let probes = || async {
        let stat = context.nameserver().unwrap().invoke("stat", ()).await.unwrap();
        stat["probes"].as_u64().filter(|probes| *probes >= 10)
    };
    eventually_async("ten probes, three lives of a name that is not renewed", probes).await;
    assert_eq!(context.locate("com.foo.example").await.unwrap().address().to_string(), probe.address);

    probe.process.kill();
    let error = eventually_async("its end to be noticed", || async { context.locate("com.foo.example").await.err() });
    assert!(matches!(error.await, Error::ServiceNotFound(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_0_6_0_is_known_to_a_nameserver_started_empty_within_one_renewal() {
    let Some(originals) = Originals::find() else { return };
    let mut nameserver = Program::Nameserver.serve_at_fixed_port(&[]);
    let probe = originals.probe(V060, &nameserver.address, "/com/foo/probe");
    nameserver.process.kill();
    let nameserver = Program::Nameserver.try_serve(&nameserver.address, &[]).expect("a port of its own");
    let context = Context::new(&nameserver.address).unwrap();
    let found = eventually_async("the service", || async { context.locate("com.foo.example").await.ok() }).await;
    assert_eq!(found.address().to_string(), probe.address);
}
