//! `pycom nameserver`, `pycom demo`, and `pycom up`, which is both.

use std::ffi::OsString;
use std::process::ExitCode;

use pycom::{Launcher, Server};
use pycom_nameserver::Nameserver;

use super::print;
use crate::cli::{Global, Service, Up};
use crate::demo;
use crate::failure::Result;
use crate::terminal;

/// A service that is part of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Nameserver,
    Demo,
}

impl Part {
    /// The part that a subcommand stands for.
    pub fn from_name(name: &std::ffi::OsStr) -> Option<Self> {
        match name.to_str()? {
            "nameserver" => Some(Part::Nameserver),
            "demo" => Some(Part::Demo),
            _ => None,
        }
    }
}

/// What was said before the name of the service is for it, too.
pub fn with_global(global: &Global, service: Service) -> Vec<OsString> {
    let mut words = Vec::new();
    if let Some(nameserver) = &global.nameserver {
        words.extend(["-n".into(), nameserver.into()]);
    }
    words.extend(service.flags);
    words
}

/// Runs a service as its own program would.
pub fn launch(part: Part, words: Vec<OsString>) -> Result<ExitCode> {
    super::wait_side_by_side(async {
        match part {
            Part::Nameserver => {
                pycom_nameserver::launch(Launcher::new().command_line("pycom nameserver", words)).await?;
            }
            Part::Demo => {
                let launcher = Launcher::new().command_line("pycom demo", words);
                let launcher = launcher.about("A PyCOM service to play with").default_service(demo::SERVICE);
                launcher.launch(demo::offers()).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Runs a nameserver and the demo service until Ctrl-C.
pub async fn up(up: &Up) -> Result<ExitCode> {
    let nameserver = Server::new().offer(Nameserver::alone()).service(pycom_nameserver::SERVICE);
    let nameserver = nameserver.limits(pycom_nameserver::limits()).bind(&up.address).await?;
    let address = nameserver.advertised().to_string();
    let service = Server::new().offer(demo::offers()).service(demo::SERVICE).nameserver(&address);
    let service = service.bind("tcp://127.0.0.1:0").await?;
    print(welcome(&address, &service.address().to_string()))?;
    end().await;
    service.stop().await;
    nameserver.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// What to try next.
fn welcome(nameserver: &str, service: &str) -> Vec<String> {
    let style = terminal::stdout();
    let export = (nameserver != pycom_nameserver::ADDRESS).then(|| format!("export PYCOM_NAMESERVER={nameserver}"));
    let tries = [
        "pycom list",
        "pycom describe com.foo.example",
        "pycom call com.foo.example split text=hello at=2",
        "pycom call com.foo.example measure points='[{\"x\": 0, \"y\": 0}, {\"x\": 3, \"y\": 4}]' way=streets",
        "pycom bench com.foo.example create 42 -d 3s",
    ];
    let mut lines = vec![
        format!("nameserver  {nameserver}"),
        format!("{}  {service}", demo::SERVICE),
        String::new(),
        style.heading("Try, in another terminal:"),
    ];
    lines.extend(export.iter().map(String::as_str).chain(tries).map(|line| format!("  {line}")));
    lines.extend([String::new(), "Ctrl-C ends both.".to_owned()]);
    lines
}

/// Waits for SIGINT or SIGTERM.
async fn end() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
