//! `pycom list`: what there is.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use super::{print, print_json};
use crate::cli::{Global, List};
use crate::failure::Result;
use crate::network::{Network, Service};
use crate::table::Table;
use crate::terminal::{self, safe};

pub async fn run(global: &Global, list: &List) -> Result<ExitCode> {
    let network = Network::new(global)?;
    if list.watch {
        return watch(&network, list, global.json).await;
    }
    let services = matching(network.services().await?, list.pattern.as_deref());
    if global.json {
        print_json(&services)?;
    } else if services.is_empty() {
        let what = list.pattern.as_deref().map_or("no services yet".to_owned(), |p| format!("nothing like '{p}'"));
        eprintln!("the nameserver at {} knows {what}", network.choice.nameserver);
    } else {
        let width = terminal::width();
        let wide = table(&services, " ");
        let fits = width.is_none_or(|width| wide.natural_width() <= width);
        let table = if fits { wide } else { table(&services, "\n") };
        print(table.lines(terminal::stdout(), width))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The services whose name, or one of whose interfaces, has the pattern in it.
fn matching(services: Vec<Service>, pattern: Option<&str>) -> Vec<Service> {
    let Some(pattern) = pattern else { return services };
    let parts: Vec<&str> = pattern.split('*').collect();
    let fits = |name: &str| {
        let mut rest = name;
        parts.iter().all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    };
    services.into_iter().filter(|s| fits(&s.service) || s.interfaces.iter().any(|name| fits(name))).collect()
}

/// The table, with this between the interfaces of a service: a line end gives each a row.
fn table(services: &[Service], between: &str) -> Table {
    let with_age = services.iter().any(|service| service.age.is_some());
    let mut table = match with_age {
        true => Table::new(&["SERVICE", "INTERFACES", "ADDRESS", "AGE"]),
        false => Table::new(&["SERVICE", "INTERFACES", "ADDRESS"]),
    };
    for service in services {
        let interfaces: Vec<String> = service.interfaces.iter().map(|name| safe(name)).collect();
        let interfaces = interfaces.join(between);
        let mut rows = interfaces.split('\n');
        let first = rows.next().unwrap_or_default().to_owned();
        let mut row = vec![safe(&service.service), first, safe(service.address.as_deref().unwrap_or("-"))];
        if with_age {
            row.push(service.age.map_or("-".into(), age));
        }
        table.row(row);
        rows.for_each(|interface| table.row(vec![String::new(), interface.to_owned()]));
    }
    table
}

/// Seconds as `12s`, `5m`, `3h`, `2d`.
fn age(seconds: f64) -> String {
    match seconds.max(0.0) as u64 {
        s @ 0..120 => format!("{s}s"),
        s @ 120..7200 => format!("{}m", s / 60),
        s @ 7200..172_800 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// Shows what is there, then what comes, goes and changes, until Ctrl-C.
async fn watch(network: &Network, list: &List, json: bool) -> Result<ExitCode> {
    let style = terminal::stdout();
    let mut known: BTreeMap<String, Service> = BTreeMap::new();
    let mut reachable = true;
    let mut every = tokio::time::interval(list.every.max(Duration::from_millis(10)));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            _ = &mut interrupted => return Ok(ExitCode::SUCCESS),
            _ = every.tick() => {}
        }
        let services = tokio::select! {
            _ = &mut interrupted => return Ok(ExitCode::SUCCESS),
            services = network.services() => services,
        };
        let services = match services {
            Ok(services) => matching(services, list.pattern.as_deref()),
            Err(failure) => {
                if std::mem::replace(&mut reachable, false) {
                    failure.print();
                }
                continue;
            }
        };
        if !std::mem::replace(&mut reachable, true) {
            eprintln!("the nameserver at {} answers again", network.choice.nameserver);
        }
        let now: BTreeMap<String, Service> = services.into_iter().map(|s| (s.service.clone(), s)).collect();
        for change in changes(&known, &now) {
            let line = if json { change.json().to_string() } else { change.line(style) };
            print([line])?;
        }
        known = now;
    }
}

struct Change<'s> {
    what: What,
    service: &'s Service,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Came,
    Went,
    Changed,
}

impl Change<'_> {
    fn line(&self, style: terminal::Style) -> String {
        let mark = match self.what {
            What::Came => style.good("+"),
            What::Went => style.error("-"),
            What::Changed => style.kind("~"),
        };
        let service = self.service;
        let address = service.address.as_deref().unwrap_or("-");
        format!("{mark} {}  {}  {}", safe(&service.service), safe(&service.interfaces.join(" ")), safe(address))
    }

    fn json(&self) -> serde_json::Value {
        let event = match self.what {
            What::Came => "came",
            What::Went => "went",
            What::Changed => "changed",
        };
        let service = self.service;
        serde_json::json!({
            "event": event, "service": service.service, "address": service.address, "interfaces": service.interfaces,
        })
    }
}

/// What differs between two looks; the age always does, and does not count.
fn changes<'s>(before: &'s BTreeMap<String, Service>, now: &'s BTreeMap<String, Service>) -> Vec<Change<'s>> {
    let differs = |a: &Service, b: &Service| a.address != b.address || a.interfaces != b.interfaces;
    let gone = before.iter().filter(|(name, _)| !now.contains_key(*name)).map(|(_, service)| (What::Went, service));
    let here = now.iter().filter_map(|(name, service)| match before.get(name) {
        None => Some((What::Came, service)),
        Some(old) if differs(old, service) => Some((What::Changed, service)),
        Some(_) => None,
    });
    gone.chain(here).map(|(what, service)| Change { what, service }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, interface: &str) -> Service {
        Service { service: name.into(), interfaces: vec![interface.into()], ..Service::default() }
    }

    #[test]
    fn a_pattern_is_a_part_of_a_name() {
        let all = || vec![service("/com/foo/a", "com.foo.x"), service("/com/foo/b", "com.foo.y")];
        let found = |pattern| {
            let found = matching(all(), Some(pattern));
            found.into_iter().map(|s| s.service).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("foo/b"), "/com/foo/b");
        assert_eq!(found("foo.x"), "/com/foo/a");
        assert_eq!(found("com*x"), "/com/foo/a");
        assert_eq!(found("zzz"), "");
    }

    #[test]
    fn changes_are_what_came_went_and_moved() {
        let map = |list: Vec<Service>| list.into_iter().map(|s| (s.service.clone(), s)).collect::<BTreeMap<_, _>>();
        let before = map(vec![service("/a", "x"), service("/b", "x"), service("/c", "x")]);
        let now = map(vec![service("/b", "y"), service("/c", "x"), service("/d", "x")]);
        let changes: Vec<_> = changes(&before, &now).iter().map(|c| (c.what, c.service.service.clone())).collect();
        assert_eq!(
            changes,
            [(What::Went, "/a".to_owned()), (What::Changed, "/b".to_owned()), (What::Came, "/d".to_owned())]
        );
    }

    #[test]
    fn interfaces_get_rows_of_their_own_where_the_terminal_is_narrow() {
        let one = Service { interfaces: vec!["com.foo.x".into(), "com.foo.y".into()], ..service("/a", "") };
        let lines = table(&[one], "\n").lines(terminal::Style::PLAIN, None);
        assert_eq!(lines[1..], ["/a       com.foo.x   -", "         com.foo.y"]);
    }

    #[test]
    fn ages_are_short() {
        assert_eq!([age(5.9), age(600.0), age(10_000.0), age(1e6)].join(" "), "5s 10m 2h 11d");
    }
}
