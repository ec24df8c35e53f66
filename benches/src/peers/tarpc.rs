use futures::StreamExt;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::{Bincode, Json};
use tarpc::tokio_util::codec::{Framed, LengthDelimitedCodec};
use tokio::net::{TcpListener, TcpStream};

use super::Peer;
use crate::load::{Caller, Case, Message, Sample, Window, drive};
use crate::runtime::{Server, client};

/// tarpc over its own TCP framing, Nagle's algorithm off, room for all calls under way.
#[derive(Clone, Copy)]
pub enum Tarpc {
    Bincode,
    Json,
}

#[tarpc::service]
trait Echo {
    async fn echo(message: Message) -> Message;
}

#[derive(Clone)]
struct Echoer;

impl Echo for Echoer {
    async fn echo(self, _: tarpc::context::Context, message: Message) -> Message {
        message
    }
}

impl Caller for EchoClient {
    async fn call(&self, message: Message) -> Message {
        self.echo(tarpc::context::current(), message).await.expect("the call is answered")
    }
}

fn framed(stream: TcpStream) -> Framed<TcpStream, LengthDelimitedCodec> {
    stream.set_nodelay(true).expect("the option exists");
    Framed::new(stream, LengthDelimitedCodec::new())
}

macro_rules! transport {
    ($stream:expr, $codec:expr) => {
        tarpc::serde_transport::new(framed($stream), $codec)
    };
}

async fn serve(listener: TcpListener, codec: Tarpc) {
    while let Ok((stream, _)) = listener.accept().await {
        let config = tarpc::server::Config { pending_response_buffer: 1024 };
        macro_rules! answer {
            ($codec:expr) => {{
                let channel = BaseChannel::new(config, transport!(stream, $codec));
                tokio::spawn(channel.execute(Echoer.serve()).for_each(|call| async { drop(tokio::spawn(call)) }));
            }};
        }
        match codec {
            Tarpc::Bincode => answer!(Bincode::default()),
            Tarpc::Json => answer!(Json::default()),
        }
    }
}

async fn connect(address: std::net::SocketAddr, codec: Tarpc) -> EchoClient {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let mut config = tarpc::client::Config::default();
    config.pending_request_buffer = 1024;
    match codec {
        Tarpc::Bincode => EchoClient::new(config, transport!(stream, Bincode::default())).spawn(),
        Tarpc::Json => EchoClient::new(config, transport!(stream, Json::default())).spawn(),
    }
}

impl Peer for Tarpc {
    fn who(&self) -> &'static str {
        match self {
            Tarpc::Bincode => "tarpc-bincode",
            Tarpc::Json => "tarpc-json",
        }
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        let (codec, window) = (*self, *window);
        let server = Server::start(move |ready, stop| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let _ = ready.send(listener.local_addr().expect("it is bound"));
            tokio::select! { () = serve(listener, codec) => {}, _ = stop => {} }
        });
        let address = server.address;
        client(move || async move {
            let mut connections = Vec::new();
            for _ in 0..case.connections {
                connections.push(connect(address, codec).await);
            }
            drive(case, &window, connections, None).await
        })
    }
}
