//! Growth: what calls cost, and how much memory is held, as interfaces, clients, services and sessions become many.
//!
//! Everything runs in this one process, so that memory is that of both sides together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::peers::pycom::{Echo, EchoClient};
use benches::process;
use benches::runtime::{Server, client};
use clap::Parser;
use pycom::{Client, Context, InterfaceBuilder, MethodBuilder, Request, SessionLimits};
use pycom_nameserver::registry::{Limits, Registration, Registry, Terms, Upkeep};
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Measures how ours bears growth")]
struct Options {
    /// Fewer steps, each shorter
    #[arg(long)]
    quick: bool,
    /// Only series whose name begins with one of these, e.g. "sessions"
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Writes all steps as JSON rows
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One step of one series.
#[derive(Serialize)]
struct Step {
    series: &'static str,
    count: usize,
    rate: f64,
    p99_us: f64,
    /// Resident memory that one more of them holds, where that is asked.
    bytes_each: Option<f64>,
}

const INTERFACES: &str = "interfaces per service";
const CLIENTS: &str = "connected clients";
const SESSIONS: &str = "sessions";
const REGISTRY: &str = "services in a registry (in process)";
const NAMESERVER: &str = "services of a nameserver (locate over TCP)";

const IN_FLIGHT: usize = 64;

struct Load {
    warm_up: Duration,
    measured: Duration,
}

impl Load {
    /// Keeps calls under way; `call` is given their running number.
    async fn drive<F>(&self, call: impl Fn(u64) -> F + Send + Sync + 'static) -> (f64, f64)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (call, next) = (Arc::new(call), Arc::new(AtomicU64::new(0)));
        let begin = Instant::now() + self.warm_up;
        let end = begin + self.measured;
        let one_after_another = |_| {
            let (call, next) = (call.clone(), next.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let started = Instant::now();
                    if started >= end {
                        return times;
                    }
                    call(next.fetch_add(1, Ordering::Relaxed)).await;
                    if started >= begin {
                        times.push(started.elapsed());
                    }
                }
            })
        };
        let tasks: Vec<_> = (0..IN_FLIGHT).map(one_after_another).collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.expect("a calling task does not panic"));
        }
        times.sort_unstable();
        assert!(!times.is_empty(), "no call ended within the measured time");
        let p99 = times[(times.len() - 1) * 99 / 100];
        (times.len() as f64 / self.measured.as_secs_f64(), p99.as_secs_f64() * 1e6)
    }
}

fn serve(make: impl FnOnce() -> pycom::Server + Send + 'static) -> Server<String> {
    Server::start(|ready, stop| async move {
        let running = make().bind("tcp://127.0.0.1:0").await.expect("the service starts");
        let _ = ready.send(running.address().to_string());
        let _ = stop.await;
        running.stop().await;
    })
}

fn context() -> Context {
    Context::builder().build()
}

fn interfaces(load: Load, count: usize) -> Step {
    let server = serve(move || {
        let offer = |number| {
            let method = MethodBuilder::new("echo", |request: Request| async move {
                Ok::<_, pycom::Error>(request.args_json().clone())
            });
            InterfaceBuilder::new(format!("bench.echo{number}")).method(method).build().expect("the names are names")
        };
        (0..count).fold(pycom::Server::new(), |server, number| server.offer(offer(number)))
    });
    let address = server.address.clone();
    let (rate, p99_us) = client(move || async move {
        let context = context();
        let components: Vec<_> = (0..count)
            .map(|number| context.connect(&address, format!("bench.echo{number}")).expect("the address is one"))
            .collect();
        let call = move |number: u64| {
            let component = components[number as usize % components.len()].clone();
            async move {
                component.invoke("echo", 42).await.expect("the call is answered");
            }
        };
        load.drive(call).await
    });
    Step { series: INTERFACES, count, rate, p99_us, bytes_each: None }
}

fn clients(load: Load, count: usize) -> Step {
    let server = serve(|| pycom::Server::new().offer(Echo));
    let address = server.address.clone();
    let (rate, p99_us, bytes) = client(move || async move {
        let connect = || {
            let component = context().connect(&address, "bench.echo").expect("the address is one");
            EchoClient::from_component(component)
        };
        connect().echo(42, "hello world".into()).await.expect("the call is answered");
        let before = process::resident_bytes();
        let echoes: Vec<EchoClient> = (0..count).map(|_| connect()).collect();
        for echo in &echoes {
            echo.with_timeout(Duration::from_secs(30))
                .echo(42, "hello world".into())
                .await
                .expect("the call is answered");
        }
        let bytes = process::resident_bytes().saturating_sub(before);
        let call = move |number: u64| {
            let echo = echoes[number as usize % echoes.len()].clone();
            async move {
                echo.echo(42, "hello world".into()).await.expect("the call is answered");
            }
        };
        let (rate, p99) = load.drive(call).await;
        (rate, p99, bytes)
    });
    Step { series: CLIENTS, count, rate, p99_us, bytes_each: Some(bytes as f64 / count as f64) }
}

fn sessions(load: Load, count: usize) -> Step {
    struct Counter;

    #[pycom::interface("bench.counter", stateful)]
    impl Counter {
        #[method]
        async fn next(&self, session: pycom::Session) -> pycom::Result<u64> {
            session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)
        }
    }

    let server = serve(move || {
        let limits = SessionLimits { count: count + IN_FLIGHT, ..SessionLimits::default() };
        pycom::Server::new().offer(Counter).sessions(limits)
    });
    let address = server.address.clone();
    let (rate, p99_us, bytes) = client(move || async move {
        let first = context().connect(&address, "bench.counter").expect("the address is one");
        first.invoke("next", ()).await.expect("the call is answered");
        let before = process::resident_bytes();
        let mut components = Vec::with_capacity(count);
        // A few at once, so that the start does not take long.
        while components.len() < count {
            let fresh: Vec<_> = (components.len()..count).take(IN_FLIGHT).map(|_| first.fresh_session()).collect();
            let calls = fresh.iter().map(|component| component.invoke("next", ()));
            for answer in futures::future::join_all(calls).await {
                answer.expect("the call is answered");
            }
            components.extend(fresh);
        }
        let bytes = process::resident_bytes().saturating_sub(before);
        let call = move |number: u64| {
            let component = components[number as usize % components.len()].clone();
            async move {
                component.invoke("next", ()).await.expect("the call is answered");
            }
        };
        let (rate, p99) = load.drive(call).await;
        (rate, p99, bytes)
    });
    Step { series: SESSIONS, count, rate, p99_us, bytes_each: Some(bytes as f64 / count as f64) }
}

fn registration(number: usize) -> Registration {
    Registration {
        service: format!("/bench/{number}").parse().expect("a name"),
        address: format!("tcp://10.0.{}.{}:{}", number / 250 % 250, number % 250 + 1, 1024 + number / 62_500)
            .parse()
            .expect("an address"),
        interfaces: ["bench.fleet".to_owned(), format!("bench.i{}", number % 1_000)]
            .map(|name| name.parse().expect("a name"))
            .into(),
        instance: None,
        upkeep: Upkeep::Renews,
    }
}

/// The registry itself: its rate is that of one locate and one renewal together.
fn registry(load: Load, count: usize) -> Step {
    let before = process::resident_bytes();
    let mut registry = Registry::new(Instant::now(), Limits::default(), Terms::default());
    for number in 0..count {
        registry.register(Instant::now(), registration(number)).expect("there is room");
    }
    let bytes = process::resident_bytes().saturating_sub(before);
    let interface = "bench.fleet".parse().expect("a name");
    let registrations: Vec<_> =
        (0..count.min(1_000)).map(|step| registration(step * count / count.min(1_000))).collect();
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < load.measured {
        let (number, now) = (times.len(), Instant::now());
        let found = registry.locate(now, &interface, None, |many| number % many).is_some();
        assert!(found, "what was registered is found");
        registry.register(now, registrations[number % registrations.len()].clone()).expect("it is known");
        times.push(now.elapsed());
    }
    let spent: Duration = times.iter().sum();
    times.sort_unstable();
    Step {
        series: REGISTRY,
        count,
        rate: times.len() as f64 / spent.as_secs_f64(),
        p99_us: times[(times.len() - 1) * 99 / 100].as_secs_f64() * 1e6,
        bytes_each: Some(bytes as f64 / count as f64),
    }
}

/// A nameserver over the wire: services register, then each call locates one of them.
fn nameserver(load: Load, count: usize) -> Step {
    let server = serve(|| pycom::Server::new().offer(pycom_nameserver::Nameserver::new()));
    let address = server.address.clone();
    let (rate, p99_us) = client(move || async move {
        let component = context().connect(&address, "org.pycom.nameserver").expect("the address is one");
        let register = |number| {
            let Registration { service, address, interfaces, .. } = registration(number);
            let args = serde_json::json!({ "service": service, "address": address, "interfaces": interfaces });
            let component = component.clone();
            async move { component.invoke("register", args).await.expect("there is room") }
        };
        for first in (0..count).step_by(IN_FLIGHT) {
            futures::future::join_all((first..count.min(first + IN_FLIGHT)).map(register)).await;
        }
        let call = move |number: u64| {
            let component = component.clone();
            async move {
                let args = serde_json::json!({ "interface": format!("bench.i{}", number as usize % count.min(1_000)) });
                component.invoke("locate", args).await.expect("what was registered is found");
            }
        };
        load.drive(call).await
    });
    Step { series: NAMESERVER, count, rate, p99_us, bytes_each: None }
}

/// Below this share of a series' first rate it bends.
const BEND: f64 = 0.7;

fn series(steps: &mut Vec<Step>, counts: &[usize], measure: impl Fn(usize) -> Step) {
    let mut first = None;
    for &count in counts {
        let step = measure(count);
        let share = step.rate / *first.get_or_insert(step.rate);
        let memory = step.bytes_each.map_or(String::new(), |bytes| format!("{bytes:>10.0} bytes each"));
        let bend = if share < BEND { "  <- bends" } else { "" };
        println!(
            "{count:>9}{:>12.0} calls/s{:>10.1} µs p99{share:>7.2} of the first{memory}{bend}",
            step.rate, step.p99_us
        );
        steps.push(step);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    process::raise_open_files();
    let millis = Duration::from_millis;
    let load = || match options.quick {
        true => Load { warm_up: millis(100), measured: millis(400) },
        false => Load { warm_up: millis(300), measured: millis(1500) },
    };
    let up_to = |most: usize, quick: usize, counts: &[usize]| -> Vec<usize> {
        let most = if options.quick { quick } else { most };
        counts.iter().copied().filter(|count| *count <= most).collect()
    };
    let all: [(&'static str, Vec<usize>, fn(Load, usize) -> Step); 5] = [
        (INTERFACES, up_to(1_000, 1_000, &[1, 10, 100, 1_000]), interfaces),
        (CLIENTS, up_to(2_000, 500, &[1, 10, 100, 500, 2_000]), clients),
        (SESSIONS, up_to(100_000, 10_000, &[1, 100, 1_000, 10_000, 100_000]), sessions),
        (REGISTRY, vec![100, 1_000, 10_000, 100_000], registry),
        (NAMESERVER, up_to(100_000, 10_000, &[100, 1_000, 10_000, 100_000]), nameserver),
    ];
    let mut steps = Vec::new();
    for (name, counts, measure) in all {
        if options.only.is_empty() || options.only.iter().any(|only| name.starts_with(only.as_str())) {
            println!("\n{name}");
            series(&mut steps, &counts, |count| measure(load(), count));
        }
    }
    if let Some(file) = options.json {
        std::fs::write(file, serde_json::to_string_pretty(&steps)?)?;
    }
    Ok(())
}
