use std::path::{Path, PathBuf};
use std::process::Command;

use tests::process::Process;

use crate::support::{Shell, check};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("pycom")
}

#[test]
fn a_new_project_builds_passes_its_tests_and_runs() {
    let shell = Shell::up();
    let library = library();
    let said = shell.run(&["new", "greeter", "--pycom-path", library.to_str().unwrap()]);
    check("new", &said.stdout);
    let project = shell.home.path().join("greeter");
    let program = std::fs::read_to_string(project.join("src/main.rs")).unwrap();
    let guide = std::fs::read_to_string(library.with_file_name("docs/src/first-service.md")).unwrap();
    let shown = guide.split("```rust,no_run\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(program.contains(shown), "the guide shows the whole of it");
    // The versions are those of the workspace, and what is built of them is used again: nothing is fetched.
    std::fs::copy(library.with_file_name("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_pycom"));
    let target = program.ancestors().nth(2).expect("programs are in target/PROFILE");
    let cargo = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(words).arg("--offline").current_dir(&project).env("CARGO_TARGET_DIR", target);
        command
    };
    let tested = cargo(&["test"]).output().expect("cargo can be started");
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));

    let mut run = cargo(&["run"]);
    run.args(["--", "-n", &shell.nameserver, "-s", "/com/example/greeter"]);
    let service = Process::start(run);
    let serving = service.stderr().find(0, |line| line.contains(" serving ").then_some(()));
    assert!(serving.is_some(), "{}", service.story());
    let answer = shell.run(&["call", "com.example.greeter", "greet", "name=World", "language=de"]);
    assert_eq!(answer.stdout, "\"Hallo, World!\"\n", "{answer:?}");
}

#[test]
fn names_that_cannot_be_are_refused() {
    let shell = Shell::alone();
    std::fs::create_dir(shell.home.path().join("there")).unwrap();
    check("new_wrong", &shell.transcript(&["new 1st", "new fn", "new there", "new x --pycom-path .", "new x"]));
}
