use std::process::Command;

use crate::support::Shell;

/// What bash would offer at the end of each of these lines.
fn ask_bash(shell: &Shell, lines: &[&str]) -> Vec<String> {
    let mut script = String::from("source <(pycom completions bash) || exit 1\n");
    for line in lines {
        script.push_str(&format!(
            "COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _pycom; (IFS='|'; echo \"${{COMPREPLY[*]}}\")\n"
        ));
    }
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_pycom"));
    let folder = program.parent().expect("a program is in a directory");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["--norc", "--noprofile", "-c", &script]).env("PATH", path);
    command.env("PYCOM_NAMESERVER", &shell.nameserver).env("XDG_CONFIG_HOME", shell.home.path());
    let output = command.output().expect("bash can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_what_is_there_live() {
    let shell = Shell::up();
    let asked = [
        ("pycom de", "describe|demo"),
        ("pycom call com.foo.e", "com.foo.example"),
        ("pycom describe /org/pycom/d", "/org/pycom/demo"),
        ("pycom call com.foo.example@", "/org/pycom/demo"),
        ("pycom call com.foo.example s", "split"),
        ("pycom call com.foo.example split ", "text=|at="),
        ("pycom call com.foo.example split text=x a", "at="),
        ("pycom call com.foo.example measure way=", "straight|streets"),
        ("pycom call com.foo.example measure way=str", "straight|streets"),
        ("pycom call --time", "--timeout"),
        ("pycom completions z", "zsh"),
        ("pycom call com.foo.nothing ", ""),
    ];
    let answers = ask_bash(&shell, &asked.map(|(line, _)| line));
    for ((line, expected), answer) in asked.iter().zip(&answers) {
        assert_eq!(answer, expected, "{line}");
    }
    assert_eq!(answers.len(), asked.len());
}

#[test]
fn without_a_network_completion_is_silent() {
    let shell = Shell::alone();
    assert_eq!(ask_bash(&shell, &["pycom call com", "pycom li"]), ["", "list"]);
    let said = shell.run(&["__complete", "--", "pycom call com.foo.example "]);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str(), said.code), ("", "", 0));
}

#[test]
fn the_scripts_are_ones_that_their_shells_can_read() {
    let shell = Shell::alone();
    for (name, words) in [("bash", vec!["-n"]), ("zsh", vec!["-n"]), ("fish", vec!["--no-execute"])] {
        let script = shell.run(&["completions", name]);
        assert!(script.stdout.contains("pycom __complete"), "{script:?}");
        let path = shell.home.path().join(name);
        std::fs::write(&path, &script.stdout).unwrap();
        match Command::new(name).args(words).arg(&path).output() {
            Ok(output) => assert!(output.status.success(), "{output:?}"),
            Err(error) => eprintln!("SKIPPED: {name}: {error}"),
        }
    }
}
