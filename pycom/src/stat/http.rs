//! Statistics over HTTP, for Prometheus: `GET /metrics`, and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::prometheus;
use crate::error::{Error, Result};
use crate::server::About;

/// Connections at once; further ones wait in the backlog.
const CONNECTIONS: usize = 16;

/// Bytes of a request, all its headers included.
const REQUEST: usize = 8 * 1024;

/// How long one connection may take, from its beginning to its end.
const TIME: Duration = Duration::from_secs(5);

/// How long to wait after a connection could not be accepted: no more files may be open.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped.
#[derive(Debug)]
pub(crate) struct Metrics {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Metrics {
    /// # Errors
    ///
    /// Where the address is none, or in use.
    pub(crate) async fn bind(address: &str, about: Arc<About>) -> Result<Self> {
        let wrong = |error: std::io::Error| {
            let shown = crate::names::shown(address);
            Error::configuration(format!(
                "cannot serve metrics at {shown}: {error}; give --metrics a free address like 127.0.0.1:9100"
            ))
        };
        let listener = TcpListener::bind(address).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        Ok(Self { address, task: tokio::spawn(accept(listener, about)) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, about: Arc<About>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let about = about.clone();
                tokio::spawn(async move {
                    // A client that is slow or gone is its own affair.
                    let _ = tokio::time::timeout(TIME, converse(stream, &about)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the metrics was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream, about: &About) -> std::io::Result<()> {
    let mut request = Vec::new();
    let answer = loop {
        if request.windows(4).any(|end| end == b"\r\n\r\n") {
            break answer(&request, || about.prometheus());
        }
        if request.len() >= REQUEST {
            break plain("431 Request Header Fields Too Large", "the request is too long\n");
        }
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await? {
            0 => return Ok(()),
            read => request.extend_from_slice(&piece[..read]),
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// The answer to a request whose headers are complete.
fn answer(request: &[u8], metrics: impl FnOnce() -> String) -> String {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let (Some(verb), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return plain("400 Bad Request", "this is no HTTP request\n");
    };
    if !version.starts_with("HTTP/1.") {
        return plain("505 HTTP Version Not Supported", "only HTTP/1.1 is spoken here\n");
    }
    let path = target.split('?').next().unwrap_or_default();
    match (path, verb) {
        ("/metrics", "GET") => written("200 OK", prometheus::CONTENT_TYPE, &metrics(), true),
        ("/metrics", "HEAD") => written("200 OK", prometheus::CONTENT_TYPE, &metrics(), false),
        ("/metrics", _) => plain("405 Method Not Allowed", "only GET is answered here\n"),
        _ => plain("404 Not Found", "there is only /metrics\n"),
    }
}

fn plain(status: &str, text: &str) -> String {
    written(status, "text/plain; charset=utf-8", text, true)
}

fn written(status: &str, kind: &str, text: &str, with_body: bool) -> String {
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    let length = text.len();
    let body = if with_body { text } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{allow}Connection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &str) -> String {
        let answer = answer(request.as_bytes(), || "x 1\n".into());
        answer.lines().next().unwrap().to_owned()
    }

    #[test]
    fn only_metrics_are_answered() {
        assert_eq!(status("GET /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 OK");
        assert_eq!(status("GET /metrics?x=1 HTTP/1.0\r\nHost: a\r\n\r\n"), "HTTP/1.1 200 OK");
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
        assert_eq!(status("POST /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
        assert_eq!(status("GET /metrics HTTP/2\r\n\r\n"), "HTTP/1.1 505 HTTP Version Not Supported");
        for wrong in ["\r\n\r\n", "GET\r\n\r\n", "a b c d\r\n\r\n", "\u{0}\r\n\r\n"] {
            assert_eq!(status(wrong), "HTTP/1.1 400 Bad Request", "{wrong:?}");
        }
    }

    #[test]
    fn a_body_is_as_long_as_is_said() {
        let get = answer(b"GET /metrics HTTP/1.1\r\n\r\n", || "x 1\n".into());
        assert!(get.contains("Content-Length: 4\r\n") && get.ends_with("\r\n\r\nx 1\n"), "{get}");
        let head = answer(b"HEAD /metrics HTTP/1.1\r\n\r\n", || "x 1\n".into());
        assert!(head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    }
}
