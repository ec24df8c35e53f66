use tests::process::Process;

use crate::support::{Shell, check};

#[test]
fn up_says_what_to_try_and_ends_on_ctrl_c() {
    let shell = Shell::alone();
    let mut command = shell.command();
    command.args(["up", "-a", "tcp://127.0.0.1:0"]);
    let mut up = Process::start(command);
    up.stdout().find(0, |line| line.starts_with("Ctrl-C").then_some(())).expect("it starts");
    check("up", &up.stdout().text());
    up.signal(libc::SIGINT);
    assert_eq!(up.wait().code(), Some(0));
}

#[test]
fn a_port_in_use_is_said_with_the_address() {
    let shell = Shell::up();
    check("up_in_use", &shell.transcribe(&format!("up -a {}", shell.nameserver), ""));
}

#[test]
fn nameserver_and_demo_take_the_flags_of_every_service() {
    let shell = Shell::alone();
    let serving = |words: &[&str]| {
        let mut command = shell.command();
        command.env_remove("PYCOM_NAMESERVER").args(words);
        let process = Process::start(command);
        let address = |line: &str| {
            let (_, rest) = line.split_once(" serving ")?;
            rest.split_whitespace().find_map(|field| field.strip_prefix("address=")).map(str::to_owned)
        };
        let found = process.stderr().find(0, address);
        let (address, _) = found.unwrap_or_else(|| panic!("{}", process.story()));
        (process, address)
    };
    let (mut nameserver, address) = serving(&["nameserver", "-a", "tcp://127.0.0.1:0"]);
    let (mut demo, _) = serving(&["demo", "-s", "/com/foo/demo", "-n", &address]);
    let (mut other, _) = serving(&["-n", &address, "demo", "-s", "/com/foo/other"]);
    let here = Shell::at(&address);
    assert_eq!(here.run(&["call", "org.pycom.demo@/com/foo/demo", "echo", "1"]).stdout, "1\n");
    assert_eq!(here.run(&["call", "org.pycom.demo@/com/foo/other", "echo", "2"]).stdout, "2\n");
    for process in [&mut demo, &mut other, &mut nameserver] {
        process.signal(libc::SIGTERM);
        assert_eq!(process.wait().code(), Some(0));
    }
    let help = shell.run(&["nameserver", "--help"]);
    assert!(help.stdout.contains("Usage: pycom nameserver [OPTIONS]"), "{help:?}");
    let wrong = shell.run(&["demo", "--adress", "x"]);
    assert_eq!((wrong.code, wrong.stderr.contains("did you mean '--address'?")), (2, true), "{wrong:?}");
}

#[test]
fn help_is_complete() {
    let shell = Shell::alone();
    check("help", &shell.transcript(&["--help", "call --help", "bench --help"]));
}
