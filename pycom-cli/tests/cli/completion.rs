use std::process::Command;

use crate::support::Shell;

/// A shell of the user's, which finds the command, and the network of the test.
fn ask(shell: &Shell, program: &str, arguments: &[&str]) -> Option<Vec<String>> {
    let ours = std::path::Path::new(env!("CARGO_BIN_EXE_pycom"));
    let folder = ours.parent().expect("a program is in a directory");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.args(arguments).env("PATH", path).env("HOME", shell.home.path()).current_dir(shell.home.path());
    command.env("PYCOM_NAMESERVER", &shell.nameserver).env("XDG_CONFIG_HOME", shell.home.path());
    command.env("TERM", "dumb").stdin(std::process::Stdio::null());
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("PYCOM_REQUIRE_SHELLS").is_none(), "{program}: {error}");
            eprintln!("SKIPPED: {program}: {error}");
            return None;
        }
    };
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// What bash would offer at the end of each of these lines.
fn ask_bash(shell: &Shell, lines: &[&str]) -> Vec<String> {
    let mut script = String::from("source <(pycom completions bash) || exit 1\n");
    for line in lines {
        script.push_str(&format!(
            "COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _pycom; (IFS='|'; echo \"${{COMPREPLY[*]}}\")\n"
        ));
    }
    ask(shell, "bash", &["--norc", "--noprofile", "-c", &script]).expect("bash can be started")
}

/// What the line is in a zsh at a terminal once the tab key was struck at its end.
const ZSH: &str = r#"
zmodload zsh/zpty || exit 1
zpty -b shell zsh -f -i
zpty -w shell 'PS1= PS2= LISTMAX=9999; stty -echo; unsetopt beep; autoload -U compinit; compinit -u -D'
zpty -w shell 'source <(pycom completions zsh); bindkey "^I" complete-word'
zpty -w shell 'shown() { print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N shown; bindkey "^X" shown; print rea""dy'
zpty -r shell said '*ready*'
for line in "$@"; do
    zpty -w -n shell "$line"$'\t\x18'
    zpty -r shell said '*<<*>>*'
    print -r -- "${${said##*<<}%%>>*}"
done
zpty -d shell
"#;

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
        ("pycom top --sort e", "errors"),
        ("pycom call com.foo.nothing ", ""),
    ];
    let answers = ask_bash(&shell, &asked.map(|(line, _)| line));
    for ((line, expected), answer) in asked.iter().zip(&answers) {
        assert_eq!(answer, expected, "{line}");
    }
    assert_eq!(answers.len(), asked.len());
}

#[test]
fn zsh_completes_what_is_there_live() {
    let shell = Shell::up();
    std::fs::write(shell.home.path().join("args.json"), "{}").unwrap();
    let asked = [
        ("pycom des", "pycom describe "),
        ("pycom call com.foo.e", "pycom call com.foo.example "),
        ("pycom describe /org/pycom/d", "pycom describe /org/pycom/demo "),
        ("pycom call com.foo.example@", "pycom call com.foo.example@/org/pycom/demo "),
        ("pycom call com.foo.example s", "pycom call com.foo.example split "),
        ("pycom call com.foo.example split t", "pycom call com.foo.example split text="),
        ("pycom call com.foo.example split text=x ", "pycom call com.foo.example split text=x at="),
        ("pycom call com.foo.example split @arg", "pycom call com.foo.example split @args.json "),
        ("pycom call com.foo.example measure way=s", "pycom call com.foo.example measure way=str"),
        ("pycom call com.foo.example measure way=stra", "pycom call com.foo.example measure way=straight "),
        ("pycom call --time", "pycom call --timeout "),
        ("pycom completions z", "pycom completions zsh "),
        ("pycom call com.foo.nothing x", "pycom call com.foo.nothing x"),
    ];
    let mut arguments = vec!["-f", "-c", ZSH, "zsh"];
    arguments.extend(asked.map(|(line, _)| line));
    let Some(answers) = ask(&shell, "zsh", &arguments) else { return };
    for ((line, expected), answer) in asked.iter().zip(&answers) {
        assert_eq!(answer, expected, "{line}");
    }
    assert_eq!(answers.len(), asked.len());
}

#[test]
fn fish_completes_what_is_there_live() {
    let shell = Shell::up();
    std::fs::write(shell.home.path().join("args.json"), "{}").unwrap();
    let asked = [
        ("pycom de", "demo|describe"),
        ("pycom call com.foo.e", "com.foo.example"),
        ("pycom describe /org/pycom/d", "/org/pycom/demo"),
        ("pycom call com.foo.example@", "com.foo.example@/org/pycom/demo"),
        ("pycom call com.foo.example s", "split"),
        ("pycom call com.foo.example split ", "at=|text="),
        ("pycom call com.foo.example split text=x a", "at="),
        ("pycom call com.foo.example split @arg", "@args.json"),
        ("pycom call com.foo.example measure way=str", "way=straight|way=streets"),
        ("pycom call --time", "--timeout"),
        ("pycom completions z", "zsh"),
        ("pycom call com.foo.nothing ", ""),
    ];
    let mut script = String::from("pycom completions fish | source\n");
    for (line, _) in asked {
        // What a word is for stands after a tab.
        let found = format!("complete -C '{line}' | string replace -r '\\t.*' ''");
        script.push_str(&format!("printf '%s\\n' (string join -- '|' ({found}))\n"));
    }
    let Some(answers) = ask(&shell, "fish", &["--no-config", "-c", &script]) else { return };
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
