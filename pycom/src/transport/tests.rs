//! What holds for every back end.

use std::collections::HashMap;
use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;

use super::*;

impl dyn Listener {
    pub(super) fn send_now(&mut self, to: &Peer, message: Message) -> Result<(), SendError> {
        let sent = self.send(to, message);
        self.flush();
        sent
    }

    pub(super) async fn receive(&mut self, batch: &mut Vec<Incoming>, limit: usize) -> Result<(), TransportError> {
        poll_fn(|cx| self.poll_receive(cx, batch, limit)).await
    }
}

impl dyn Connector {
    #[expect(clippy::result_large_err, reason = "as the method it calls")]
    pub(super) fn send_now(&mut self, message: Message) -> Result<(), Refused> {
        let sent = self.send(message);
        self.flush();
        sent
    }

    pub(super) async fn events(&mut self, events: &mut Vec<ConnectionEvent>, limit: usize) {
        poll_fn(|cx| self.poll_events(cx, events, limit)).await;
    }
}

/// Of each back end an address, with what must live as long as it is used.
fn every_back_end() -> Vec<(Address, TransportOptions, Option<tempfile::TempDir>)> {
    let directory = tempfile::tempdir().unwrap();
    let path = format!("ipc://{}", directory.path().join("socket").display());
    let options = TransportOptions { memory: MemoryNetwork::new(), ..TransportOptions::default() };
    let carried_by = |backend| TransportOptions { backend: Some(backend), ..options.clone() };
    let tcp: Address = "tcp://127.0.0.1:0".parse().unwrap();
    let other = tempfile::tempdir().unwrap();
    let other_path = format!("ipc://{}", other.path().join("socket").display());
    vec![
        (tcp.clone(), carried_by(Backend::Tmq), None),
        (tcp, carried_by(Backend::Zmtp), None),
        (path.parse().unwrap(), carried_by(Backend::Tmq), Some(directory)),
        (other_path.parse().unwrap(), carried_by(Backend::Zmtp), Some(other)),
        ("inproc://service".parse().unwrap(), options, None),
    ]
}

/// A listener on a task of its own that gives every message back until it is asked to stop.
pub(super) struct Echo {
    pub(super) address: Address,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Echo {
    pub(super) fn start(address: &Address, options: &TransportOptions) -> Self {
        let mut listener = bind(address, options).unwrap();
        let address = listener.address().clone();
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut batch = Vec::new();
            loop {
                tokio::select! {
                    received = listener.receive(&mut batch, 64) => received.unwrap(),
                    _ = &mut stopped => break,
                }
                for Incoming { peer, message } in batch.drain(..) {
                    let _ = listener.send_now(&peer, message);
                }
            }
            listener.close().await;
        });
        Self { address, stop, task }
    }

    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}

pub(super) async fn next(connector: &mut dyn Connector) -> ConnectionEvent {
    let mut events = Vec::new();
    let wait = connector.events(&mut events, 1);
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("something should have happened");
    assert_eq!(events.len(), 1);
    events.remove(0)
}

pub(super) async fn until(connector: &mut dyn Connector, wanted: fn(&ConnectionEvent) -> bool) -> ConnectionEvent {
    loop {
        let event = next(connector).await;
        if wanted(&event) {
            return event;
        }
    }
}

pub(super) async fn up(address: &Address, options: &TransportOptions) -> Box<dyn Connector> {
    let mut connector = connect(address, options).unwrap();
    until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
    connector
}

/// As [`up`], to a listener of the test's own, which has to be polled for that: nothing happens behind its back.
pub(super) async fn up_at(listener: &mut dyn Listener, options: &TransportOptions) -> Box<dyn Connector> {
    let address = listener.address().clone();
    let mut batch = Vec::new();
    tokio::select! {
        connector = up(&address, options) => connector,
        received = listener.receive(&mut batch, 1) => panic!("nothing was sent, but {received:?} {batch:?}"),
    }
}

/// What `other` gives, while `connector` goes on sending.
pub(super) async fn meanwhile<T>(connector: &mut dyn Connector, other: impl Future<Output = T>) -> T {
    let mut events = Vec::new();
    tokio::select! {
        value = other => value,
        () = async { loop { connector.events(&mut events, 1).await } } => unreachable!("it goes on for ever"),
    }
}

pub(super) async fn reply(connector: &mut dyn Connector) -> Message {
    match until(connector, |event| matches!(event, ConnectionEvent::Message(_))).await {
        ConnectionEvent::Message(message) => message,
        _ => unreachable!(),
    }
}

/// Sends until the listener has learned that `peer` is gone.
pub(super) async fn until_gone(listener: &mut dyn Listener, peer: &Peer) {
    while !matches!(listener.send_now(peer, numbered(0)), Err(SendError::PeerGone)) {
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            _ = listener.receive(&mut batch, 1) => {}
            () = tokio::task::yield_now() => {}
        }
    }
}

pub(super) fn numbered(number: u64) -> Message {
    Message::from([Bytes::copy_from_slice(&number.to_be_bytes()), Bytes::new(), Bytes::from_static(b"CALL")])
}

pub(super) fn number(message: &Message) -> u64 {
    u64::from_be_bytes(message.frames()[0][..].try_into().unwrap())
}

#[tokio::test]
async fn a_message_comes_back_as_it_was() {
    for (address, options, _directory) in every_back_end() {
        let echo = Echo::start(&address, &options);
        let mut connector = up(&echo.address, &options).await;
        let shared = Bytes::from(vec![3; 300_000]);
        for message in [
            Message::from([Bytes::new()]),
            Message::from([Bytes::from_static(b"id"), Bytes::new(), Bytes::from_static(b"CALL")]),
            Message::from([Bytes::from(vec![1; 33]), Bytes::from(vec![2; 4096]), Bytes::from(vec![3; 4097])]),
            Message::from([shared.clone(), Bytes::from(vec![4; 1_000_000]), shared.slice(7..200_000)]),
            (0..16u8).map(|byte| Bytes::from(vec![byte])).collect(),
        ] {
            connector.send_now(message.clone()).unwrap();
            assert_eq!(reply(&mut *connector).await, message);
        }
        echo.stop().await;
    }
}

#[tokio::test]
async fn a_message_without_frames_is_nothing() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let mut connector = up_at(&mut *listener, &options).await;
        connector.send_now(Message::default()).unwrap();
        connector.send_now(numbered(1)).unwrap();
        let mut batch = Vec::new();
        listener.receive(&mut batch, 2).await.unwrap();
        assert_eq!((batch.len(), number(&batch[0].message)), (1, 1));
        listener.send_now(&batch[0].peer, Message::default()).unwrap();
        listener.send_now(&batch[0].peer, numbered(2)).unwrap();
        assert_eq!(reply(&mut *connector).await, numbered(2));
    }
}

#[tokio::test]
async fn more_replies_than_fit_in_a_queue_wait_for_a_peer_that_reads() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let mut connector = up_at(&mut *listener, &options).await;
        connector.send_now(numbered(0)).unwrap();
        let mut batch = Vec::new();
        listener.receive(&mut batch, 1).await.unwrap();
        for number in 0..5_000 {
            listener.send_now(&batch[0].peer, numbered(number)).unwrap();
        }
        let serving = tokio::spawn(async move {
            let _ = listener.receive(&mut batch, 1).await;
        });
        for expected in 0..5_000 {
            assert_eq!(number(&reply(&mut *connector).await), expected);
        }
        serving.abort();
    }
}

#[tokio::test]
async fn ten_thousand_messages_arrive_in_order_with_many_under_way() {
    const COUNT: u64 = 10_000;
    for (address, options, _directory) in every_back_end() {
        let echo = Echo::start(&address, &options);
        let mut connector = up(&echo.address, &options).await;
        let (mut sent, mut received) = (0, 0);
        let mut refused = None;
        while received < COUNT {
            while sent < COUNT && sent < received + 200 {
                match connector.send_now(refused.take().unwrap_or_else(|| numbered(sent))) {
                    Ok(()) => sent += 1,
                    Err(Refused { message, reason }) => {
                        assert_eq!(reason, Refusal::NoRoom);
                        assert_eq!(number(&message), sent);
                        refused = Some(message);
                        break;
                    }
                }
            }
            let mut events = Vec::new();
            connector.events(&mut events, 50).await;
            assert!((1..=50).contains(&events.len()));
            for event in events {
                match event {
                    ConnectionEvent::Message(message) => {
                        assert_eq!(number(&message), received);
                        received += 1;
                    }
                    other => assert_eq!(other, ConnectionEvent::Room),
                }
            }
        }
        echo.stop().await;
    }
}

#[tokio::test]
async fn each_peer_gets_its_own_replies() {
    for (address, options, _directory) in every_back_end() {
        let echo = Echo::start(&address, &options);
        let mut connectors = Vec::new();
        for _ in 0..20 {
            connectors.push(up(&echo.address, &options).await);
        }
        for (number, connector) in (0..).zip(&mut connectors) {
            connector.send_now(numbered(number)).unwrap();
        }
        for (expected, connector) in (0..).zip(&mut connectors) {
            assert_eq!(number(&reply(&mut **connector).await), expected);
        }
        echo.stop().await;
    }
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_when_there_is_room() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let mut connector = up_at(&mut *listener, &options).await;
        // Large enough to fill the system's buffers too.
        let large = Bytes::from(vec![0; 64 * 1024]);
        let mut sent = 0;
        while let Ok(()) = connector.send_now(Message::from([large.clone()])) {
            sent += 1;
        }
        let refused = connector.send_now(Message::from([large.clone()])).unwrap_err();
        assert_eq!((refused.reason, refused.message.frames()), (Refusal::NoRoom, &[large][..]));

        let listening = tokio::spawn(async move {
            let mut batch = Vec::new();
            while batch.len() <= sent {
                listener.receive(&mut batch, usize::MAX).await.unwrap();
            }
            batch
        });
        until(&mut *connector, |event| *event == ConnectionEvent::Room).await;
        connector.send_now(numbered(7)).unwrap();
        let batch = meanwhile(&mut *connector, listening).await.unwrap();
        assert_eq!(batch.len(), sent + 1);
        assert_eq!(number(&batch[sent].message), 7);
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_delays_no_other() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let mut slow = up_at(&mut *listener, &options).await;
        let mut quick = up_at(&mut *listener, &options).await;
        slow.send_now(numbered(0)).unwrap();
        quick.send_now(numbered(1)).unwrap();
        let mut peers = HashMap::new();
        let mut batch = Vec::new();
        while peers.len() < 2 {
            listener.receive(&mut batch, 10).await.unwrap();
            peers.extend(batch.drain(..).map(|incoming| (number(&incoming.message), incoming.peer)));
        }
        let large = Bytes::from(vec![0; 64 * 1024]);
        let failure = loop {
            if let Err(error) = listener.send_now(&peers[&0], Message::from([large.clone()])) {
                break error;
            }
        };
        assert!(matches!(failure, SendError::PeerSlow), "{failure}");
        for expected in 0..1000 {
            listener.send_now(&peers[&1], numbered(expected)).unwrap();
            assert_eq!(number(&reply(&mut *quick).await), expected);
        }
    }
}

#[tokio::test]
async fn a_gone_peer_concerns_nobody_else() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let mut connector = up_at(&mut *listener, &options).await;
        connector.send_now(numbered(0)).unwrap();
        let mut batch = Vec::new();
        listener.receive(&mut batch, 10).await.unwrap();
        assert!(matches!(listener.send_now(&Peer::new(b"stranger"), numbered(0)), Err(SendError::PeerGone)));
        drop(connector);
        until_gone(&mut *listener, &batch[0].peer).await;
        let mut other = up_at(&mut *listener, &options).await;
        other.send_now(numbered(1)).unwrap();
        listener.receive(&mut batch, 10).await.unwrap();
        listener.send_now(&batch[1].peer, numbered(1)).unwrap();
        assert_eq!(number(&reply(&mut *other).await), 1);
    }
}

#[tokio::test]
async fn where_nobody_listens_an_attempt_fails_and_one_made_later_succeeds() {
    for (address, options, _directory) in every_back_end() {
        let echo = Echo::start(&address, &options);
        let address = echo.address.clone();
        echo.stop().await;
        let mut connector = connect(&address, &options).unwrap();
        until(&mut *connector, |event| matches!(event, ConnectionEvent::AttemptFailed(_))).await;
        let refused = connector.send_now(numbered(5)).unwrap_err();
        assert_eq!((refused.reason, number(&refused.message)), (Refusal::NotConnected, 5));

        let echo = Echo::start(&address, &options);
        connector.connect_now();
        connector.connect_now();
        until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
        connector.send_now(refused.message).unwrap();
        assert_eq!(number(&reply(&mut *connector).await), 5);
        echo.stop().await;
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    for (address, options, _directory) in every_back_end() {
        let mut echo = Echo::start(&address, &options);
        let mut connector = up(&echo.address, &options).await;
        for round in 0..5 {
            let address = echo.address.clone();
            echo.stop().await;
            until(&mut *connector, |event| matches!(event, ConnectionEvent::Lost(_))).await;
            assert_eq!(connector.send_now(numbered(0)).unwrap_err().reason, Refusal::NotConnected);
            echo = Echo::start(&address, &options);
            connector.connect_now();
            until(&mut *connector, |event| *event == ConnectionEvent::Up).await;
            connector.send_now(numbered(round)).unwrap();
            assert_eq!(number(&reply(&mut *connector).await), round);
        }
        echo.stop().await;
    }
}

#[tokio::test]
async fn what_was_sent_before_closing_still_arrives() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let mut connector = up_at(&mut *listener, &options).await;
        connector.send_now(numbered(0)).unwrap();
        let mut batch = Vec::new();
        listener.receive(&mut batch, 1).await.unwrap();
        for number in 0..200 {
            listener.send_now(&batch[0].peer, numbered(number)).unwrap();
        }
        listener.close().await;
        for expected in 0..200 {
            let ConnectionEvent::Message(message) = next(&mut *connector).await else { panic!("lost {expected}") };
            assert_eq!(number(&message), expected);
        }
        assert!(matches!(next(&mut *connector).await, ConnectionEvent::Lost(_)));
    }
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_says_so() {
    for (address, options, _directory) in every_back_end() {
        let listener = bind(&address, &options).unwrap();
        let address = listener.address().clone();
        let error = bind(&address, &options).err().unwrap();
        assert!(matches!(error, TransportError::AddressInUse { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!(
                "{address} is in use; stop what listens there, or choose another address (port 0 lets the system choose)"
            )
        );
        listener.close().await;
        bind(&address, &options).unwrap();
    }
}

/// Replies are sent from outside of the receiving future, each time at another moment of its sleep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wake_up_is_lost_between_sends_and_receives() {
    for (address, options, _directory) in every_back_end() {
        let mut listener = bind(&address, &options).unwrap();
        let address = listener.address().clone();
        let (replies, mut to_send) = tokio::sync::mpsc::channel::<Incoming>(1000);
        let server = tokio::spawn(async move {
            let mut batch = Vec::new();
            loop {
                tokio::select! {
                    biased;
                    received = listener.receive(&mut batch, 7) => received.unwrap(),
                    reply = to_send.recv() => {
                        let Some(Incoming { peer, message }) = reply else { return };
                        listener.send_now(&peer, message).unwrap();
                    }
                }
                for incoming in batch.drain(..) {
                    let replies = replies.clone();
                    tokio::spawn(async move {
                        tokio::task::yield_now().await;
                        replies.send(incoming).await.unwrap();
                    });
                }
            }
        });
        let clients = (0..8u64).map(|client| {
            let (address, options) = (address.clone(), options.clone());
            tokio::spawn(async move {
                let mut connector = up(&address, &options).await;
                let (mut sent, mut received) = (0, 0);
                while received < 2_000 {
                    while sent < 2_000 && sent - received < client + 1 {
                        connector.send_now(numbered(sent)).unwrap();
                        sent += 1;
                    }
                    reply(&mut *connector).await;
                    received += 1;
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        server.abort();
    }
}
