use std::net::SocketAddr;
use std::sync::Arc;

use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::ObjectParams;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use jsonrpsee::server::{RpcModule, ServerBuilder, ServerConfig};
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};

use super::Peer;
use crate::load::{Caller, Case, Message, Sample, Window, drive};
use crate::runtime::{Server, client};

/// jsonrpsee, as it comes but for room for all calls under way.
#[derive(Clone, Copy)]
pub enum Jsonrpsee {
    WebSocket,
    Http,
}

struct Connection<C>(Arc<C>);

impl<C> Clone for Connection<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: ClientT + Send + Sync + 'static> Caller for Connection<C> {
    async fn call(&self, message: Message) -> Message {
        let mut params = ObjectParams::new();
        params.insert("a", message.a).expect("it is JSON");
        params.insert("b", &message.b).expect("it is JSON");
        self.0.request("echo", params).await.expect("the call is answered")
    }
}

async fn over_web_socket(address: SocketAddr) -> Connection<WsClient> {
    let builder = WsClientBuilder::default().max_concurrent_requests(4096);
    Connection(Arc::new(builder.build(format!("ws://{address}")).await.expect("the server listens")))
}

fn over_http(address: SocketAddr) -> Connection<HttpClient> {
    let builder = HttpClientBuilder::default().max_concurrent_requests(4096);
    Connection(Arc::new(builder.build(format!("http://{address}")).expect("the address is one")))
}

impl Peer for Jsonrpsee {
    fn who(&self) -> &'static str {
        match self {
            Jsonrpsee::WebSocket => "jsonrpsee-ws",
            Jsonrpsee::Http => "jsonrpsee-http",
        }
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        let (kind, window) = (*self, *window);
        let server = Server::start(|ready, stop| async move {
            let config = ServerConfig::builder().max_connections(4096).build();
            let server = ServerBuilder::with_config(config).build("127.0.0.1:0").await.expect("a port is free");
            let _ = ready.send(server.local_addr().expect("it is bound"));
            let mut module = RpcModule::new(());
            module
                .register_async_method("echo", |params, _, _| async move {
                    Ok::<_, ErrorObjectOwned>(params.parse::<Message>()?)
                })
                .expect("the name is free");
            let handle = server.start(module);
            let _ = stop.await;
            let _ = handle.stop();
            handle.stopped().await;
        });
        let address = server.address;
        client(move || async move {
            match kind {
                Jsonrpsee::WebSocket => {
                    let mut connections = Vec::new();
                    for _ in 0..case.connections {
                        connections.push(over_web_socket(address).await);
                    }
                    drive(case, &window, connections, None).await
                }
                Jsonrpsee::Http => {
                    let connections = (0..case.connections).map(|_| over_http(address)).collect();
                    drive(case, &window, connections, None).await
                }
            }
        })
    }
}
