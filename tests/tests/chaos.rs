//! The chaos run in its short form: what is promised to clients holds while their fleet is killed, stopped and started
//! again. The long form is `cargo run --release -p tests --bin chaos -- --seed N --seconds S`.

use std::process::Command;

use serde_json::Value;
use tests::process::Process;

fn chaos(words: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    command.args(words);
    Process::start(command)
}

#[test]
fn ten_seconds_of_kills_stops_and_restarts_break_no_promise() {
    let mut run = chaos(&["--seed", "4", "--seconds", "10"]);
    let code = run.wait().code();
    let text = run.stdout().whole();
    let verdict: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default();
    for promise in ["unended", "run_twice", "told_wrong", "lost_after_heal", "faults_without_load"] {
        assert_eq!(verdict[promise], 0, "{promise}: {}", run.story());
    }
    assert_eq!(verdict["left_over"]["tasks"], 0, "{}", run.story());
    assert_eq!(verdict["left_over"]["memory"], 0, "{}", run.story());
    assert_eq!(code, Some(0), "{}", run.story());
    // The run has shown something: calls of every fate but those.
    let count = |name: &str| verdict[name].as_u64().unwrap_or_default();
    assert!(count("faults") >= 8, "{}", run.story());
    assert!(count("answered") > 400 && count("may_have_run") > 0, "{}", run.story());
    let ended = ["answered", "refused", "surely_not_run", "may_have_run"].map(count);
    assert_eq!(ended.iter().sum::<u64>(), count("calls"), "{}", run.story());
}

#[test]
fn a_command_line_that_cannot_be_read_ends_with_2() {
    for words in [&["--seed"][..], &["--seconds", "0"], &["--sead", "1"]] {
        let mut run = chaos(words);
        assert_eq!(run.wait().code(), Some(2), "{}", run.story());
    }
}
