//! The Python originals: where they are, and their services, running (`originals/README.md` has what they need).

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::ports;
use crate::process::Process;
use crate::python_client::PythonClient;

/// Exit code of `start.py` where its port is taken.
const ADDRESS_IN_USE: i32 = 98;

/// How often a service of 0.6.0 registers again: sooner than by itself, so that nobody has to wait for it.
const RENEWAL: Duration = Duration::from_secs(1);

/// How often another port is tried.
const TRIES: usize = 20;

/// Which original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 0.4.1
    V041,
    /// 0.6.0
    V060,
}

impl Version {
    /// As `start.py` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V041 => "0.4.1",
            Version::V060 => "0.6.0",
        }
    }
}

/// The installed originals: a Python that has all they need.
#[derive(Debug, Clone, Copy)]
pub struct Originals {
    python: &'static str,
}

impl Originals {
    /// Finds them; installs them first if need be, once for all tests.
    ///
    /// Without a Python the test that asks is skipped, loudly, and this is `None`: a machine without one can still run
    /// all the others.
    ///
    /// # Panics
    ///
    /// Without a Python where there must be one: with `CI=true` or `PYCOM_REQUIRE_PYTHON=1`.
    pub fn find() -> Option<Self> {
        static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
        match FOUND.get_or_init(install) {
            Ok(python) => Some(Self { python }),
            Err(reason) => {
                let test = std::thread::current();
                let text = format!("{}: needs CPython 3.8 or later; {reason}", test.name().unwrap_or("a test"));
                let set = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
                assert!(!set("CI", "true") && !set("PYCOM_REQUIRE_PYTHON", "1"), "{text}");
                // Not by eprintln: the harness would keep that to itself.
                let _ = writeln!(std::io::stderr(), "SKIPPED: {text}");
                None
            }
        }
    }

    /// `start.py` for one version and role.
    fn command(self, version: Version, role: &str) -> Command {
        let mut command = Command::new(self.python);
        command.arg(script("start.py")).args([version.as_str(), role]);
        command
    }

    /// Starts a nameserver.
    pub fn nameserver(self, version: Version) -> PythonService {
        self.service(version, "nameserver", &[])
    }

    /// Starts the probe, which has the demo's interface too, under this name.
    pub fn probe(self, version: Version, nameserver: &str, service: &str) -> PythonService {
        let renewal = RENEWAL.as_millis().to_string();
        self.service(version, "probe", &["-s", service, "-n", nameserver, "--renewal", &renewal])
    }

    fn service(self, version: Version, role: &str, arguments: &[&str]) -> PythonService {
        for _ in 0..TRIES {
            let address = ports::free_address();
            let mut command = self.command(version, role);
            command.args(["-a", &address]).args(arguments);
            let mut process = Process::start(command);
            if process.stdout().find(0, |line| (line == "ready").then_some(())).is_some() {
                return PythonService { address, process };
            }
            assert_eq!(process.wait().code(), Some(ADDRESS_IN_USE), "{}", process.story());
        }
        panic!("no free port was found in {TRIES} tries")
    }

    /// Starts a client.
    pub fn client(self, version: Version) -> PythonClient {
        PythonClient::new(Process::start(self.command(version, "client")))
    }
}

/// A service of an original, bound and registered.
#[derive(Debug)]
pub struct PythonService {
    /// Where it is.
    pub address: String,
    /// Its process.
    pub process: Process,
}

fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "originals", name].iter().collect()
}

/// Runs `install.py`, which waits for others that do the same; gives the Python to use, or why there is none.
fn install() -> Result<String, String> {
    let chosen = std::env::var("PYCOM_PYTHON").ok();
    let candidates = chosen.as_deref().map_or_else(|| vec!["python3", "python"], |python| vec![python]);
    let mut reasons = Vec::new();
    for candidate in candidates {
        match Command::new(candidate).arg(script("install.py")).output() {
            Ok(run) if run.status.success() => {
                let last = String::from_utf8_lossy(&run.stdout).lines().last().map(str::to_owned);
                return last.ok_or_else(|| "install.py named no python".into());
            }
            Ok(run) => {
                let said = String::from_utf8_lossy(&run.stderr);
                reasons.push(format!("{candidate}: {}", said.lines().last().unwrap_or("install.py failed")));
            }
            Err(error) => reasons.push(format!("{candidate}: {error}")),
        }
    }
    Err(format!("{}; name another Python with PYCOM_PYTHON", reasons.join("; ")))
}
