//! HTTP/1.1 with `hyper`: an upload and a download in the transfer coding `chunked`.

use std::convert::Infallible;

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::{Took, chunks, timed};
use crate::runtime::{Server, client};

type Body = BoxBody<Bytes, Infallible>;

fn streamed(length: u64, chunk: usize) -> Body {
    BodyExt::boxed(StreamBody::new(chunks(length, chunk).map(|data| Ok(Frame::data(data)))))
}

async fn count(mut body: Incoming) -> u64 {
    let mut came = 0;
    while let Some(frame) = body.frame().await {
        came += frame.expect("it goes on").data_ref().map_or(0, Bytes::len) as u64;
    }
    came
}

async fn answer(request: Request<Incoming>, length: u64, chunk: usize) -> Result<Response<Body>, Infallible> {
    let body = match *request.method() {
        Method::GET => streamed(length, chunk),
        _ => BodyExt::boxed(Full::from(count(request.into_body()).await.to_string())),
    };
    Ok(Response::new(body))
}

/// Puts and gets `length` bytes over TCP, Nagle's algorithm off.
pub fn measure(length: u64, chunk: usize) -> Took {
    let server = Server::start(move |ready, stop| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let _ = ready.send(listener.local_addr().expect("it is bound"));
        let (stream, _) = listener.accept().await.expect("a client comes");
        stream.set_nodelay(true).expect("the option exists");
        let service = service_fn(move |request| answer(request, length, chunk));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            served = connection => served.expect("the connection goes on"),
            _ = stop => {}
        }
    });
    let address = server.address;
    client(move || async move {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("the option exists");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake::<_, Body>(TokioIo::new(stream)).await.expect("it speaks HTTP");
        let connection = tokio::spawn(connection);
        let request = |method: Method, body: Body| {
            Request::builder().method(method).uri("/").header("host", "bench").body(body).expect("a request")
        };
        let put = async {
            let answer = sender.send_request(request(Method::PUT, streamed(length, chunk))).await.expect("an answer");
            let text = answer.into_body().collect().await.expect("it goes on").to_bytes();
            std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).expect("a number")
        };
        let put = timed(put, length).await;
        sender.ready().await.expect("the connection goes on");
        let get = async {
            let empty = BodyExt::boxed(Empty::new());
            count(sender.send_request(request(Method::GET, empty)).await.expect("an answer").into_body()).await
        };
        let get = timed(get, length).await;
        connection.abort();
        Took { put, get }
    })
}
