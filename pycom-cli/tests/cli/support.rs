//! A network of its own for each test, and transcripts of what the command says.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use pycom::Running;
use tests::process::Process;

/// The command, without the variables and the configuration of whoever runs the test.
pub fn command(home: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pycom"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PYCOM_")) {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", home.path()).env("NO_COLOR", "1").env_remove("HOME");
    command
}

/// What a run said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Said {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A place to run the command from: a nameserver to ask, a configuration of its own.
pub struct Shell {
    pub home: tempfile::TempDir,
    pub nameserver: String,
    /// What keeps the network up.
    kept: Vec<Arc<Process>>,
}

impl Shell {
    /// With no nameserver.
    pub fn alone() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        Self { home, nameserver: "tcp://127.0.0.1:1".into(), kept: Vec::new() }
    }

    /// With this nameserver.
    pub fn at(nameserver: &str) -> Self {
        Self { nameserver: nameserver.into(), ..Self::alone() }
    }

    /// With what `pycom up` starts.
    pub fn up() -> Self {
        let mut shell = Self::alone();
        let mut command = command(&shell.home);
        command.args(["up", "-a", "tcp://127.0.0.1:0"]);
        let process = Process::start(command);
        let address = |line: &str| line.strip_prefix("nameserver ").map(|rest| rest.trim().to_owned());
        let found = process.stdout().find(0, address);
        let (nameserver, _) = found.unwrap_or_else(|| panic!("{}", process.story()));
        let ready = process.stdout().find(0, |line| line.starts_with("Ctrl-C").then_some(()));
        assert!(ready.is_some(), "{}", process.story());
        shell.nameserver = nameserver;
        shell.kept.push(Arc::new(process));
        shell
    }

    /// The command, to be run here.
    pub fn command(&self) -> Command {
        let mut command = command(&self.home);
        command.env("PYCOM_NAMESERVER", &self.nameserver).current_dir(self.home.path());
        command
    }

    /// Runs it with these words.
    pub fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, "")
    }

    /// Runs it with these words and this standard input.
    pub fn run_with(&self, words: &[&str], input: &str) -> Said {
        let mut command = self.command();
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command can be started");
        // It may well not read what it is given.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it can be waited for");
        let text = |bytes| String::from_utf8(bytes).expect("what it says is UTF-8");
        Said {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().expect("it was not killed"),
        }
    }

    /// Runs it with the words of this line.
    pub fn run_line(&self, line: &str) -> Said {
        let words = split(line);
        self.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs lines one after the other; gives all that was said.
    pub fn transcript(&self, lines: &[&str]) -> String {
        lines.iter().map(|line| self.transcribe(line, "")).collect::<Vec<_>>().join("\n")
    }

    /// Runs one line, whose words are separated as a shell does.
    pub fn transcribe(&self, line: &str, input: &str) -> String {
        let words = split(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = self.run_with(&words, input);
        let mut text = format!("$ pycom {line}\n{}", said.stdout);
        text.extend(said.stderr.lines().map(|line| format!("(stderr) {line}\n")));
        if said.code != 0 {
            text.push_str(&format!("(exit {})\n", said.code));
        }
        text
    }
}

/// Words between spaces; single quotes keep spaces.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is always one").push(c),
        }
    }
    words
}

/// Services in the test's own process, registered.
pub async fn serve(offers: Vec<pycom::Offer>, service: &str, nameserver: &str) -> Running {
    let server = pycom::Server::new().offer(offers).service(service).nameserver(nameserver);
    server.bind("tcp://127.0.0.1:0").await.expect("the service can be bound and registered")
}

/// Compares with what was said before; ports, ids and times differ from run to run.
pub fn check(name: &str, text: &str) {
    insta::with_settings!({
        filters => vec![
            (r"127\.0\.0\.1:\d{2,5}", "127.0.0.1:PORT"),
            (r"\b[0-9a-f]{32}\b", "SESSION"),
            (r"\d+\.\d+ ms", "TIME"),
            (r"\b\d+\.\d+ms", "TIME"),
            (r"no answer within \d+\.\d+ s", "no answer within TIME"),
            (r"PORT  \d+s\b", "PORT  AGE"),
            (r#""age": [0-9.e-]+"#, r#""age": AGE"#),
            (r"open files: \d+ at most", "open files: N at most"),
            (r"/[^ ']*/\.?tmp[^ /']*/", "HOME/"),
        ],
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}
