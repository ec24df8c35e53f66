//! README says what is so: its programs are the examples, its commands give the output it shows.

use tests::cargo;
use tests::programs::Program;

fn readme() -> String {
    std::fs::read_to_string(cargo::root().join("README.md")).unwrap()
}

/// The blocks of README in this language, in order.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(tag) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if tag == language {
                blocks.push(block.join("\n"));
            }
        }
    }
    blocks
}

/// A source without its opening doc comment.
fn program(name: &str) -> String {
    let path = cargo::root().join("examples/examples").join(name).with_extension("rs");
    let source = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = source.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).collect();
    lines.join("\n")
}

#[test]
fn the_programs_of_readme_are_the_examples() {
    let blocks = blocks("rust");
    assert_eq!(blocks[0], program("hello_service"));
    assert_eq!(blocks[1], program("hello_client"));
}

#[test]
fn the_commands_of_readme_give_the_output_it_shows() {
    let commands = blocks("sh");
    assert!(commands[1].contains("cargo run --example hello_service -- -s /com/foo/svc -n tcp://127.0.0.1:2012"));
    // The same commands, with a nameserver at a port of this test's own.
    let nameserver = Program::Nameserver.serve(&[]);
    let mut service = cargo::example("hello_service", &["-s", "/com/foo/svc", "-n", &nameserver.address], &[]);
    service.stderr().find(0, |line| line.contains(" serving ").then_some(())).expect("the service serves");
    let mut client = cargo::example("hello_client", &[], &[("PYCOM_NAMESERVER", &nameserver.address)]);
    let printed = client.stdout().whole();
    assert!(client.wait().success(), "{}", client.story());
    assert_eq!(printed.trim_end(), blocks("text")[0]);
    service.kill();
}

#[test]
fn the_first_command_is_the_main_job_and_the_second_runs_the_tests() {
    let first = blocks("sh").swap_remove(0);
    let commands: Vec<&str> = first.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(commands, ["cargo run --example quickstart", "cargo test --workspace"]);
}
