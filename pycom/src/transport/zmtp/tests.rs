//! Both back ends meet each other, and strangers are turned away.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::handshake::{Role, opening};
use crate::transport::tests::{Echo, next, numbered, reply, until, up};
use crate::transport::*;

fn options(backend: Backend) -> TransportOptions {
    TransportOptions { backend: Some(backend), ..TransportOptions::default() }
}

fn anywhere() -> Address {
    "tcp://127.0.0.1:0".parse().unwrap()
}

#[tokio::test]
async fn libzmq_is_met_on_either_side() {
    let folder = tempfile::tempdir().unwrap();
    for (listening, connecting) in [(Backend::Zmtp, Backend::Tmq), (Backend::Tmq, Backend::Zmtp)] {
        let path = format!("ipc://{}", folder.path().join(listening.to_string()).display());
        for address in [
            anywhere(),
            path.parse().unwrap(),
            format!("ipc://@pycom-{listening}-{}", std::process::id()).parse().unwrap(),
        ] {
            let echo = Echo::start(&address, &options(listening));
            let mut connector = up(&echo.address, &options(connecting)).await;
            let sizes = [0, 1, 255, 256, 16 * 1024, 16 * 1024 + 1, 100_000, 3_000_000];
            for size in sizes {
                let frames =
                    [Bytes::from(vec![1; size]), Bytes::new(), Bytes::from(vec![2; size]), Bytes::from_static(b"x")];
                connector.send_now(Message::from(frames.clone())).unwrap();
                assert!(reply(&mut *connector).await.frames() == frames, "{size} bytes");
            }
            for sent in 0..200 {
                connector.send_now(numbered(sent)).unwrap();
            }
            for expected in 0..200 {
                assert_eq!(reply(&mut *connector).await, numbered(expected));
            }
            let address = echo.address.clone();
            echo.stop().await;
            until(&mut *connector, |event| matches!(event, ConnectionEvent::Lost(_))).await;
            // And again, whoever listens.
            let echo = Echo::start(&address, &options(listening));
            connector.connect_now();
            until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
            connector.send_now(numbered(7)).unwrap();
            assert_eq!(reply(&mut *connector).await, numbered(7));
            echo.stop().await;
        }
    }
}

async fn stranger(address: &Address) -> TcpStream {
    TcpStream::connect(("127.0.0.1", address.port().unwrap())).await.unwrap()
}

/// Reads until the other side closes.
async fn until_cut(stream: &mut TcpStream) {
    let read = async { while matches!(stream.read(&mut [0; 4096]).await, Ok(1..)) {} };
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("the connection should have been cut");
}

#[tokio::test]
async fn strangers_are_cut_and_nobody_else_notices() {
    let options = TransportOptions {
        handshake_timeout: Duration::from_millis(200),
        max_message_size: 1000,
        ..options(Backend::Zmtp)
    };
    let echo = Echo::start(&anywhere(), &options);
    let mut friend = up(&echo.address, &options).await;

    let mut silent = stranger(&echo.address).await;
    until_cut(&mut silent).await;

    let mut browser = stranger(&echo.address).await;
    browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    until_cut(&mut browser).await;

    let mut greedy = stranger(&echo.address).await;
    greedy.write_all(&opening(Role::Dealer)).await.unwrap();
    greedy.write_all(&[2, 0, 0, 1, 0, 0, 0, 0, 0]).await.unwrap();
    until_cut(&mut greedy).await;

    let mut endless = stranger(&echo.address).await;
    endless.write_all(&opening(Role::Dealer)).await.unwrap();
    for _ in 0..1000 {
        endless.write_all(&[1, 0, 1, 0, 1, 0, 1, 0]).await.unwrap();
    }
    endless.write_all(&[0, 0]).await.unwrap();

    friend.send_now(numbered(1)).unwrap();
    assert_eq!(reply(&mut *friend).await, numbered(1));
    echo.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_answered() {
    let echo = Echo::start(&anywhere(), &options(Backend::Zmtp));
    let mut peer = stranger(&echo.address).await;
    peer.write_all(&opening(Role::Dealer)).await.unwrap();
    peer.write_all(b"\x04\x0a\x04PING\0\x10abc").await.unwrap();
    let mut answer = vec![0; opening(Role::Router).len()];
    peer.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, opening(Role::Router));
    let mut pong = [0; 17];
    peer.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\x06\0\0\0\0\0\0\0\x08\x04PONGabc");
    echo.stop().await;
}

#[tokio::test]
async fn a_listener_that_is_no_such_thing_is_a_failed_attempt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        until_cut(&mut stream).await;
    });
    let mut connector = connect(&address, &options(Backend::Zmtp)).unwrap();
    let expected = ConnectionEvent::AttemptFailed("it does not speak ZeroMQ's protocol".into());
    assert_eq!(next(&mut *connector).await, expected);
    served.await.unwrap();
}

#[tokio::test]
async fn a_path_chosen_by_the_system_is_gone_with_its_listener() {
    let listener = bind(&"ipc://*".parse().unwrap(), &options(Backend::Zmtp)).unwrap();
    let path = std::path::PathBuf::from(listener.address().path().unwrap());
    assert!(path.exists());
    listener.close().await;
    assert!(!path.exists() && !path.parent().unwrap().exists());
}
