//! gRPC: one stream of messages, each with a chunk.

use std::pin::Pin;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tonic::transport::Endpoint;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::{Took, chunks, timed};
use crate::runtime::{Server, client};

mod generated {
    #![allow(missing_docs, clippy::all)]
    tonic::include_proto!("bench.Blobs");
}

use generated::blobs_client::BlobsClient;
use generated::blobs_server::{Blobs, BlobsServer};

/// A piece of a stream.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Chunk {
    #[prost(bytes = "bytes", tag = "1")]
    pub data: Bytes,
}

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Length {
    #[prost(uint64, tag = "1")]
    pub length: u64,
}

const LARGEST: usize = 16 * 1024 * 1024;

struct Store {
    chunk: usize,
}

#[tonic::async_trait]
impl Blobs for Store {
    type GetStream = Pin<Box<dyn Stream<Item = Result<Chunk, Status>> + Send>>;

    async fn put(&self, request: Request<Streaming<Chunk>>) -> Result<Response<Length>, Status> {
        let (mut chunks, mut length) = (request.into_inner(), 0);
        while let Some(chunk) = chunks.message().await? {
            length += chunk.data.len() as u64;
        }
        Ok(Response::new(Length { length }))
    }

    async fn get(&self, request: Request<Length>) -> Result<Response<Self::GetStream>, Status> {
        let chunks = chunks(request.into_inner().length, self.chunk).map(|data| Ok(Chunk { data }));
        Ok(Response::new(Box::pin(chunks)))
    }
}

/// Puts and gets `length` bytes over TCP, Nagle's algorithm off, large messages allowed.
pub fn measure(length: u64, chunk: usize) -> Took {
    let server = Server::start(move |ready, stop| async move {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a port is free");
        let incoming = incoming.with_nodelay(Some(true));
        let _ = ready.send(incoming.local_addr().expect("it is bound"));
        let service = BlobsServer::new(Store { chunk }).max_decoding_message_size(LARGEST);
        let server = tonic::transport::Server::builder().add_service(service);
        server.serve_with_incoming_shutdown(incoming, async move { drop(stop.await) }).await.expect("the server runs");
    });
    let address = server.address;
    client(move || async move {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("the address is one");
        let channel = endpoint.tcp_nodelay(true).connect().await.expect("the server listens");
        let mut blobs = BlobsClient::new(channel).max_decoding_message_size(LARGEST);
        let mut other = blobs.clone();
        let put = async {
            let chunks = chunks(length, chunk).map(|data| Chunk { data });
            blobs.put(chunks).await.expect("it is taken").into_inner().length
        };
        let get = async {
            let mut chunks = other.get(Length { length }).await.expect("it is given").into_inner();
            let mut came = 0;
            while let Some(chunk) = chunks.message().await.expect("it goes on") {
                came += chunk.data.len() as u64;
            }
            came
        };
        Took { put: timed(put, length).await, get: timed(get, length).await }
    })
}
