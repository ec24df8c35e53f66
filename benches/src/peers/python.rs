use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Peer, libzmq};
use crate::load::{Case, Sample, Window};

/// Names and versions of the originals.
pub const VERSIONS: [(&str, &str); 2] = [("python-0.4.1", "0.4.1"), ("python-0.6.0", "0.6.0")];

/// A Python original, driven by the raw libzmq client: its own would be measured otherwise.
pub struct Python {
    who: &'static str,
    service: Program,
    _nameserver: Program,
}

/// A program that ends with its stdin.
struct Program {
    child: Child,
    endpoint: String,
}

impl Program {
    fn start(python: &Path, version: &str, arguments: &[&str]) -> Result<Self, String> {
        const ADDRESS_IN_USE: i32 = 98;
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
            let endpoint = format!("tcp://{}", free.map_err(|error| error.to_string())?);
            let mut command = Command::new(python);
            command.arg(originals().join("start.py")).args([version, arguments[0], "-a", &endpoint]);
            command.args(&arguments[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().map_err(|error| error.to_string())?;
            let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
            let mut line = String::new();
            let _ = output.read_line(&mut line);
            if line.trim() == "ready" {
                // What it says further is read and dropped, so that it never waits for a reader.
                std::thread::spawn(move || std::io::copy(&mut output.by_ref(), &mut std::io::sink()));
                return Ok(Self { child, endpoint });
            }
            let status = child.wait().map_err(|error| error.to_string())?;
            if status.code() != Some(ADDRESS_IN_USE) {
                return Err(format!("{version} does not start ({status})"));
            }
        }
        Err("no free port found".into())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn originals() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/originals")
}

impl Python {
    /// Installs the originals where they are not, and starts them.
    pub fn find() -> Result<Vec<Self>, String> {
        let install = Command::new("python3").arg(originals().join("install.py")).stderr(Stdio::null()).output();
        let installed =
            install.map_err(|_| "there is no python3 on the path; install CPython 3.8 to 3.13".to_owned())?;
        let output = String::from_utf8_lossy(&installed.stdout).into_owned();
        let python = output.lines().last().filter(|_| installed.status.success());
        let python = Path::new(python.ok_or("tests/originals/install.py failed; run it to see why")?);
        VERSIONS.into_iter().map(|(who, version)| Self::start(python, who, version)).collect()
    }

    fn start(python: &Path, who: &'static str, version: &str) -> Result<Self, String> {
        let nameserver = Program::start(python, version, &["nameserver"])?;
        let service = Program::start(python, version, &["demo", "-s", "/demo", "-n", &nameserver.endpoint])?;
        Ok(Self { who, service, _nameserver: nameserver })
    }
}

impl Peer for Python {
    fn who(&self) -> &'static str {
        self.who
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        let request = libzmq::request(&case, "org.pycom.demo", "echo");
        libzmq::drive(&self.service.endpoint, case, window, &request, Some(self.service.child.id()))
    }
}
