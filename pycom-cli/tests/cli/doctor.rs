use crate::support::{Shell, check};

#[test]
fn a_healthy_network_is_all_ok() {
    let shell = Shell::up();
    check("doctor", &shell.transcript(&["doctor"]));
    let checks = shell.run(&["doctor", "--json"]).json();
    assert!(checks.as_array().unwrap().iter().all(|check| check["state"] != "wrong"), "{checks}");
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let shell = Shell::up();
    let register = "call org.pycom.nameserver register";
    let text = shell.transcript(&[
        &format!("{register} service=/com/foo/dead address=tcp://127.0.0.1:1 'interfaces=[\"com.foo.x\"]'"),
        &format!("{register} service=/com/foo/lost address=tcp://no-such-host.invalid:1 'interfaces=[\"com.foo.x\"]'"),
        "doctor",
        "-n tcp://127.0.0.1:1 doctor",
    ]);
    // Why a name does not resolve is for each system to say in its own words.
    let text: Vec<&str> =
        text.lines().map(|line| line.split_once("does not resolve").map_or(line, |(before, _)| before)).collect();
    check("doctor_wrong", &text.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_a_nameserver_is_looked_at_too() {
    let store = pycom_nameserver::store::Memory::default();
    let server = pycom::Server::new().offer(pycom_nameserver::Nameserver::over(store.clone())).service("/com/foo/ns");
    let running = server.nameserver("local").bind("tcp://127.0.0.1:0").await.unwrap();
    let shell = Shell::at(&running.address().to_string());
    let store_of = |state: &str| {
        tests::patience::eventually(&format!("a store that is {state}"), || {
            let checks = shell.run(&["doctor", "--json"]).json();
            let checks = checks.as_array().unwrap();
            let found = checks.iter().find(|check| check["what"].as_str().unwrap().starts_with("store of ")).cloned();
            found.filter(|found| found["state"] == state)
        })
    };
    let found = store_of("ok");
    assert!(found["found"].as_str().unwrap().contains("memory at -, leader -, revision "), "{found}");
    store.set_away(true);
    let found = store_of("wrong");
    assert!(found["found"].as_str().unwrap().starts_with("away for "), "{found}");
}
