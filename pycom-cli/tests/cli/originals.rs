use tests::originals::{Originals, Version};

use crate::generate::check_file;
use crate::support::{Shell, check, serve};

use Version::{V041, V060};

/// What a user sees of a network of originals.
fn look_around(originals: Originals, version: Version) -> String {
    let nameserver = originals.nameserver(version);
    let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
    let shell = Shell::at(&nameserver.address);
    shell.transcript(&[
        "list",
        "list --json counter",
        "describe com.foo.example",
        "describe com.foo.example named",
        "call com.foo.example create a=1 b=two",
        "call com.foo.example create 123456789012345678901234567890",
        "call com.foo.example named arg1=1 arg2=two",
        "call com.foo.example named arg1=1",
        "call com.foo.example named arg1=1 arg2=2 arg4=4",
        "call com.foo.example nmed arg1=1",
        "call com.foo.example fail_code 77",
        "call com.foo.example fail_bug",
        "call com.foo.counter next --repeat 2 --json",
        "generate com.foo.example",
        "doctor",
    ])
}

/// Times of repeated calls, which no filter knows.
fn without_times(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("(stderr) 2 calls: ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_command_works_on_0_4_1() {
    let Some(originals) = Originals::find() else { return };
    check("originals_0_4_1", &without_times(&look_around(originals, V041)));
}

#[test]
fn the_command_works_on_0_6_0() {
    let Some(originals) = Originals::find() else { return };
    check("originals_0_6_0", &without_times(&look_around(originals, V060)));
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_of_0_6_0_go_and_come() {
    let Some(originals) = Originals::find() else { return };
    let nameserver = originals.nameserver(V060);
    let _probe = originals.probe(V060, &nameserver.address, "/com/foo/probe");
    let shell = Shell::at(&nameserver.address);
    std::fs::write(shell.home.path().join("data"), [0, 255, 7]).unwrap();
    assert_eq!(shell.run(&["call", "com.foo.blob", "length", "--attach", "data"]).stdout, "3\n");
    let said = shell.run(&["call", "com.foo.blob", "encode", "string=text", "--save", "out"]);
    assert_eq!(std::fs::read(shell.home.path().join("out")).unwrap(), b"text", "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_ours_are_found_through_both_originals() {
    for version in [V041, V060] {
        let Some(originals) = Originals::find() else { return };
        let nameserver = originals.nameserver(version);
        let _service = serve(tests::probe::all(), "/com/foo/ours", &nameserver.address).await;
        let shell = Shell::at(&nameserver.address);
        let said = shell.run(&["call", "org.pycom.demo@/com/foo/ours", "echo", "[1]"]);
        assert_eq!(said.stdout, "[1]\n", "{said:?}");
        let listed = shell.run(&["list", "/com/foo/ours", "--json"]).json();
        assert!(
            listed[0]["address"].as_str().is_some_and(|address| address.starts_with("tcp://127.0.0.1:")),
            "{listed}"
        );
    }
}

#[test]
fn contracts_of_the_originals_compile() {
    for (version, file) in [(V041, "python_0_4_1"), (V060, "python_0_6_0")] {
        let Some(originals) = Originals::find() else { return };
        let nameserver = originals.nameserver(version);
        let _probe = originals.probe(version, &nameserver.address, "/com/foo/probe");
        let shell = Shell::at(&nameserver.address);
        let said = shell.run(&["generate", "com.foo.example"]);
        assert_eq!(said.code, 0, "{said:?}");
        check_file(file, &said.stdout);
    }
}
