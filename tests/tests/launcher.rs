//! What a user sees who mistypes something: one line that says what is wrong and what to do, and exit code 2.

use std::path::PathBuf;

use tests::ports;
use tests::process::Process;
use tests::programs::{EXIT_USAGE, Network, Program};

/// Starts a program that is to refuse its arguments; gives the one line it says.
fn refused(program: Program, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = program.command();
    command.args(arguments).envs(environment.iter().copied());
    let mut process = Process::start(command);
    let status = process.wait();
    let said = process.stderr().whole();
    assert_eq!(status.code(), Some(EXIT_USAGE), "{arguments:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert_eq!(process.stdout().whole(), "");
    said
}

#[test]
fn a_wrong_flag_gets_one_line() {
    for (arguments, expected) in [
        (&["--adress", "tcp://127.0.0.1:0"][..], &["'--adress'", "'--address'"][..]),
        (&["-x"], &["'-x'", "--help"]),
        (&["-a"], &["--address", "--help"]),
        (&["tcp://127.0.0.1:2013"], &["'tcp://127.0.0.1:2013'", "--help"]),
    ] {
        for program in [Program::Probe, Program::Nameserver, Program::Demo] {
            let said = refused(program, arguments, &[]);
            assert!(expected.iter().all(|part| said.contains(part)), "{said}");
        }
    }
}

#[test]
fn a_wrong_address_gets_one_line_that_names_it() {
    for address in [
        "",
        "nonsense",
        "http://127.0.0.1:80",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:99999",
        "tcp://:",
        "tcp://nobody.invalid:2013",
        // Reserved for documentation: nobody's.
        "tcp://192.0.2.1:2013",
    ] {
        let said = refused(Program::Probe, &["-a", address], &[]);
        assert!(said.contains(address), "{said}");
    }
    let said = refused(Program::Probe, &[], &[("PYCOM_ADDRESS", "nonsense")]);
    assert!(said.contains("nonsense"), "{said}");
}

#[test]
fn a_wrong_nameserver_gets_one_line_that_names_it() {
    for (address, expected) in [
        ("", "empty"),
        ("nonsense", "nonsense"),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:0"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("tcp://*:2012", "give the host"),
    ] {
        let said = refused(Program::Probe, &["-n", address], &[]);
        assert!(said.contains(expected), "{said}");
    }
    let said = refused(Program::Probe, &["-n", "local"], &[]);
    assert!(said.contains("-n"), "{said}");
}

#[test]
fn a_wrong_name_gets_one_line_that_names_it() {
    let long = format!("/{}", "x".repeat(300));
    for (name, shown) in [("", "empty"), ("/a\nb", "/a\\nb"), (&long, "/xxx")] {
        let said = refused(Program::Probe, &["-s", name], &[]);
        assert!(said.contains(shown), "{said}");
    }
}

#[test]
fn a_wrong_configuration_file_gets_one_line_that_names_it() {
    let directory = std::env::temp_dir().join(format!("pycom-launcher-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = |name: &str, text: &[u8]| -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let cases = [
        (directory.join("missing.json"), "-c"),
        (directory.clone(), "-c"),
        (file("garbage.json", b"{nope"), "JSON"),
        (file("binary.json", b"\xff\x00"), "-c"),
        (file("array.json", b"[1]"), "object"),
        (file("unknown.json", br#"{"adress": "tcp://127.0.0.1:0"}"#), "'adress'"),
        (file("type.json", br#"{"address": 5}"#), "string"),
        (file("address.json", br#"{"address": "nonsense"}"#), "nonsense"),
    ];
    for (path, expected) in &cases {
        let path = path.to_str().unwrap();
        let said = refused(Program::Probe, &["-c", path], &[]);
        assert!(said.contains(expected), "{said}");
        assert!(said.contains(path) || *expected == "nonsense", "{said}");
    }
    let missing = cases[0].0.to_str().unwrap();
    assert!(refused(Program::Probe, &[], &[("PYCOM_CONFIG", missing)]).contains(missing));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_port_in_use_gets_one_line_that_names_it() {
    let network = Network::start();
    for program in [Program::Probe, Program::Nameserver] {
        let said = refused(program, &["-a", &network.probe.address], &[]);
        assert!(said.contains(&network.probe.address) && said.contains("in use"), "{said}");
    }
}

#[test]
fn a_name_that_is_taken_gets_one_line_that_names_it() {
    let network = Network::start();
    let said = refused(Program::Probe, &["-s", "/com/foo/probe", "-n", &network.nameserver.address], &[]);
    assert!(said.contains("/com/foo/probe") && said.contains(&network.nameserver.address), "{said}");
    assert!(said.contains("-s"), "it says what to do: {said}");
}

#[test]
fn help_has_examples_and_is_no_error() {
    for program in [Program::Probe, Program::Nameserver, Program::Demo] {
        let mut command = program.command();
        command.arg("--help");
        let mut process = Process::start(command);
        assert_eq!(process.wait().code(), Some(0));
        let said = process.stdout().whole();
        for part in ["--address", "--service", "--nameserver", "--config", "PYCOM_NAMESERVER", "Examples:"] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let path = std::env::temp_dir().join(format!("pycom-launcher-{}.json", std::process::id()));
    std::fs::write(&path, br#"{"address": "tcp://127.0.0.1:0", "service": "/from/file"}"#).unwrap();
    let nameserver = Program::Nameserver.serve(&[]);
    let file = path.to_str().unwrap();
    for (arguments, environment, expected) in [
        (&["-s", "/from/flag"][..], Some("/from/environment"), "/from/flag"),
        (&[], Some("/from/environment"), "/from/environment"),
        (&[], None, "/from/file"),
    ] {
        let mut command = Program::Demo.command();
        command.args(arguments).env("PYCOM_CONFIG", file).env("PYCOM_NAMESERVER", &nameserver.address);
        command.envs(environment.map(|name| ("PYCOM_SERVICE", name)));
        let process = Process::start(command);
        let serving = process.stderr().find(0, |line| line.contains(" serving ").then(|| line.to_owned()));
        let (line, _) = serving.unwrap_or_else(|| panic!("{}", process.story()));
        assert!(line.contains(&format!("service={expected} ")), "{line}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_service_without_a_name_is_given_one() {
    let service = Program::Probe.serve(&[]);
    let (name, _) = service
        .process
        .stderr()
        .find(0, |line| line.split_once("service=").and_then(|(_, rest)| rest.split(' ').next().map(str::to_owned)))
        .unwrap();
    let digits = name.strip_prefix("/auto/").unwrap_or_else(|| panic!("{name}"));
    assert!(digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
}

#[test]
fn an_address_may_come_from_the_environment() {
    let address = ports::free_address();
    let mut command = Program::Probe.command();
    command.env("PYCOM_ADDRESS", &address);
    let process = Process::start(command);
    assert!(process.stderr().find(0, |line| line.contains(&address).then_some(())).is_some(), "{}", process.story());
}
