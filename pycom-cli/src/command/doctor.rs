//! `pycom doctor`: each thing that can be wrong, checked from here.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pycom::stat::StatClient;
use pycom::{Address, Component, Error};
use serde::Serialize;

use super::{print, print_json};
use crate::cli::Global;
use crate::failure::{Exit, Result, reason};
use crate::network::{self, Network, Service};
use crate::settings::{self, Settings};
use crate::terminal::{self, safe};

/// Services asked at once.
const AT_ONCE: usize = 16;

/// Open files below which a busy service runs out of them.
const FEW_FILES: u64 = 1024;

/// Seconds by which clocks may differ.
const CLOCKS_AGREE: f64 = 2.0;

/// What was looked at, and what was found.
#[derive(Debug, Serialize)]
struct Check {
    /// `ok`, `wrong`, or `note` for what is neither.
    state: State,
    what: String,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Wrong,
    Note,
}

impl Check {
    fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into(), found: found.into(), remedy: None }
    }

    fn note(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { state: State::Note, ..Self::ok(what, found) }
    }

    fn wrong(what: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Wrong, remedy: Some(remedy.into()), ..Self::ok(what, found) }
    }

    fn line(&self, style: terminal::Style) -> String {
        let mark = match self.state {
            State::Ok => style.good("ok   "),
            State::Wrong => style.error("wrong"),
            State::Note => style.faint("note "),
        };
        let remedy = self.remedy.as_ref().map_or(String::new(), |remedy| format!("; {remedy}"));
        format!("{mark} {}: {}{}", safe(&self.what), safe(&self.found), safe(&remedy))
    }
}

pub async fn run(global: &Global) -> Result<ExitCode> {
    let mut checks = vec![configuration(), open_files()];
    match Network::new(global) {
        Ok(network) => checks.extend(nameservers(&network).await),
        Err(failure) => checks.push(Check::wrong("nameserver", failure.to_string(), "give another with -n")),
    }
    if global.json {
        print_json(&checks)?;
    } else {
        let style = terminal::stdout();
        print(checks.iter().map(|check| check.line(style)))?;
    }
    let wrong = checks.iter().any(|check| check.state == State::Wrong);
    Ok(if wrong { Exit::Application.into() } else { ExitCode::SUCCESS })
}

fn configuration() -> Check {
    let path = Settings::path().map_or("-".to_owned(), |path| path.display().to_string());
    match Settings::read() {
        Ok(settings) if settings.contexts.is_empty() => Check::ok("configuration", "no contexts"),
        Ok(settings) => Check::ok("configuration", format!("{} contexts in {path}", settings.contexts.len())),
        Err(failure) => Check::wrong("configuration", failure.to_string(), format!("edit {path}")),
    }
}

/// How many files, sockets among them, a program started from here may have open.
fn open_files() -> Check {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call writes the struct it is given, and nothing else.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let (now, most) = (limit.rlim_cur, limit.rlim_max);
    match asked {
        0 if now == libc::RLIM_INFINITY => Check::ok("open files", "no limit"),
        0 if now < FEW_FILES => Check::wrong(
            "open files",
            format!("{now} at most, a connection takes one or two"),
            format!("raise it with ulimit -n {}", FEW_FILES.min(most)),
        ),
        0 => Check::ok("open files", format!("{now} at most")),
        _ => Check::note("open files", "the limit cannot be read"),
    }
}

/// How far the clock of a service is ahead of ours, in seconds, where it tells.
async fn ahead(network: &Network, service: &Service) -> Option<(String, f64)> {
    let client = StatClient::connect(&network.context, service.address.as_deref()?).ok()?;
    let ours = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let before = ours();
    let clock = client.stat(None).await.ok()?.clock;
    Some((service.service.clone(), clock - (before + ours()) / 2.0))
}

/// What the clocks of services say, beside ours.
fn clocks(ahead: &[(String, f64)]) -> Check {
    let Some((service, most)) = ahead.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) else {
        return Check::note("clocks", "not compared: no service tells its time, and no call depends on it");
    };
    if most.abs() <= CLOCKS_AGREE {
        return Check::ok("clocks", format!("those of {} services agree with this one", ahead.len()));
    }
    let way = if *most > 0.0 { "ahead of" } else { "behind" };
    let found = format!("that of {service} is {:.0} s {way} this one", most.abs());
    Check::wrong("clocks", found, "set both by NTP: calls do not depend on it, but logs and traces do not fit together")
}

async fn nameservers(network: &Network) -> Vec<Check> {
    let mut checks =
        vec![Check::note("nameserver", format!("{} ({})", network.choice.nameserver, source(&network.choice)))];
    let nameservers = match network.nameservers() {
        Ok(nameservers) => nameservers,
        Err(failure) => {
            checks.push(Check::wrong("nameserver", failure.to_string(), "give another with -n"));
            return checks;
        }
    };
    let mut services: Option<Vec<Service>> = None;
    for nameserver in nameservers {
        let what = format!("nameserver {}", nameserver.address());
        if let Some(check) = resolve(&what, &nameserver.address()).await {
            checks.push(check);
            continue;
        }
        let started = Instant::now();
        match network::list(&nameserver).await {
            Ok(listed) => {
                let took = started.elapsed();
                checks.push(Check::ok(what.as_str(), answers(&nameserver, took, listed.len()).await));
                checks.extend(store(&nameserver).await);
                services.get_or_insert(listed);
            }
            Err(error @ Error::ServiceNotAvailable(_)) => {
                let remedy = "start one with pycom-nameserver, or name another with -n";
                checks.push(Check::wrong(what, reason(&error), remedy));
            }
            Err(error @ Error::Timeout { .. }) => {
                checks.push(Check::wrong(
                    what,
                    reason(&error),
                    "see whether it is stopped, or a firewall drops packets",
                ));
            }
            Err(error) => checks.push(Check::wrong(what, reason(&error), "see whether it is a nameserver at all")),
        }
    }
    let remote = network.choice.nameserver.split(',').all(|address| !is_loopback(address.trim()));
    let mut told = Vec::new();
    for chunk in services.unwrap_or_default().chunks(AT_ONCE) {
        checks.extend(network::join_all(chunk.iter().map(|service| check(network, service, remote))).await);
        told.extend(network::join_all(chunk.iter().map(|service| ahead(network, service))).await.into_iter().flatten());
    }
    checks.push(clocks(&told));
    checks
}

fn source(choice: &settings::Choice) -> &str {
    match &*choice.source {
        "default" => "by default",
        other => other,
    }
}

/// Which nameserver it is, and how it answers.
async fn answers(nameserver: &Component, took: Duration, services: usize) -> String {
    let version = match nameserver.invoke("stat", serde_json::json!({})).await {
        Ok(stat) => stat.get("version").and_then(|version| version.as_str()).map(str::to_owned),
        Err(_) => None,
    };
    let ours = env!("CARGO_PKG_VERSION");
    let version = match version {
        Some(version) if version == ours => format!("version {version}"),
        Some(version) => format!("version {version}, this is {ours}"),
        None => "an original of Python".to_owned(),
    };
    format!("answers in {:.1} ms, {version}, knows {services} services", took.as_secs_f64() * 1e3)
}

/// How the store of a nameserver is, where it has one.
async fn store(nameserver: &Component) -> Option<Check> {
    let stat = nameserver.invoke("stat", serde_json::json!({})).await.ok()?;
    let store = stat.get("store").filter(|store| !store.is_null())?;
    let text = |key: &str| store[key].as_str().unwrap_or("-").to_owned();
    let what = format!("store of {}", nameserver.address());
    let found = format!(
        "{} at {}, leader {}, revision {}, {} nameservers over it",
        text("kind"),
        text("endpoint"),
        text("leader"),
        store["revision"],
        store["fronts"]
    );
    let remedy = "see whether a majority of its nodes runs, and can be reached from there";
    Some(match (store["loaded"].as_bool(), store["stale"].as_f64()) {
        (Some(true), None) => Check::ok(what, found),
        (Some(true), Some(stale)) => Check::wrong(what, format!("away for {stale:.0} s; {found}"), remedy),
        _ => Check::wrong(what, "not read yet: the nameserver knows nothing", remedy),
    })
}

/// What is wrong with the name of a host, if anything is.
async fn resolve(what: &str, address: &Address) -> Option<Check> {
    let text = address.to_string();
    let (host, _) = text.strip_prefix("tcp://")?.rsplit_once(':')?;
    let host = host.trim_matches(['[', ']']);
    let look_up = async { tokio::net::lookup_host((host, 0)).await.map(Iterator::count) };
    let looked_up = tokio::time::timeout(Duration::from_secs(5), look_up).await;
    let remedy = format!("write an address in place of '{host}', or mend its entry in DNS or /etc/hosts");
    match looked_up {
        Ok(Ok(1..)) => None,
        Ok(Err(error)) => Some(Check::wrong(what, format!("the name '{host}' does not resolve: {error}"), remedy)),
        Ok(Ok(0)) => Some(Check::wrong(what, format!("the name '{host}' resolves to nothing"), remedy)),
        Err(_) => Some(Check::wrong(what, format!("the name '{host}' does not resolve in 5 s"), remedy)),
    }
}

fn is_loopback(address: &str) -> bool {
    let host = address.strip_prefix("tcp://").unwrap_or(address);
    host.starts_with("127.") || host.starts_with("localhost:") || host.starts_with("[::1]")
}

/// Whether a service answers from here, at the address it has registered.
async fn check(network: &Network, service: &Service, nameserver_is_remote: bool) -> Check {
    let what = format!("service {}", service.service);
    let Some(text) = &service.address else {
        return Check::wrong(what, "the nameserver does not say where it is", "start it again");
    };
    let Some(interface) = service.interfaces.first() else {
        return Check::note(what, "offers no interface");
    };
    let component = match network.context.connect(text, interface) {
        Ok(component) => component,
        Err(error) => return Check::wrong(what, error.to_string(), "start it with another --advertise"),
    };
    if let Some(check) = resolve(&what, &component.address()).await {
        return check;
    }
    let started = Instant::now();
    let outcome = component.introspect().await;
    let took = started.elapsed().as_secs_f64() * 1e3;
    match outcome {
        Ok(description) => {
            let version = description.version.map_or(String::new(), |version| format!(", version {version}"));
            Check::ok(what, format!("answers at {text} in {took:.1} ms{version}"))
        }
        Err(error) if nameserver_is_remote && is_loopback(text) => Check::wrong(
            what,
            format!("is registered at {text}, which only its own machine can reach: {}", reason(&error)),
            "start it with --advertise HOST",
        ),
        Err(error @ Error::ServiceNotAvailable(_)) => {
            let remedy = "start it again, or let ports through the firewall, or start it with another --advertise";
            Check::wrong(what, format!("nobody answers at {text}: {}", reason(&error)), remedy)
        }
        Err(error @ Error::Timeout { .. }) => Check::wrong(
            what,
            format!("no answer from {text}: {}", reason(&error)),
            "see whether it is stopped or overloaded",
        ),
        // It answered, if only to refuse.
        Err(error) => {
            Check::ok(what, format!("answers at {text} in {took:.1} ms, does not describe itself: {}", reason(&error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_named() {
        let told = |ahead: f64| [("/com/foo/a".to_owned(), 0.1), ("/com/foo/b".to_owned(), ahead)];
        assert_eq!(clocks(&told(-0.5)).found, "those of 2 services agree with this one");
        assert_eq!(clocks(&told(-90.0)).found, "that of /com/foo/b is 90 s behind this one");
        assert_eq!((clocks(&told(5.0)).state, clocks(&[]).state), (State::Wrong, State::Note));
    }
}
