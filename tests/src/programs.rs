//! The nameserver, the probe and the demo of this workspace, running as processes.

use std::path::PathBuf;
use std::process::Command;

use crate::ports;
use crate::process::Process;

/// Exit code of our programs for what the user can mend: a port in use is one of these.
pub const EXIT_USAGE: i32 = 2;

/// How often another port is tried.
const TRIES: usize = 20;

/// A program of this workspace, as the present build has made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `pycom-nameserver`
    Nameserver,
    /// `probe`: `com.foo.example`, `com.foo.counter`, `com.foo.blob`, `org.pycom.demo`
    Probe,
    /// `demo`: `org.pycom.demo`
    Demo,
    /// `doorman`: `com.foo.doorman`, whose calls end when the test says so
    Doorman,
}

impl Program {
    /// Where it is: beside the directory of the test's own executable, where cargo puts the programs of this package.
    ///
    /// # Panics
    ///
    /// Where it is not.
    pub fn path(self) -> PathBuf {
        let name = match self {
            Program::Nameserver => "nameserver-under-test",
            Program::Probe => "probe",
            Program::Demo => "demo-under-test",
            Program::Doorman => "doorman",
        };
        let test = std::env::current_exe().expect("this test is a program");
        let target = test.ancestors().nth(2).expect("cargo runs tests from target/PROFILE/deps");
        let path = target.join(name).with_extension(std::env::consts::EXE_EXTENSION);
        assert!(path.exists(), "no {}: run this with cargo test -p tests, which builds it", path.display());
        path
    }

    /// It, to be given arguments.
    pub fn command(self) -> Command {
        Command::new(self.path())
    }

    /// Starts it with these arguments, listening at a port that the system chooses.
    ///
    /// # Panics
    ///
    /// Where it does not get so far as to serve.
    pub fn serve(self, arguments: &[&str]) -> Service {
        self.try_serve("tcp://127.0.0.1:0", arguments).unwrap_or_else(|process| panic!("{}", process.story()))
    }

    /// Starts it at an address of its own, to which it can come back: nobody else is given the port meanwhile.
    ///
    /// # Panics
    ///
    /// Where it does not get so far as to serve.
    pub fn serve_at_fixed_port(self, arguments: &[&str]) -> Service {
        for _ in 0..TRIES {
            match self.try_serve(&ports::free_address(), arguments) {
                Ok(service) => return service,
                Err(mut process) => assert_eq!(process.wait().code(), Some(EXIT_USAGE), "{}", process.story()),
            }
        }
        panic!("no free port was found in {TRIES} tries")
    }

    /// Starts it at `address`.
    ///
    /// # Errors
    ///
    /// The process, ended, where it does not get so far as to serve.
    pub fn try_serve(self, address: &str, arguments: &[&str]) -> Result<Service, Box<Process>> {
        let mut command = self.command();
        command.args(["-a", address]).args(arguments);
        Service::started(Process::start(command))
    }
}

/// A service of ours, bound and registered.
#[derive(Debug)]
pub struct Service {
    /// Where it is.
    pub address: String,
    /// Its process.
    pub process: Process,
}

impl Service {
    /// Waits until a program that uses the launcher serves.
    ///
    /// # Errors
    ///
    /// The process, ended, where it does not get so far.
    pub fn started(process: Process) -> Result<Self, Box<Process>> {
        // The launcher says where it listens once it does, and has registered.
        let address = process.stderr().find(0, |line| {
            let (_, rest) = line.split_once(" serving ")?;
            rest.split_whitespace().find_map(|field| field.strip_prefix("address=")).map(str::to_owned)
        });
        match address {
            Some((address, _)) => Ok(Self { address, process }),
            None => Err(Box::new(process)),
        }
    }
}

/// A nameserver and a probe that is registered with it.
#[derive(Debug)]
pub struct Network {
    /// The nameserver, `/org/pycom/nameserver`.
    pub nameserver: Service,
    /// The probe, `/com/foo/probe`.
    pub probe: Service,
}

impl Network {
    /// Starts both.
    pub fn start() -> Self {
        let nameserver = Program::Nameserver.serve(&[]);
        let probe = Program::Probe.serve(&["-s", "/com/foo/probe", "-n", &nameserver.address]);
        Self { nameserver, probe }
    }
}
