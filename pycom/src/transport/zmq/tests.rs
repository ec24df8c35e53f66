//! What holds for real sockets: hostile peers, dead processes, libzmq's limits.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;

use crate::transport::tests::{Echo, next, number, numbered, reply, until, up};
use crate::transport::*;

fn anywhere() -> Address {
    "tcp://127.0.0.1:0".parse().unwrap()
}

fn quick() -> TransportOptions {
    TransportOptions::default()
}

/// An echoing process of its own.
struct Process {
    child: Child,
    address: Address,
}

impl Process {
    const ADDRESS: &str = "PYCOM_TEST_ECHO_ADDRESS";

    fn start(address: &Address) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "transport::zmq::tests::echo_until_killed", "--nocapture"])
            .env(Self::ADDRESS, address.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("at ")?.parse().ok());
        Self { child, address: address.expect("the child tells its address") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn echo_until_killed() {
    // The other process of the tests below, which give it this; by itself it has nothing to do.
    let Ok(address) = std::env::var(Process::ADDRESS) else { return };
    let echo = Echo::start(&address.parse().unwrap(), &TransportOptions::default());
    // The harness may have left its line open.
    println!("\nat {}", echo.address);
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_is_a_lost_connection_and_its_successor_is_found() {
    let mut process = Process::start(&anywhere());
    let address = process.address.clone();
    let mut connector = up(&address, &quick()).await;
    for round in 0..3 {
        connector.send(numbered(round)).unwrap();
        assert_eq!(number(&reply(&mut *connector).await), round);
        drop(process);
        let event = next(&mut *connector).await;
        assert!(matches!(event, ConnectionEvent::Lost(_)), "{event:?}");
        until(&mut *connector, |event| matches!(event, ConnectionEvent::AttemptFailed(_))).await;
        process = Process::start(&address);
        connector.connect_now();
        until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
    }
}

#[tokio::test]
async fn a_message_of_too_many_frames_is_dropped_whole() {
    let mut listener = bind(&anywhere(), &quick()).unwrap();
    let mut connector = up(listener.address(), &quick()).await;
    let long: Message = (0..10_000).map(|_| Bytes::from_static(b"frame")).collect();
    let just: Message = (0..16).map(|_| Bytes::from_static(b"frame")).collect();
    let over: Message = (0..17).map(|_| Bytes::from_static(b"frame")).collect();
    for message in [&long, &numbered(1), &over, &long, &just, &long] {
        connector.send(message.clone()).unwrap();
    }
    connector.send(numbered(2)).unwrap();
    let mut batch = Vec::new();
    while batch.len() < 3 {
        listener.receive(&mut batch, 1).await.unwrap();
    }
    assert_eq!(batch[0].message, numbered(1));
    assert_eq!(batch[1].message, just);
    assert_eq!(batch[2].message, numbered(2));

    // And in the other direction.
    for message in [&long, &numbered(1), &over, &just] {
        listener.send(&batch[0].peer, message.clone()).unwrap();
    }
    assert_eq!(reply(&mut *connector).await, numbered(1));
    assert_eq!(reply(&mut *connector).await, just);
}

#[tokio::test]
async fn a_frame_over_the_limit_cuts_its_sender() {
    let options = TransportOptions { max_message_size: 1000, ..quick() };
    let echo = Echo::start(&anywhere(), &options);
    let mut connector = up(&echo.address, &quick()).await;
    let mut other = up(&echo.address, &quick()).await;
    connector.send(Message::from([Bytes::from(vec![0; 1000])])).unwrap();
    assert_eq!(reply(&mut *connector).await.byte_len(), 1000);
    connector.send(Message::from([Bytes::from(vec![0; 1001])])).unwrap();
    until(&mut *connector, |event| matches!(event, ConnectionEvent::Lost(_))).await;
    until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
    other.send(numbered(3)).unwrap();
    assert_eq!(number(&reply(&mut *other).await), 3);
}

#[tokio::test]
async fn who_speaks_no_zeromq_fails_the_attempt() {
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string().parse().unwrap();
    let web_server = tokio::spawn(async move {
        loop {
            let (stream, _) = other.accept().await.unwrap();
            stream.writable().await.unwrap();
            let _ = stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let mut connector = connect(&address, &quick()).unwrap();
    let event = next(&mut *connector).await;
    assert!(matches!(event, ConnectionEvent::AttemptFailed(_)), "{event:?}");
    web_server.abort();
    let _ = web_server.await;
    let echo = Echo::start(&address, &quick());
    connector.connect_now();
    until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
    echo.stop().await;
}

#[tokio::test]
async fn connectors_are_not_bounded_by_one_context() {
    let echo = Echo::start(&anywhere(), &quick());
    let mut connectors: Vec<_> = (0..400).map(|_| connect(&echo.address, &quick()).unwrap()).collect();
    for connector in &mut connectors {
        until(&mut **connector, |event| *event == ConnectionEvent::Up).await;
        connector.send(numbered(1)).unwrap();
    }
    for connector in &mut connectors {
        reply(&mut **connector).await;
    }
}

#[tokio::test]
async fn a_dropped_connector_stops_nobody() {
    // Each drop races with the reports of libzmq's I/O thread, which must not wait for a reader that is gone.
    let echo = Echo::start(&anywhere(), &quick());
    let nobody: Address = "tcp://127.0.0.1:1".parse().unwrap();
    for round in 0..200 {
        let _unconnected = connect(&echo.address, &quick()).unwrap();
        let mut refused = connect(&nobody, &quick()).unwrap();
        if round % 2 == 0 {
            refused.connect_now();
        }
    }
    let mut connector = up(&echo.address, &quick()).await;
    connector.send(numbered(1)).unwrap();
    assert_eq!(number(&reply(&mut *connector).await), 1);
}

#[tokio::test]
async fn connecting_again_and_again_ends_connected() {
    let echo = Echo::start(&anywhere(), &quick());
    let address = echo.address.clone();
    echo.stop().await;
    let mut connector = connect(&address, &quick()).unwrap();
    for _ in 0..50 {
        connector.connect_now();
        until(&mut *connector, |event| matches!(event, ConnectionEvent::AttemptFailed(_))).await;
    }
    let echo = Echo::start(&address, &quick());
    while next(&mut *connector).await != ConnectionEvent::Up {
        connector.connect_now();
    }
    for round in 0..100 {
        connector.connect_now();
        connector.send(numbered(round)).unwrap();
        let event = next(&mut *connector).await;
        assert!(matches!(&event, ConnectionEvent::Message(message) if number(message) == round), "{event:?}");
    }
    echo.stop().await;
}

#[tokio::test]
async fn every_interface_and_ipv6_can_be_listened_at() {
    for (text, connect_to) in [("tcp://*:*", "127.0.0.1"), ("tcp://[::1]:0", "[::1]"), ("localhost:0", "localhost")] {
        let Ok(listener) = bind(&text.parse().unwrap(), &quick()) else {
            assert!(text.contains("::1"), "{text} must work, IPv6 may be off");
            continue;
        };
        let port = listener.address().port().unwrap();
        assert_ne!(port, 0);
        let address: Address = format!("tcp://{connect_to}:{port}").parse().unwrap();
        up(&address, &quick()).await;
        listener.close().await;
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_found_fails_the_attempt_and_stops_no_other() {
    let echo = Echo::start(&anywhere(), &quick());
    let mut lost = connect(&"tcp://no.such.host.invalid:1".parse().unwrap(), &quick()).unwrap();
    let mut connector = up(&echo.address, &quick()).await;
    connector.send(numbered(1)).unwrap();
    reply(&mut *connector).await;
    let ConnectionEvent::AttemptFailed(why) = next(&mut *lost).await else { panic!("it cannot be up") };
    assert!(why.contains("cannot be found"), "{why}");
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_at_says_why() {
    let failure = |text: &str| bind(&text.parse().unwrap(), &quick()).err().unwrap();
    let error = failure("tcp://192.0.2.1:0");
    assert!(matches!(error, TransportError::AddressNotAvailable { .. }), "{error}");
    let error = failure("tcp://no.such.host.invalid:0");
    assert!(matches!(error, TransportError::AddressNotAvailable { .. }), "{error}");
    let error = failure("ipc:///no/such/directory/socket");
    assert!(error.to_string().contains("No such file"), "{error}");
    let error = failure("ipc:///dev/null/socket");
    assert!(error.to_string().contains("Not a directory"), "{error}");
    let error = failure(&format!("ipc:///tmp/{}", "x".repeat(200)));
    assert!(matches!(error, TransportError::Other { .. }), "{error}");
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_file_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let address: Address = format!("ipc://{}", path.display()).parse().unwrap();
    let mut process = Process::start(&address);
    assert!(matches!(bind(&address, &quick()), Err(TransportError::AddressInUse { .. })));
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    assert!(path.exists());
    bind(&address, &quick()).unwrap().close().await;

    let file = directory.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    let address: Address = format!("ipc://{}", file.display()).parse().unwrap();
    assert!(matches!(bind(&address, &quick()), Err(TransportError::AddressInUse { .. })));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}
