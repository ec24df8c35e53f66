//! Attachments: bytes per second and memory of ours beside plain libzmq moving the same chunks, and beside the streams of
//! tonic and of HTTP.
//!
//! Nothing touches a disk: what is sent is made in memory, what arrives is counted and dropped. Both
//! sides are threads of this process, so its peak memory is that of sender and receiver together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use benches::streams::{self, Took};
use benches::{process, runtime};
use clap::Parser;
use pycom::{Attachment, Backend, Client as _, Context, Result, Server, TransferLimits, interface};
use serde::Serialize;
use tokio::io::AsyncReadExt;

#[derive(Parser)]
#[command(about = "Measures attachments put and got, libzmq moving the same chunks, and streams of tonic and HTTP")]
struct Options {
    /// 256 MiB instead of 2 GiB each
    #[arg(long)]
    quick: bool,
    /// Writes all rounds as JSON rows
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often everything is measured; 11 times with --quick, else 3 times
    #[arg(long)]
    rounds: Option<usize>,
    /// Writes to most of the free memory before each transport: on a virtual machine the host gives a page that was free
    /// for long when it is written to, and that is slower than any transfer
    #[arg(long)]
    touch: bool,
    /// How long small calls take beside transfers, and nothing else
    #[arg(long)]
    beside: bool,
    /// Only these of tcp, tcp+zmtp and ipc
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    who: &'static str,
    transport: &'static str,
    operation: &'static str,
    /// Bytes in all.
    payload: u64,
    chunk: usize,
    round: usize,
    /// Bytes per second.
    rate: f64,
    /// Peak of the process over what it held before, in KiB.
    memory_kib: u64,
    /// Processors busy meanwhile, on average: of both sides.
    processors: f64,
}

struct Sink;

#[interface("bench.attachments")]
impl Sink {
    #[method(streaming, attachments(incoming = "blob"))]
    async fn put(&self, blob: Attachment) -> Result<u64> {
        let (mut reader, mut length) = (blob.reader()?, 0);
        while let Some(piece) = reader.chunk().await? {
            length += piece.len() as u64;
        }
        Ok(length)
    }

    #[method]
    async fn small(&self, n: u32) -> u32 {
        n
    }

    #[method(attachments(outgoing = "blob"))]
    async fn get(&self, length: u64) -> Attachment {
        Attachment::from_reader(tokio::io::repeat(7).take(length), Some(length))
    }
}

/// The service of all measurements of ours.
fn serve(endpoint: &str, backend: Backend) -> runtime::Server<String> {
    let endpoint = endpoint.to_owned();
    runtime::Server::start(move |ready, stop| async move {
        let server = Server::new().offer(Sink).backend(backend);
        let running = server.bind(&endpoint).await.expect("it can be bound");
        let _ = ready.send(running.address().to_string());
        drop(stop.await);
        running.stop().await;
    })
}

/// A line of `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Writes to every page of two thirds of the memory that is there to be had, and frees it.
fn touch_free_memory() {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let available: usize = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0);
    let mut block = vec![0_u8; available / 3 * 2 * 1024];
    block.chunks_mut(4096).for_each(|page| page[0] = 1);
    std::hint::black_box(&block);
}

/// What something took.
struct Measured {
    seconds: f64,
    memory_kib: u64,
    processors: f64,
}

/// The measurement of something that has begun.
struct Measuring {
    before: u64,
    start: Instant,
    cpu: f64,
}

impl Measuring {
    fn begin() -> Self {
        // Begins the peak anew.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Self { before: status("VmRSS:"), cpu: process::cpu_seconds(), start: Instant::now() }
    }

    /// What it took; its peak of memory is that over what there was.
    fn end(self) -> Measured {
        let seconds = self.start.elapsed().as_secs_f64();
        let processors = (process::cpu_seconds() - self.cpu) / seconds;
        Measured { seconds, memory_kib: status("VmHWM:").saturating_sub(self.before), processors }
    }
}

fn measured(run: impl FnOnce()) -> Measured {
    let measuring = Measuring::begin();
    run();
    measuring.end()
}

fn ours(endpoint: &str, backend: Backend, length: u64) -> [(&'static str, Measured); 2] {
    let service = serve(endpoint, backend);
    let address = service.address.clone();
    runtime::client(move || async move {
        let stub = SinkClient::connect(&Context::builder().backend(backend).build(), &address).expect("an address");
        let stub = stub.with_timeout(std::time::Duration::from_secs(60));
        let blob = |length| Attachment::from_reader(tokio::io::repeat(7).take(length), Some(length));
        stub.put(blob(1 << 25)).await.expect("it is taken");
        let measuring = Measuring::begin();
        assert_eq!(stub.put(blob(length)).await.expect("it is taken"), length);
        let put = measuring.end();
        let measuring = Measuring::begin();
        let (mut reader, mut came) = (stub.get(length).await.expect("it is given").reader().expect("once"), 0);
        while let Some(piece) = reader.chunk().await.expect("it is right") {
            came += piece.len() as u64;
        }
        assert_eq!(came, length);
        [("put", put), ("get", measuring.end())]
    })
}

/// How long small calls take while `transfers` flow, in milliseconds: the median, and what 99 of 100 stay under.
fn beside(endpoint: &str, backend: Backend, transfers: usize) -> (f64, f64) {
    let service = serve(endpoint, backend);
    let address = service.address.clone();
    let mut took = runtime::client(move || async move {
        let context = Context::builder().backend(backend).build();
        let stub = SinkClient::connect(&context, &address).expect("an address");
        let flowing = Arc::new(AtomicUsize::new(0));
        for _ in 0..transfers {
            let (stub, flowing) = (stub.clone(), flowing.clone());
            let told = AtomicBool::new(false);
            let endless = Attachment::from_reader(tokio::io::repeat(7), None).on_progress(move |_| {
                if !told.swap(true, Ordering::Relaxed) {
                    flowing.fetch_add(1, Ordering::Relaxed);
                }
            });
            tokio::spawn(async move { stub.put(endless).await });
        }
        while flowing.load(Ordering::Relaxed) < transfers {
            stub.small(1).await.expect("it is answered");
        }
        let mut took = Vec::new();
        for n in 0..1000 {
            let start = Instant::now();
            assert_eq!(stub.small(n).await.expect("it is answered"), n);
            took.push(start.elapsed().as_secs_f64() * 1e3);
        }
        took
    });
    took.sort_by(f64::total_cmp);
    (took[took.len() / 2], took[took.len() * 99 / 100])
}

/// The same chunks in the same window over plain sockets, each answered with one small frame.
fn plain(endpoint: &str, length: u64, chunk: usize, window: usize) -> Measured {
    let receiver = zmq::Context::new().socket(zmq::ROUTER).expect("a socket can be made");
    receiver.bind(endpoint).expect("it can be bound");
    let endpoint = receiver.get_last_endpoint().expect("it is bound").expect("an endpoint is text");
    let count = length / chunk as u64;
    measured(move || {
        let server = std::thread::spawn(move || {
            for _ in 0..count {
                let peer = receiver.recv_msg(0).expect("a chunk comes");
                let data = receiver.recv_msg(0).expect("it has data");
                assert_eq!(data.len(), chunk);
                receiver.send(peer, zmq::SNDMORE).expect("there is room");
                receiver.send("OK", 0).expect("there is room");
            }
        });
        let sender = zmq::Context::new().socket(zmq::DEALER).expect("a socket can be made");
        sender.connect(&endpoint).expect("the endpoint is one");
        let (mut sent, mut answered) = (0, 0);
        while answered < count {
            while sent < count && sent - answered < (window / chunk) as u64 {
                // Made anew, as ours are.
                sender.send(vec![7_u8; chunk], 0).expect("there is room");
                sent += 1;
            }
            sender.recv_msg(0).expect("it is answered");
            answered += 1;
        }
        server.join().expect("it does not panic");
    })
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let length: u64 = if options.quick { 256 << 20 } else { 2 << 30 };
    let TransferLimits { chunk, window, .. } = TransferLimits::default();
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for round in 0..options.rounds.unwrap_or(if options.quick { 11 } else { 3 }) {
        for transport in ["tcp", "tcp+zmtp", "ipc"] {
            if !options.only.is_empty() && !options.only.iter().any(|only| only == transport) {
                continue;
            }
            if options.touch {
                touch_free_memory();
            }
            let path = |name: &str| format!("ipc://{}/{name}-{round}", folder.path().display());
            let is_tcp = transport != "ipc";
            let backend = if transport == "tcp" { Backend::Tmq } else { Backend::Zmtp };
            let own = if is_tcp { "tcp://127.0.0.1:0".to_owned() } else { path("ours") };
            let other = if is_tcp { "tcp://127.0.0.1:*".to_owned() } else { path("plain") };
            let mut add = |who, operation, took: Measured| {
                let Measured { seconds, memory_kib, processors } = took;
                let rate = length as f64 / seconds;
                println!(
                    "{who:8} {transport} {operation}: {:8.0} MB/s, {memory_kib:6} KiB, {processors:.2} processors",
                    rate / 1e6
                );
                rows.push(Row {
                    who,
                    transport,
                    operation,
                    payload: length,
                    chunk,
                    round,
                    rate,
                    memory_kib,
                    processors,
                });
            };
            if options.beside {
                for transfers in [0, 1, 8, 32] {
                    let (p50, p99) = beside(&own, backend, transfers);
                    println!(
                        "small calls beside {transfers} transfers over {transport}: p50 {p50:.3} ms, p99 {p99:.3} ms"
                    );
                }
                continue;
            }
            for (operation, took) in ours(&own, backend, length) {
                add("pycom", operation, took);
            }
            if transport != "tcp+zmtp" {
                add("libzmq", "move", plain(&other, length, chunk, window));
            }
            if transport == "tcp" {
                for (who, measure) in
                    [("tonic", streams::tonic::measure as fn(u64, usize) -> Took), ("hyper", streams::http::measure)]
                {
                    let mut took = None;
                    // Of both together.
                    let Measured { memory_kib, processors, .. } = measured(|| took = Some(measure(length, chunk)));
                    let Took { put, get } = took.expect("it has run");
                    for (operation, took) in [("put", put), ("get", get)] {
                        add(who, operation, Measured { seconds: took.as_secs_f64(), memory_kib, processors });
                    }
                }
            }
        }
    }
    // Of each round by itself: the machine may be twice as fast in the next one.
    let share = |transport: &str, operation: &str, beside: &str| {
        let rate = |who: &str, transport: &str, operation: &str, round: usize| {
            let of =
                |row: &&Row| (row.who, row.transport, row.operation, row.round) == (who, transport, operation, round);
            rows.iter().find(of).map(|row| row.rate)
        };
        let of_round =
            |round| Some(rate("pycom", transport, operation, round)? / rate("libzmq", beside, "move", round)?);
        let mut shares: Vec<f64> = (0..).map_while(of_round).collect();
        shares.sort_by(f64::total_cmp);
        Some((*shares.first()?, *shares.get(shares.len() / 2)?, *shares.last()?))
    };
    for (transport, beside) in [("tcp", "tcp"), ("tcp+zmtp", "tcp"), ("ipc", "ipc")] {
        for operation in ["put", "get"] {
            if let Some((least, median, most)) = share(transport, operation, beside) {
                println!("{operation} over {transport}: {median:.2} of libzmq ({least:.2} to {most:.2})");
            }
        }
    }
    if let Some(file) = options.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}
