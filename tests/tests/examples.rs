//! Every example does what its reader expects: it ends well and prints what `fixtures/examples` has.
//!
//! `UPDATE_EXAMPLES=1 cargo test -p tests --test examples` writes that anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tests::cargo;
use tests::programs::Program;

fn expected(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/examples").join(name).with_extension("txt")
}

/// The text without what differs from run to run: ports.
fn settled(text: &str) -> String {
    let mut pieces = text.split("tcp://127.0.0.1:");
    let mut settled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        settled.push_str("tcp://127.0.0.1:PORT");
        settled.push_str(piece.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    settled
}

fn check(name: &str, printed: &str) {
    let (path, printed) = (expected(name), settled(printed.trim_end()));
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{printed}\n")).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(printed, known.trim_end(), "example {name}");
}

/// Examples that run by themselves.
const ALONE: [&str; 10] = [
    "arguments",
    "attachments",
    "errors",
    "generic",
    "hooks",
    "introspection",
    "made_at_run_time",
    "quickstart",
    "sessions",
    "testing",
];

/// Examples that need each other; tested below and in `readme.rs`.
const TOGETHER: [&str; 2] = ["hello_client", "hello_service"];

#[test]
fn every_example_ends_well_and_prints_what_it_should() {
    for name in ALONE {
        let mut example = cargo::example(name, &[], &[]);
        let printed = example.stdout().whole();
        assert!(example.wait().success(), "{}", example.story());
        check(name, &printed);
    }
}

#[test]
fn no_example_is_forgotten() {
    let directory = cargo::root().join("examples/examples");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let found: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let known: BTreeSet<String> = ALONE.iter().chain(&TOGETHER).map(ToString::to_string).collect();
    assert_eq!(found, known);
}

#[test]
fn a_contract_is_shared_by_a_service_and_a_client_in_crates_of_their_own() {
    let nameserver = Program::Nameserver.serve(&[]);
    let service = cargo::run(&["-p", "library-service"], &["-s", "/com/foo/library", "-n", &nameserver.address], &[]);
    service.stderr().find(0, |line| line.contains(" serving ").then_some(())).expect("the service serves");
    let mut client = cargo::run(&["-p", "library-client"], &[], &[("PYCOM_NAMESERVER", &nameserver.address)]);
    let printed = client.stdout().whole();
    assert!(client.wait().success(), "{}", client.story());
    check("library", &printed);
}
