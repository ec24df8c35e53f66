//! The originals' client, driven from here: each function is a command of `originals/client.py`.

use serde_json::{Value, json};

use crate::base64;
use crate::process::Process;

/// A client of an original. Its components have names, which the test gives.
#[derive(Debug)]
pub struct PythonClient {
    process: Process,
    read: usize,
}

/// What the original raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Name of the exception's class.
    pub kind: String,
    /// Its code, where it has one.
    pub code: Option<i64>,
    /// Its text.
    pub text: String,
}

impl Raised {
    /// One with these fields, to compare with.
    pub fn new(kind: &str, code: i64, text: &str) -> Self {
        Self { kind: kind.into(), code: Some(code), text: text.into() }
    }
}

/// What a command gives.
pub type Result<T = Value> = std::result::Result<T, Raised>;

impl PythonClient {
    pub(crate) fn new(process: Process) -> Self {
        Self { process, read: 0 }
    }

    fn command(&mut self, command: &Value) -> Result {
        self.process.say(&command.to_string());
        let line = self.process.stdout().find(self.read, |line| Some(line.to_owned()));
        let (line, next) = line.unwrap_or_else(|| panic!("the client ended:\n{}", self.process.story()));
        self.read = next;
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
        match answer.get("error") {
            Some(error) => Err(Raised {
                kind: error["type"].as_str().unwrap_or_default().into(),
                code: error["code"].as_i64(),
                text: error["text"].as_str().unwrap_or_default().into(),
            }),
            None => Ok(answer),
        }
    }

    fn value(&mut self, command: &Value) -> Result {
        self.command(command).map(|mut answer| answer["ok"].take())
    }

    /// Names the nameserver to ask; those of before are forgotten.
    ///
    /// # Panics
    ///
    /// Where the original refuses the address.
    pub fn configure(&mut self, nameserver: &str) {
        self.value(&json!({"do": "configure", "nameserver": nameserver})).expect("a nameserver's address");
    }

    /// Asks the nameserver for an interface, of a given service or of any, and connects.
    ///
    /// # Errors
    ///
    /// What the original raised.
    pub fn locate(&mut self, name: &str, interface: &str, service: Option<&str>) -> Result {
        self.value(&json!({"do": "locate", "as": name, "interface": interface, "service": service}))
    }

    /// Connects without asking.
    ///
    /// # Errors
    ///
    /// What the original raised.
    pub fn connect(&mut self, name: &str, interface: &str, address: &str) -> Result {
        self.value(&json!({"do": "connect", "as": name, "interface": interface, "address": address}))
    }

    /// Calls a method.
    ///
    /// # Errors
    ///
    /// What the original raised.
    pub fn invoke(&mut self, name: &str, method: &str, args: Value) -> Result {
        self.value(&json!({"do": "invoke", "on": name, "method": method, "args": args}))
    }

    /// Calls a method with or without an attachment; gives the result and the attachment that came, if any. 0.6.0 only.
    ///
    /// # Errors
    ///
    /// What the original raised.
    pub fn attach(
        &mut self,
        name: &str,
        method: &str,
        args: Value,
        attachment: Option<&[u8]>,
    ) -> Result<(Value, Option<Vec<u8>>)> {
        let attachment = attachment.map(base64::encode);
        let command = json!({"do": "attach", "on": name, "method": method, "args": args, "attachment": attachment});
        let mut answer = self.command(&command)?;
        Ok((answer["ok"].take(), answer["attachment"].as_str().map(base64::decode)))
    }

    /// Asks what an interface is.
    ///
    /// # Errors
    ///
    /// What the original raised.
    pub fn introspect(&mut self, name: &str) -> Result {
        self.value(&json!({"do": "introspect", "on": name}))
    }

    /// Calls `list_services` of the nameserver.
    ///
    /// # Errors
    ///
    /// What the original raised.
    pub fn list(&mut self, args: Value) -> Result {
        self.value(&json!({"do": "list", "args": args}))
    }
}
