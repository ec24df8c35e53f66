//! `top` and `monitor`.

use pycom::stat::Monitor;
use pycom::{Context, Running, Server};
use serde_json::{Value, json};
use tests::patience::eventually_async;
use tests::probe;
use tests::process::Process;

use crate::support::{Shell, check};

async fn serve(shell: &Shell, monitor: Monitor) -> Running {
    let server = Server::new().offer(probe::all()).service("/com/foo/probe").nameserver(&shell.nameserver);
    server.monitor(monitor).bind("tcp://127.0.0.1:0").await.unwrap()
}

async fn call(service: &Running, count: u32) {
    let context = Context::builder().build();
    let query = context.connect(service.address().to_string(), "com.foo.example").unwrap();
    for n in 0..count {
        query.invoke("create", n).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn top_tells_what_each_service_does() {
    let shell = Shell::up();
    let service = serve(&shell, Monitor::Off).await;
    call(&service, 25).await;
    let rows = shell.run(&["top", "--once", "--json", "--every", "10ms", "com.foo.example.create"]).json();
    let [row] = &rows.as_array().unwrap()[..] else { panic!("{rows}") };
    assert_eq!((&row["service"], &row["method"]), (&json!("/com/foo/probe"), &json!("create")));
    assert_eq!((&row["calls"], &row["in_flight"]), (&json!(25), &json!(0)));

    let table = shell.run(&["top", "--once", "--every", "10ms", "--sort", "name"]);
    assert_eq!(table.code, 0, "{table:?}");
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].starts_with("SERVICE") && lines[0].contains("P99"), "{table:?}");
    assert!(table.stdout.contains("com.foo.example.create"), "{table:?}");
    assert!(table.stdout.contains("/org/pycom/demo") && table.stdout.contains("(no calls yet)"), "{table:?}");
    assert!(!table.stdout.contains("org.pycom.stat"), "{table:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn top_goes_on_where_a_service_tells_nothing_or_does_not_answer() {
    let shell = Shell::up();
    let silent = Server::new().offer(probe::all()).statistics(false).service("/com/foo/silent");
    let _silent = silent.nameserver(&shell.nameserver).bind("tcp://127.0.0.1:0").await.unwrap();
    let nameserver = Context::new(&shell.nameserver).unwrap().nameserver().unwrap();
    let gone = json!({"service": "/com/foo/gone", "address": "tcp://127.0.0.1:1", "interfaces": ["com.foo.example"]});
    nameserver.invoke("register", gone).await.unwrap();
    let rows = shell.run(&["top", "--once", "--json", "--every", "10ms", "-t", "2s", "/com/foo"]).json();
    let notes: Vec<(&str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["service"].as_str().unwrap(), row["note"].as_str().unwrap()))
        .collect();
    assert_eq!(notes, [("/com/foo/gone", "nobody answers"), ("/com/foo/silent", "tells no statistics")]);
}

#[test]
fn top_without_a_terminal_says_what_to_give() {
    let shell = Shell::up();
    check("top_wrong", &shell.transcript(&["top", "top --sort nothing --once", "top --every 0s", "monitor nowhere"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_shows_calls_as_they_pass() {
    let shell = Shell::up();
    let service = serve(&shell, Monitor::Payloads).await;
    let mut command = shell.command();
    command.args(["monitor", "com.foo.example", "--payloads", "--json", "--count", "2"]);
    let mut monitor = Process::start(command);
    let looking = monitor.stderr().find(0, |line| line.contains("looking at /com/foo/probe").then_some(()));
    assert!(looking.is_some(), "{}", monitor.story());
    call(&service, 2).await;
    assert_eq!(monitor.wait().code(), Some(0), "{}", monitor.story());
    let records: Vec<Value> =
        monitor.stdout().whole().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 2);
    for (n, record) in records.iter().enumerate() {
        assert_eq!((&record["service"], &record["method"]), (&json!("/com/foo/probe"), &json!("create")));
        assert_eq!((&record["code"], &record["args"]), (&json!(0), &json!(n.to_string())));
        assert!(record["answer"].as_str().unwrap().contains("field1"), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_of_one_service_goes_on_until_that_ends() {
    let shell = Shell::up();
    let service = serve(&shell, Monitor::Calls).await;
    let mut command = shell.command();
    command.args(["monitor", "/com/foo/probe"]);
    let mut monitor = Process::start(command);
    let looking = monitor.stderr().find(0, |line| line.contains("looking at").then_some(()));
    assert!(looking.is_some(), "{}", monitor.story());
    let shown = || async {
        call(&service, 1).await;
        monitor.stdout().text().contains("/com/foo/probe com.foo.example.create ok").then_some(())
    };
    eventually_async("a call that is shown", shown).await;
    service.stop().await;
    assert_eq!(monitor.wait().code(), Some(7), "{}", monitor.story());
    assert!(monitor.stderr().whole().contains("no service is left"), "{}", monitor.story());
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_says_which_services_do_not_allow_it() {
    let shell = Shell::up();
    let _service = serve(&shell, Monitor::Off).await;
    let said = shell.run(&["monitor", "/com/foo/probe"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.stderr.contains("/com/foo/probe: The service does not show its calls; start it with --allow-monitor"));
}
