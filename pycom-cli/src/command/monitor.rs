//! `pycom monitor`: calls as they pass through services that allow it.

use std::process::ExitCode;
use std::time::Duration;

use pycom::stat::{CallRecord, StatClient};
use pycom::{Client, Component, Error};
use tokio::sync::mpsc;

use super::print;
use super::top::time;
use crate::cli::{Global, Monitor};
use crate::failure::{Exit, Failure, Result};
use crate::near;
use crate::network::{Network, Service};
use crate::terminal::{self, Style, safe};

/// How long a service is asked to wait for the next call.
const WAIT: Duration = Duration::from_secs(15);

/// What is added to that for the answer.
const MARGIN: Duration = Duration::from_secs(5);

/// So that a service with many calls is asked for many at a time.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers that may wait to be written.
const QUEUE: usize = 16;

/// What comes from a service that is looked at.
enum Heard {
    Calls { service: String, records: Vec<CallRecord>, missed: u64 },
    Ended { service: String, error: Error },
}

pub async fn run(global: &Global, monitor: Monitor) -> Result<ExitCode> {
    let network = Network::new(global)?;
    let (services, interface) = wanted(&network, monitor.target.as_deref()).await?;
    let (hear, mut heard) = mpsc::channel(QUEUE);
    for service in services {
        let Some(address) = &service.address else { continue };
        let component = network.context.connect(address, pycom::stat::INTERFACE)?.with_timeout(WAIT + MARGIN);
        tokio::spawn(look(component, service.service, monitor.payloads, hear.clone()));
    }
    drop(hear);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let (mut seen, mut last) = (0, None);
    let style = terminal::stdout();
    loop {
        let heard = tokio::select! {
            _ = &mut interrupted => return Ok(ExitCode::SUCCESS),
            heard = heard.recv() => heard,
        };
        match heard {
            Some(Heard::Calls { service, records, missed }) => {
                if missed > 0 {
                    eprintln!("{}: {missed} calls came too fast to be shown", safe(&service));
                }
                for record in records {
                    if interface.as_ref().is_some_and(|interface| record.interface != *interface) {
                        continue;
                    }
                    if global.json {
                        let mut json = serde_json::json!(record);
                        json["service"] = service.as_str().into();
                        print([json.to_string()])?;
                    } else {
                        print(lines(&service, &record, style))?;
                    }
                    seen += 1;
                    if monitor.count == Some(seen) {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
            }
            Some(Heard::Ended { service, error }) => {
                eprintln!("{}: {}", safe(&service), safe(&why(&error)));
                last = Some(error);
            }
            None => break,
        }
    }
    let exit = last.as_ref().map_or(Exit::NotFound, Exit::of);
    Err(Failure::new(exit, "no service is left that shows its calls"))
}

/// The services to look at, and the interface whose calls are wanted.
async fn wanted(network: &Network, target: Option<&str>) -> Result<(Vec<Service>, Option<String>)> {
    let services = network.services().await?;
    let Some(target) = target else { return Ok((services, None)) };
    let names: Vec<String> =
        services.iter().flat_map(|service| service.interfaces.iter().chain([&service.service])).cloned().collect();
    let is_name = target.starts_with('/');
    let chosen: Vec<Service> = services
        .into_iter()
        .filter(|service| match is_name {
            true => service.service == target,
            false => service.interfaces.iter().any(|interface| interface == target),
        })
        .collect();
    if chosen.is_empty() {
        let hint = near::hint(target, names.iter().map(String::as_str));
        return Err(Failure::not_found(safe(&format!("there is no '{target}'{hint}"))));
    }
    Ok((chosen, (!is_name).then(|| target.to_owned())))
}

/// Looks at one service until it does not answer any more, or nobody listens.
async fn look(component: Component, service: String, payloads: bool, hear: mpsc::Sender<Heard>) {
    let client = StatClient::from_component(component);
    let mut cursor = None;
    let error = loop {
        let wait = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
        let passed = match client.monitor(cursor, Some(wait), Some(payloads)).await {
            Ok(passed) => passed,
            Err(error) => break error,
        };
        if cursor.is_none() {
            eprintln!("looking at {}", safe(&service));
        }
        cursor = Some(passed.cursor);
        if passed.records.is_empty() && passed.missed == 0 {
            continue;
        }
        let calls = Heard::Calls { service: service.clone(), records: passed.records, missed: passed.missed };
        if hear.send(calls).await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    };
    let _ = hear.send(Heard::Ended { service, error }).await;
}

fn why(error: &Error) -> String {
    match error {
        Error::AccessDenied(_) => error.text().unwrap_or_default().to_owned(),
        Error::BadRequest(_) | Error::MethodNotFound(_) | Error::Unknown(_) => "it has no way to show its calls".into(),
        error => error.to_string(),
    }
}

fn lines(service: &str, call: &CallRecord, style: Style) -> Vec<String> {
    let outcome = match call.code {
        0 => style.good("ok"),
        code => style.error(&format!("error {code}")),
    };
    let mut lines = vec![format!(
        "{} {} {} {outcome} {} {}B>{}B {}",
        clock(call.start),
        safe(service),
        style.name(&safe(&format!("{}.{}", call.interface, call.method))),
        time(Some(call.duration * 1e6)),
        call.bytes_in,
        call.bytes_out,
        style.faint(&safe(&call.peer)),
    )];
    for (mark, payload) in [(">", &call.args), ("<", &call.answer)] {
        lines.extend(payload.as_ref().map(|payload| format!("  {mark} {}", safe(payload))));
    }
    lines
}

/// The time of day, in UTC.
fn clock(seconds: f64) -> String {
    let of_day = seconds.rem_euclid(86_400.0);
    let (hours, minutes) = ((of_day / 3600.0) as u32, (of_day / 60.0) as u32 % 60);
    format!("{hours:02}:{minutes:02}:{:06.3}", (of_day % 60.0 * 1000.0).floor() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_line_and_its_payloads_are_more() {
        let call = serde_json::json!({
            "interface": "com.foo.example", "method": "create", "start": 1_700_000_000.25, "duration": 0.00125,
            "code": 17, "bytes_in": 100, "bytes_out": 45, "peer": "ab\u{1b}c", "args": "42", "answer": "{}",
        });
        let call: CallRecord = serde_json::from_value(call).unwrap();
        assert_eq!(
            lines("/com/foo/svc", &call, Style::PLAIN),
            [
                "22:13:20.250 /com/foo/svc com.foo.example.create error 17 1.25ms 100B>45B ab\\u{1b}c",
                "  > 42",
                "  < {}"
            ]
        );
    }

    #[test]
    fn the_clock_is_that_of_the_day() {
        assert_eq!(clock(0.0), "00:00:00.000");
        assert_eq!(clock(86_399.999_9), "23:59:59.999");
    }
}
