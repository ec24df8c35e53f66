use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Peer;
use crate::load::{Case, Sample, Schedule, Times, Window, watch};

/// libzmq itself, DEALER to ROUTER, blocking, with the frames of ours and without looking into them: what a program
/// over libzmq can reach at best.
pub struct Libzmq;

/// The request of a [`Case`] as ours write it.
pub fn request(case: &Case, interface: &str, method: &str) -> Vec<u8> {
    let args = serde_json::to_string(&case.message()).expect("a message is JSON");
    format!(
        r#"{{"version":"1.0","interface":"{interface}","method":"{method}","args":{args},"extensions":{{"org.pycom.timeout":5000}}}}"#
    )
    .into()
}

fn reply(case: &Case) -> Vec<u8> {
    let result = serde_json::to_string(&case.message()).expect("a message is JSON");
    format!(r#"{{"code":0,"result":{result}}}"#).into()
}

impl Peer for Libzmq {
    fn who(&self) -> &'static str {
        "libzmq"
    }

    fn measure(&self, case: Case, window: &Window) -> Sample {
        // As two programs would: an I/O thread of libzmq for each side.
        let socket = zmq::Context::new().socket(zmq::ROUTER).expect("a socket can be made");
        socket.bind("tcp://127.0.0.1:*").expect("a port is free");
        socket.set_rcvtimeo(100).expect("the option exists");
        let endpoint = socket.get_last_endpoint().expect("it is bound").expect("an endpoint is text");
        let stop = Arc::new(AtomicBool::new(false));
        let server = std::thread::spawn({
            let (stop, reply) = (stop.clone(), reply(&case));
            move || serve(&socket, &reply, &stop)
        });
        let sample = drive(&endpoint, case, window, &request(&case, "bench.echo", "echo"), None);
        stop.store(true, Ordering::Relaxed);
        server.join().expect("the server does not panic");
        sample
    }
}

fn serve(socket: &zmq::Socket, reply: &[u8], stop: &AtomicBool) {
    let mut frame = zmq::Message::new();
    while !stop.load(Ordering::Relaxed) {
        let Ok(peer) = socket.recv_msg(0) else { continue };
        let id = socket.recv_msg(0).expect("the id follows");
        while socket.get_rcvmore().expect("a message was received") {
            socket.recv(&mut frame, 0).expect("all frames are there");
        }
        socket.send(peer, zmq::SNDMORE).expect("there is room");
        socket.send(id, zmq::SNDMORE).expect("there is room");
        socket.send(&[][..], zmq::SNDMORE).expect("there is room");
        socket.send("OK", zmq::SNDMORE).expect("there is room");
        socket.send(reply, 0).expect("there is room");
    }
}

/// Keeps calls under way over raw sockets, one thread, and measures them.
pub fn drive(endpoint: &str, case: Case, window: &Window, request: &[u8], elsewhere: Option<u32>) -> Sample {
    let context = zmq::Context::new();
    let sockets: Vec<zmq::Socket> = (0..case.connections)
        .map(|_| {
            let socket = context.socket(zmq::DEALER).expect("a socket can be made");
            socket.set_linger(0).expect("the option exists");
            socket.set_rcvtimeo(10_000).expect("the option exists");
            socket.connect(endpoint).expect("the endpoint is one");
            send(&socket, 0, request);
            receive(&socket, 0);
            socket
        })
        .collect();
    let schedule = Schedule::starting_now(window);
    let watched = watch(schedule, elsewhere);
    let mut times = Times::default();
    let mut started = Vec::new();
    for (number, socket) in (0..case.in_flight).zip(sockets.iter().cycle()) {
        started.push(Instant::now());
        send(socket, number, request);
    }
    let mut left = case.in_flight;
    let mut answered = |socket: &zmq::Socket, flags| -> Option<bool> {
        let number = receive(socket, flags)?;
        let now = Instant::now();
        let again = times.note(&schedule, started[number], now);
        if again {
            started[number] = now;
            send(socket, number, request);
        }
        Some(again)
    };
    if let [socket] = &sockets[..] {
        while left > 0 {
            left -= usize::from(!answered(socket, 0).expect("an answer within 10 s"));
        }
    } else {
        let mut items: Vec<_> = sockets.iter().map(|socket| socket.as_poll_item(zmq::POLLIN)).collect();
        while left > 0 {
            assert!(zmq::poll(&mut items, 10_000).expect("polling works") > 0, "an answer within 10 s");
            for (item, socket) in items.iter().zip(&sockets).filter(|(item, _)| item.is_readable()) {
                let _ = item;
                while let Some(again) = answered(socket, zmq::DONTWAIT) {
                    left -= usize::from(!again);
                }
            }
        }
    }
    let spent = watched.join().expect("the watching thread does not panic");
    times.sample(&schedule, spent, elsewhere.is_some())
}

fn send(socket: &zmq::Socket, number: usize, request: &[u8]) {
    socket.send(&(number as u64).to_be_bytes()[..], zmq::SNDMORE).expect("there is room");
    socket.send(&[][..], zmq::SNDMORE).expect("there is room");
    socket.send("CALL", zmq::SNDMORE).expect("there is room");
    socket.send(request, 0).expect("there is room");
}

/// The number of the call that was answered.
fn receive(socket: &zmq::Socket, flags: i32) -> Option<usize> {
    let mut frame = zmq::Message::new();
    socket.recv(&mut frame, flags).ok()?;
    let number = u64::from_be_bytes(frame[..].try_into().expect("the id comes back")) as usize;
    while frame.get_more() {
        socket.recv(&mut frame, 0).expect("all frames are there");
    }
    Some(number)
}
