//! What a program tells of itself, by its flags: real processes.

use std::io::{Read, Write};
use std::net::TcpStream;

use pycom::Context;
use pycom::stat::StatClient;
use tests::process::Process;
use tests::programs::{EXIT_USAGE, Program, Service};

fn get(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn metrics_of(service: &Service) -> String {
    let found = service.process.stderr().find(0, |line| {
        let (_, rest) = line.split_once("metrics are at http://")?;
        rest.strip_suffix("/metrics").map(str::to_owned)
    });
    found.unwrap_or_else(|| panic!("{}", service.process.story())).0
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_where_a_flag_or_the_environment_says() {
    let flag = Program::Probe.serve(&["--metrics", "127.0.0.1:0"]);
    let context = Context::builder().build();
    let query = context.connect(&flag.address, "com.foo.example").unwrap();
    query.invoke("create", 42).await.unwrap();
    let text = get(&metrics_of(&flag), "/metrics");
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.contains("pycom_calls_total{interface=\"com.foo.example\",method=\"create\"} 1\n"), "{text}");

    let mut command = Program::Nameserver.command();
    command.args(["-a", "tcp://127.0.0.1:0"]).env("PYCOM_METRICS", "127.0.0.1:0");
    let nameserver = Service::started(Process::start(command)).unwrap_or_else(|process| panic!("{}", process.story()));
    assert!(get(&metrics_of(&nameserver), "/metrics").contains("method=\"register\"}"));
    assert!(get(&metrics_of(&nameserver), "/").starts_with("HTTP/1.1 404"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_shown_where_a_flag_says() {
    let context = Context::builder().build();
    for (flags, calls, payloads) in [
        (&[][..], false, false),
        (&["--allow-monitor"], true, false),
        (&["--allow-monitor", "calls"], true, false),
        (&["--allow-monitor", "payloads"], true, true),
    ] {
        let service = Program::Probe.serve(flags);
        let stat = StatClient::connect(&context, &service.address).unwrap();
        assert_eq!(stat.monitor(None, None, None).await.is_ok(), calls, "{flags:?}");
        assert_eq!(stat.monitor(None, None, Some(true)).await.is_ok(), payloads, "{flags:?}");
    }
}

#[test]
fn wrong_flags_get_one_line() {
    for (arguments, expected) in [
        (["--metrics", "nowhere"], "--metrics"),
        (["--metrics", "127.0.0.1:99999"], "127.0.0.1:99999"),
        (["--allow-monitor", "everything"], "'calls' or 'payloads'"),
    ] {
        let mut command = Program::Probe.command();
        command.args(arguments);
        let mut process = Process::start(command);
        assert_eq!(process.wait().code(), Some(EXIT_USAGE), "{}", process.story());
        let said = process.stderr().whole();
        assert!(said.lines().count() == 1 && said.contains(expected), "{said}");
    }
}
