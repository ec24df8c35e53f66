//! The registry: what it costs to register, renew, find, list and watch as services become many.
//!
//! The nameserver is a process of its own, this program once more, so that its memory is seen apart from the load's. All
//! goes over TCP of the loopback, through the library's own client.
//!
//! With `--store etcd` (and `--features etcd`) there are two of them, fronts over three nodes of etcd: services register
//! with one, watchers ask the other.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use benches::process;
use clap::Parser;
use pycom::{Component, Context, Launcher};
use pycom_nameserver::Watched;
use serde::Serialize;
use serde_json::json;
use tests::etcd::Cluster;

type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
#[command(about = "Measures the registry as services become many")]
struct Options {
    /// Fewer services, each case shorter
    #[arg(long)]
    quick: bool,
    /// Numbers of services, e.g. 1000,100000
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    services: Vec<usize>,
    /// Where the registry is kept: memory, etcd, or both
    #[arg(long, value_name = "STORES", value_delimiter = ',', default_value = "memory")]
    store: Vec<String>,
    /// Writes all rows as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One measurement.
#[derive(Serialize)]
struct Row {
    who: &'static str,
    transport: &'static str,
    /// Where the registry keeps what it knows.
    store: String,
    what: &'static str,
    services: usize,
    in_flight: usize,
    rate: f64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    /// Resident memory of the nameserver over that of an empty one, for each service; with the rows of `register` and of
    /// `fresh front`.
    bytes_each: Option<f64>,
}

/// Calls under way at once where the rate is asked; one where the time is.
const IN_FLIGHT: usize = 64;

/// Every hundredth service offers the same interface of these, as in a fleet of many small groups.
const GROUPS: usize = 100;

/// Set for the process that is the nameserver.
const SERVES: &str = "REGISTRY_BENCH_SERVES";

/// A nameserver in a process of its own.
struct Nameserver {
    child: Child,
    component: Component,
    empty: u64,
}

impl Nameserver {
    async fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(SERVES, "1").env("PYCOM_LOG", "pycom=info,pycom_nameserver=warn").env("NO_COLOR", "1");
        command.args(["-a", "tcp://127.0.0.1:0"]).args(arguments);
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once(" serving ")?;
            rest.split_whitespace().find_map(|field| field.strip_prefix("address=")).map(str::to_owned)
        });
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
        let address = address.ok_or("the nameserver ended before it served")?;
        let context = Context::builder().timeout(Duration::from_secs(60)).build();
        let component = context.connect(address, pycom_nameserver::INTERFACE)?;
        // A front has to read its store first.
        while component.invoke("stat", json!({ "methods": false })).await?["store"]["loaded"] == json!(false) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let empty = process::resident_bytes_of(child.id());
        Ok(Self { child, component, empty })
    }

    fn grown(&self) -> u64 {
        process::resident_bytes_of(self.child.id()).saturating_sub(self.empty)
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Round-trip times.
struct Times(Vec<Duration>, Duration);

impl Times {
    fn row(mut self, store: &str, what: &'static str, services: usize, in_flight: usize) -> Row {
        let Self(times, whole) = &mut self;
        times.sort_unstable();
        let quantile = |q: f64| times[((times.len() - 1) as f64 * q).round() as usize].as_secs_f64() * 1e6;
        Row {
            who: "pycom",
            transport: "tcp",
            store: store.into(),
            what,
            services,
            in_flight,
            rate: times.len() as f64 / whole.as_secs_f64(),
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            bytes_each: None,
        }
    }
}

/// Makes calls one after another in each of `in_flight` tasks, with running numbers, until `enough` says so.
async fn drive<F>(
    in_flight: usize,
    enough: impl Fn(usize) -> bool + Send + Sync + 'static,
    call: impl Fn(usize) -> F + Send + Sync + 'static,
) -> Times
where
    F: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::new((enough, call, AtomicUsize::new(0)));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let shared = shared.clone();
            tokio::spawn(async move {
                let (enough, call, next) = &*shared;
                let mut times = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if enough(number) {
                        return times;
                    }
                    let started = Instant::now();
                    call(number).await;
                    times.push(started.elapsed());
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("a calling task does not panic"));
    }
    Times(times, begin.elapsed())
}

fn registration(number: usize) -> serde_json::Value {
    let [high, low] = [number / 50_000, number % 50_000 + 1024];
    json!({
        "service": format!("/bench/fleet/{number}"), "address": format!("tcp://10.0.0.{}:{low}", high + 1),
        "interfaces": ["bench.fleet", format!("bench.group{}", number % GROUPS)],
    })
}

/// Which run of which process registers: each has ten services.
fn instance(number: usize) -> String {
    format!("{:032x}", number / 10 + 1)
}

async fn register(component: &Component, number: usize) {
    let args = registration(number);
    let call = component.call("register").args(&args).extension("org.pycom.instance", &instance(number));
    call.await.expect("there is room, and the nameserver answers");
}

/// All measurements with so many services.
async fn measure(store: &str, services: usize, window: Duration) -> Result<Vec<Row>, Failure> {
    let cluster = match store {
        "memory" => None,
        "etcd" => Some(Cluster::start(3).ok_or("no etcd: install it, or name its program with PYCOM_TEST_ETCD")?),
        other => return Err(format!("no store '{other}'; there are memory and etcd").into()),
    };
    let address = cluster.as_ref().map_or_else(|| "memory".to_owned(), Cluster::address);
    let arguments = ["--store", &address];
    let nameserver = Nameserver::start(&arguments).await?;
    let other = match &cluster {
        Some(_) => Some(Nameserver::start(&arguments).await?),
        None => None,
    };
    let component = nameserver.component.clone();
    let mut rows = Vec::new();

    let all = component.clone();
    let call = move |number| {
        let component = all.clone();
        async move { register(&component, number).await }
    };
    let times = drive(IN_FLIGHT, move |number| number >= services, call).await;
    let bytes_each = Some(nameserver.grown() as f64 / services as f64);
    rows.push(Row { bytes_each, ..times.row(store, "register", services, IN_FLIGHT) });

    for in_flight in [1, IN_FLIGHT] {
        let over = || {
            let end = Instant::now() + window;
            move |_| Instant::now() >= end
        };
        let one = component.clone();
        let renew = move |number: usize| {
            let component = one.clone();
            async move { register(&component, number * 7919 % services).await }
        };
        rows.push(drive(in_flight, over(), renew).await.row(store, "renew", services, in_flight));
        let one = component.clone();
        let locate = move |number: usize| {
            let component = one.clone();
            async move {
                let args = json!({ "interface": format!("bench.group{}", number % GROUPS.min(services)) });
                component.invoke("locate", args).await.expect("what was registered is found");
            }
        };
        rows.push(drive(in_flight, over(), locate).await.row(store, "locate", services, in_flight));
    }
    rows.push(list(&component, services, window).await.row(store, "list_services", services, 1));
    let watcher = other.as_ref().map_or(&component, |other| &other.component);
    rows.push(watch(&component, watcher, services, window).await?.row(store, "register to watcher", services, 1));
    if cluster.is_some() {
        let begin = Instant::now();
        let fresh = Nameserver::start(&arguments).await?;
        loop {
            let stat = fresh.component.invoke("stat", json!({ "methods": false })).await?;
            if stat["services"].as_u64() >= Some(services as u64) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let times = Times(vec![begin.elapsed()], begin.elapsed());
        let bytes = process::resident_bytes_of(fresh.child.id());
        println!("a fresh front knew {services} services after {:?}, in {} MiB", times.1, bytes / 1024 / 1024);
        let bytes_each = Some(bytes as f64 / services as f64);
        rows.push(Row { bytes_each, ..times.row(store, "fresh front", services, 1) });
    }
    Ok(rows)
}

/// The time of a whole search by a regular expression that finds every hundredth service, page by page.
async fn list(component: &Component, services: usize, window: Duration) -> Times {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begin.elapsed() < window {
        let started = Instant::now();
        let (mut found, mut after) = (0, None::<String>);
        loop {
            let args = json!({ "interface": "bench\\.group7$", "after": after });
            let answer = component.call("list_services").args(&args).await.expect("the nameserver answers");
            found += answer.parse::<Vec<serde_json::Value>>().expect("a list").len();
            after = answer.extensions().get("org.pycom.next").expect("a name");
            if after.is_none() {
                break;
            }
        }
        times.push(started.elapsed());
        assert_eq!(found, (services + GROUPS - 8) / GROUPS);
    }
    Times(times, begin.elapsed())
}

/// The time from when a service registers to when a watcher of its interface has been told.
async fn watch(
    component: &Component,
    watcher: &Component,
    services: usize,
    window: Duration,
) -> Result<Times, Failure> {
    let ask = async |cursor: Option<String>| -> Result<Watched, pycom::Error> {
        let args = json!({ "interface": "bench.watched", "cursor": cursor });
        watcher.call("watch").args(&args).await?.parse()
    };
    let begin = Instant::now();
    let mut times = Vec::new();
    let mut seen = ask(None).await?;
    while times.is_empty() || begin.elapsed() < window {
        let number = times.len();
        let args = json!({
            "service": "/bench/watched", "address": "tcp://10.1.0.1:1", "interfaces": ["bench.watched"],
        });
        // Each is the next run of the same service; the watcher waits before it registers.
        let change = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let started = Instant::now();
            let run = format!("{:032x}", services + number + 1);
            component.call("register").args(&args).extension("org.pycom.instance", &run).await.map(|_| started)
        };
        let told = async { ask(Some(seen.cursor.clone())).await.map(|next| (next, Instant::now())) };
        let (told, started) = tokio::try_join!(told, change)?;
        times.push(told.1 - started);
        seen = told.0;
    }
    Ok(Times(times, begin.elapsed()))
}

fn print(rows: &[Row]) {
    for row in rows {
        let bytes = row.bytes_each.map_or(String::new(), |bytes| format!("{bytes:>8.0} bytes each"));
        println!(
            "{:<8}{:>9}  {:<20}{:>4}{:>12.0}/s{:>10.0}{:>10.0}{:>10.0} µs{bytes}",
            row.store, row.services, row.what, row.in_flight, row.rate, row.p50_us, row.p99_us, row.p999_us
        );
    }
}

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if std::env::var_os(SERVES).is_some() {
        runtime.block_on(serve())?;
        return Ok(());
    }
    let options = Options::parse();
    let window = Duration::from_millis(if options.quick { 500 } else { 3_000 });
    let counts = match (options.services.as_slice(), options.quick) {
        ([], true) => vec![100, 10_000],
        ([], false) => vec![100, 10_000, 100_000],
        (said, _) => said.to_vec(),
    };
    println!(
        "{:<8}{:>9}  {:<20}{:>4}{:>14}{:>10}{:>10}{:>10}",
        "store", "services", "what", "at", "rate", "p50", "p99", "p999"
    );
    let mut rows = Vec::new();
    for store in &options.store {
        for &services in &counts {
            let measured = runtime.block_on(measure(store, services, window))?;
            print(&measured);
            rows.extend(measured);
        }
    }
    if let Some(file) = options.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

/// The nameserver program.
async fn serve() -> pycom::Result<()> {
    pycom_nameserver::launch(Launcher::new()).await
}
