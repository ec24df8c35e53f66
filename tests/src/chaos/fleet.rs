//! The processes of the fleet, and what happens to them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use super::schedule::{Fault, Kind, Member, NAMESERVERS, SERVICES};
use crate::ports;
use crate::process::Process;
use crate::programs::{EXIT_USAGE, Service};

/// How often a member is started before the run is given up: a port may be taken by somebody else.
const STARTS: usize = 5;

/// How a member is started.
#[derive(Debug, Clone)]
struct Recipe {
    program: PathBuf,
    member: Member,
    nameservers: String,
    ledgers: PathBuf,
}

impl Recipe {
    fn start(&self, address: &str) -> Result<Service, Box<Process>> {
        let mut command = Command::new(&self.program);
        match self.member {
            Member::Nameserver(_) => {
                command.args(["nameserver", "-a", address]);
            }
            Member::Service(number) => {
                let ledger = self.ledgers.join(number.to_string());
                command.args(["service", "-a", address, "-s", &service_name(number), "-n", &self.nameservers]);
                command.arg("--ledger").arg(ledger);
            }
        }
        // Ours says where it serves; the rest would fill the memory of a long run.
        command.env("PYCOM_LOG", "warn,pycom::launch=info");
        Service::started(Process::start(command))
    }

    /// At `address`, or somewhere else if somebody has taken that port and the member may move.
    fn insist(&self, address: &str) -> Service {
        let mut address = address.to_owned();
        let mut stories = String::new();
        for _ in 0..STARTS {
            match self.start(&address) {
                Ok(service) => return service,
                Err(mut process) => {
                    let ended = process.wait();
                    stories.push_str(&process.story());
                    if ended.code() == Some(EXIT_USAGE) && matches!(self.member, Member::Service(_)) {
                        address = ports::free_address();
                    }
                }
            }
        }
        panic!("{} does not start:\n{stories}", self.member)
    }
}

/// The name of a service, by its number.
pub fn service_name(number: usize) -> String {
    format!("/com/foo/ledger/{number}")
}

/// Where a member is at present.
type Where = Arc<Mutex<String>>;

/// One member, and the thread that does to it what it is told.
#[derive(Debug)]
struct Kept {
    address: Where,
    faults: Option<mpsc::Sender<Fault>>,
    thread: Option<JoinHandle<Service>>,
}

impl Kept {
    fn of(recipe: Recipe, service: Service) -> Self {
        let address: Where = Arc::new(Mutex::new(service.address.clone()));
        let (faults, received) = mpsc::channel();
        let shared = address.clone();
        let thread = std::thread::spawn(move || {
            let mut service = service;
            for fault in received {
                service = disturb(&recipe, service, &fault);
                *shared.lock().unwrap_or_else(PoisonError::into_inner) = service.address.clone();
            }
            service
        });
        Self { address, faults: Some(faults), thread: Some(thread) }
    }
}

fn disturb(recipe: &Recipe, mut service: Service, fault: &Fault) -> Service {
    match fault.kind {
        Kind::Stop => {
            service.process.freeze();
            std::thread::sleep(fault.away);
            service.process.thaw();
            return service;
        }
        Kind::Kill => {
            service.process.kill();
            std::thread::sleep(fault.away);
        }
        Kind::Restart => {
            service.process.signal(libc::SIGTERM);
            let ended = service.process.wait();
            assert!(ended.success(), "a member that was told to end fails: {}", service.process.story());
        }
    }
    let address = if fault.moves { ports::free_address() } else { service.address.clone() };
    recipe.insist(&address)
}

/// All processes.
#[derive(Debug)]
pub struct Fleet {
    nameservers: Vec<Kept>,
    services: Vec<Kept>,
}

impl Fleet {
    /// Starts all members, as subcommands of the program that this is. Services write their ledgers into `ledgers`.
    ///
    /// # Panics
    ///
    /// Where one does not start.
    pub fn start(ledgers: &Path) -> Self {
        let program = std::env::current_exe().expect("this is a program");
        let recipe = |member, nameservers: &str| Recipe {
            program: program.clone(),
            member,
            nameservers: nameservers.into(),
            ledgers: ledgers.into(),
        };
        let kept = |recipe: Recipe| {
            let service = recipe.insist(&ports::free_address());
            Kept::of(recipe, service)
        };
        let nameservers: Vec<Kept> = (0..NAMESERVERS).map(|n| kept(recipe(Member::Nameserver(n), ""))).collect();
        let all = addresses(&nameservers).join(",");
        let services = (0..SERVICES).map(|n| kept(recipe(Member::Service(n), &all))).collect();
        Self { nameservers, services }
    }

    /// Where the nameservers are; they never move.
    pub fn nameservers(&self) -> Vec<String> {
        addresses(&self.nameservers)
    }

    /// Where the services are now, in the order of their names.
    pub fn services(&self) -> Vec<String> {
        addresses(&self.services)
    }

    /// Begins a fault. It takes its time; others may begin meanwhile.
    ///
    /// # Panics
    ///
    /// Where a member did not come back.
    pub fn disturb(&self, fault: &Fault) {
        let kept = match fault.member {
            Member::Nameserver(number) => &self.nameservers[number],
            Member::Service(number) => &self.services[number],
        };
        let told = kept.faults.as_ref().map(|faults| faults.send(fault.clone()));
        assert!(matches!(told, Some(Ok(()))), "{} did not come back", fault.member);
    }

    /// Waits until every fault is over: each member runs again.
    ///
    /// # Panics
    ///
    /// Where a member did not come back.
    pub fn heal(&mut self) -> Vec<Service> {
        let mut running = Vec::new();
        for kept in self.nameservers.iter_mut().chain(&mut self.services) {
            kept.faults = None;
            if let Some(thread) = kept.thread.take() {
                running.push(thread.join().expect("every member comes back"));
            }
        }
        running
    }
}

fn addresses(members: &[Kept]) -> Vec<String> {
    members.iter().map(|kept| kept.address.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
}
