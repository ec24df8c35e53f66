use std::sync::atomic::{AtomicU64, Ordering};

use pycom::{Backend, Client, Context, Server as Service, interface};

use super::Peer;
use crate::load::{Caller, Case, Message, Sample, Window, drive};
use crate::runtime::{Server, client};
use crate::{allocations, process};

/// Ours, with default settings, called through the stub that the macro writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pycom {
    Tcp,
    /// Without libzmq: `Backend::Zmtp`.
    TcpZmtp,
    Ipc,
    Inproc,
}

pub struct Echo;

/// Gives back what it gets.
#[interface("bench.echo")]
impl Echo {
    #[method(results("a", "b"))]
    pub async fn echo(&self, a: u32, b: String) -> (u32, String) {
        (a, b)
    }
}

impl Caller for EchoClient {
    async fn call(&self, Message { a, b }: Message) -> Message {
        let (a, b) = self.echo(a, b).await.expect("the call is answered");
        Message { a, b }
    }
}

impl Pycom {
    /// A new place of this kind: system-chosen where there is such a thing.
    fn address(self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        match self {
            Pycom::Tcp | Pycom::TcpZmtp => "tcp://127.0.0.1:0".into(),
            Pycom::Ipc => format!("ipc://{}", std::env::temp_dir().join(name).display()),
            Pycom::Inproc => format!("inproc://{name}"),
        }
    }

    /// What it is carried by, where that is not the default.
    fn backend(self) -> Option<Backend> {
        (self == Pycom::TcpZmtp).then_some(Backend::Zmtp)
    }

    fn serve(self) -> Server<String> {
        let (address, backend) = (self.address(), self.backend());
        Server::start(move |ready, stop| async move {
            let service = Service::new().offer(Echo);
            let service = match backend {
                Some(backend) => service.backend(backend),
                None => service,
            };
            let running = service.bind(&address).await.expect("the service starts");
            let _ = ready.send(running.address().to_string());
            let _ = stop.await;
            running.stop().await;
        })
    }
}

impl Peer for Pycom {
    fn who(&self) -> &'static str {
        "pycom"
    }

    fn transport(&self) -> &'static str {
        match self {
            Pycom::Tcp => "tcp",
            Pycom::TcpZmtp => "tcp+zmtp",
            Pycom::Ipc => "ipc",
            Pycom::Inproc => "inproc",
        }
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        let window = *window;
        let server = self.serve();
        let (address, backend) = (server.address.clone(), self.backend());
        client(move || async move {
            let connections = (0..case.connections).map(|_| connect(&address, backend)).collect();
            drive(case, &window, connections, None).await
        })
    }
}

/// A connection of its own: one context has one to an address.
fn connect(address: &str, backend: Option<Backend>) -> EchoClient {
    let context = match backend {
        Some(backend) => Context::builder().backend(backend),
        None => Context::builder(),
    };
    let component = context.build().connect(address, "bench.echo").expect("the address is one");
    EchoClient::from_component(component)
}

async fn run(echo: &EchoClient, calls: u64, in_flight: u64) {
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let echo = echo.clone();
            tokio::spawn(async move {
                for _ in 0..calls / in_flight {
                    echo.echo(42, "hello world".into()).await.expect("the call is answered");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a calling task does not panic");
    }
}

/// How many bytes the heap, and the resident memory, grow over `calls` calls over TCP, 64 in flight, after as many
/// again to warm up as fill every buffer.
pub fn growth(calls: u64) -> (i64, i64) {
    const IN_FLIGHT: u64 = 64;
    let server = Pycom::Tcp.serve();
    let address = server.address.clone();
    client(move || async move {
        let echo = connect(&address, None);
        run(&echo, calls / 5, IN_FLIGHT).await;
        let (live, resident) = (allocations::live_bytes(), process::resident_bytes());
        allocations::count(true);
        run(&echo, calls, IN_FLIGHT).await;
        allocations::count(false);
        (allocations::live_bytes() - live, process::resident_bytes() as i64 - resident as i64)
    })
}
