use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_nats::Client;
use futures::StreamExt;

use super::Peer;
use crate::load::{Caller, Case, Message, Sample, Window, drive};
use crate::runtime::{Server, client};

/// Request and reply through a NATS server, which is a process of its own; JSON in and out.
pub struct Nats {
    address: String,
    server: Child,
}

impl Nats {
    pub fn find() -> Result<Self, String> {
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
            free.local_addr().map_err(|error| error.to_string())?.port()
        };
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = command.spawn().map_err(
            |_| "there is no nats-server on the path; get one from https://github.com/nats-io/nats-server/releases",
        )?;
        // Owned from here on, so that it ends with us.
        let nats = Self { address: format!("127.0.0.1:{port}"), server };
        for _ in 0..100 {
            if std::net::TcpStream::connect(&nats.address).is_ok() {
                return Ok(nats);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("nats-server does not listen within 5 s".into())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[derive(Clone)]
struct Connection(Client);

impl Caller for Connection {
    async fn call(&self, message: Message) -> Message {
        let payload = serde_json::to_vec(&message).expect("it is JSON");
        let answer = self.0.request("bench.echo", payload.into()).await.expect("the call is answered");
        serde_json::from_slice(&answer.payload).expect("the answer is a message")
    }
}

async fn connect(address: &str) -> Client {
    async_nats::connect(address).await.expect("the server listens")
}

async fn serve(client: Client) {
    let mut calls = client.subscribe("bench.echo").await.expect("the subject is one");
    client.flush().await.expect("the server is there");
    while let Some(call) = calls.next().await {
        let client = client.clone();
        tokio::spawn(async move {
            let message: Message = serde_json::from_slice(&call.payload).expect("the request is a message");
            let payload = serde_json::to_vec(&message).expect("it is JSON");
            if let Some(reply) = call.reply {
                client.publish(reply, payload.into()).await.expect("the server is there");
            }
        });
    }
}

impl Peer for Nats {
    fn who(&self) -> &'static str {
        "nats"
    }

    /// A NATS server takes messages of at most 1 MB.
    fn takes(&self, case: &Case) -> bool {
        case.payload < 1_000_000
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        let (address, window, process) = (self.address.clone(), *window, self.server.id());
        let _service = Server::start({
            let address = address.clone();
            move |ready, stop| async move {
                let client = connect(&address).await;
                let serving = tokio::spawn(serve(client));
                // The subscription is on its way; the first call waits for it.
                tokio::time::sleep(Duration::from_millis(50)).await;
                let _ = ready.send(());
                let _ = stop.await;
                serving.abort();
            }
        });
        client(move || async move {
            let mut connections = Vec::new();
            for _ in 0..case.connections {
                connections.push(Connection(connect(&address).await));
            }
            drive(case, &window, connections, Some(process)).await
        })
    }
}
