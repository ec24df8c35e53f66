use pycom::{Client, IntoOffers};
use tests::chaos::ledger::Ledger;
use tests::door::Doorman;
use tests::probe;

use crate::support::{Shell, check, serve};
use crate::written;

/// Compares with the file that is compiled above; with `INSTA_UPDATE=always` writes it.
pub fn check_file(name: &str, text: &str) {
    let path = format!("{}/tests/generated/{name}.rs", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}

#[test]
fn contracts_are_the_same_from_run_to_run_and_compile() {
    let shell = Shell::up();
    for (file, interface) in [
        ("example", "com.foo.example"),
        ("counter", "com.foo.counter"),
        ("demo", "org.pycom.demo"),
        ("nameserver", "org.pycom.nameserver"),
        ("stat", "org.pycom.stat@/org/pycom/demo"),
    ] {
        let said = shell.run(&["generate", interface]);
        assert_eq!(said.code, 0, "{said:?}");
        check_file(file, &said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_of_the_services_of_the_tests_compile_too() {
    let shell = Shell::up();
    let ledger = Ledger::open(&shell.home.path().join("ledger")).unwrap();
    let mut offers = probe::all();
    offers.extend((Doorman, ledger).into_offers());
    let _service = serve(offers, "/com/foo/probe", &shell.nameserver).await;
    for (file, interface) in [
        ("blob", "com.foo.blob"),
        ("doorman", "com.foo.doorman"),
        ("ledger", "com.foo.ledger"),
        ("probe", "com.foo.example@/com/foo/probe"),
    ] {
        let said = shell.run(&["generate", interface]);
        assert_eq!(said.code, 0, "{said:?}");
        check_file(file, &said.stdout);
    }
}

#[test]
fn every_form_of_a_schema_becomes_a_type() {
    let shell = Shell::alone();
    let path = format!("{}/tests/generated/schemas.json", env!("CARGO_MANIFEST_DIR"));
    let said = shell.run(&["generate", "--from", &path, "--name", "Forms"]);
    assert_eq!(said.code, 0, "{said:?}");
    check_file("schemas", &said.stdout);
    let output = shell.home.path().join("forms.rs");
    let to_file = shell.run(&["generate", "--from", &path, "--name", "Forms", "-o", output.to_str().unwrap()]);
    assert_eq!((to_file.code, to_file.stdout.as_str()), (0, ""), "{to_file:?}");
    assert_eq!(std::fs::read_to_string(output).unwrap(), said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_client_calls_the_service_it_was_made_from() {
    use crate::written::example::{ExampleClient, Point, Way};
    let shell = Shell::up();
    let context = pycom::Context::new(&shell.nameserver).unwrap();
    let example = context.client::<ExampleClient>().await.unwrap();
    assert_eq!(example.split("hello".into(), Some(2)).await.unwrap(), ("he".into(), "llo".into()));
    let points = vec![Point { x: 0.0, y: 0.0 }, Point { x: 3.0, y: 4.0 }];
    assert_eq!(example.measure(points.clone(), Some(Way::Streets)).await.unwrap(), 7.0);
    assert_eq!(example.measure(points, None).await.unwrap(), 5.0);
    let nameserver = context.client::<written::nameserver::NameserverClient>().await.unwrap();
    let found = nameserver.locate("com.foo.counter".into(), None, Some(true)).await.unwrap();
    assert!(matches!(found, written::nameserver::Found::Array(all) if all.len() == 1));
    let fresh = |client: &written::counter::CounterClient| {
        written::counter::CounterClient::from_component(client.component().fresh_session())
    };
    let counter = context.client::<written::counter::CounterClient>().await.unwrap();
    assert_eq!((counter.next().await.unwrap(), counter.next().await.unwrap()), (1, 2));
    assert_eq!(fresh(&counter).next().await.unwrap(), 1);
}

#[test]
fn types_read_what_their_schemas_describe() {
    use crate::written::schemas::{Node, Shape, Tagged};
    let node: Node = serde_json::from_str(r#"{"value": 1, "next": {"value": 2}}"#).unwrap();
    assert_eq!(node.next.unwrap().value, 2);
    let shapes: Vec<Shape> =
        serde_json::from_str(r#"["point", {"circle": 1.5}, {"box": {"width": 1, "height": 2}}]"#).unwrap();
    assert_eq!(
        serde_json::to_string(&shapes).unwrap(),
        r#"["point",{"circle":1.5},{"box":{"height":2.0,"width":1.0}}]"#
    );
    let tagged: Vec<Tagged> = serde_json::from_str(r#"[{"kind": "a", "n": 1}, {"kind": "b"}]"#).unwrap();
    assert_eq!(serde_json::to_string(&tagged).unwrap(), r#"[{"kind":"a","n":1},{"kind":"b"}]"#);
}

#[test]
fn what_is_no_description_is_refused() {
    let shell = Shell::alone();
    std::fs::write(shell.home.path().join("not.json"), "[]").unwrap();
    check(
        "generate_wrong",
        &shell.transcript(&[
            "generate",
            "generate --from not.json",
            "generate --from missing.json",
            "generate com.foo.example",
        ]),
    );
}
