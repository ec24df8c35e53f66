use prost::Message as _;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use super::Peer;
use crate::load::{self, Caller, Case, Sample, Window, drive};
use crate::runtime::{Server, client};

mod generated {
    #![allow(missing_docs, clippy::all)]
    tonic::include_proto!("bench.Echo");
}

use generated::echo_client::EchoClient;
use generated::echo_server::{Echo, EchoServer};

/// gRPC, Nagle's algorithm off, large messages allowed.
pub struct Tonic;

/// What is echoed, as protobuf.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Message {
    #[prost(uint32, tag = "1")]
    pub a: u32,
    #[prost(string, tag = "2")]
    pub b: String,
}

const LARGEST: usize = 16 * 1024 * 1024;

struct Echoer;

#[tonic::async_trait]
impl Echo for Echoer {
    async fn echo(&self, request: Request<Message>) -> Result<Response<Message>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

impl Caller for EchoClient<Channel> {
    async fn call(&self, load::Message { a, b }: load::Message) -> load::Message {
        let answer = self.clone().echo(Message { a, b }).await.expect("the call is answered");
        let Message { a, b } = answer.into_inner();
        load::Message { a, b }
    }
}

impl Peer for Tonic {
    fn who(&self) -> &'static str {
        "tonic"
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        debug_assert!(Message::default().encoded_len() == 0);
        let window = *window;
        let server = Server::start(|ready, stop| async move {
            let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a port is free");
            let incoming = incoming.with_nodelay(Some(true));
            let _ = ready.send(incoming.local_addr().expect("it is bound"));
            let service = EchoServer::new(Echoer).max_decoding_message_size(LARGEST);
            let server = tonic::transport::Server::builder().add_service(service);
            let stopped = async move { drop(stop.await) };
            server.serve_with_incoming_shutdown(incoming, stopped).await.expect("the server runs");
        });
        let address = server.address;
        client(move || async move {
            let mut connections = Vec::new();
            for _ in 0..case.connections {
                let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("the address is one");
                let channel = endpoint.tcp_nodelay(true).connect().await.expect("the server listens");
                connections.push(EchoClient::new(channel).max_decoding_message_size(LARGEST));
            }
            drive(case, &window, connections, None).await
        })
    }
}
