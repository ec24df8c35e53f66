//! A relay between a client and a service over TCP, whose connections the test cuts: at a certain byte, in the middle of
//! whatever passes just then.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the service.
    ToService,
    /// From the service to the client.
    ToClient,
}

/// A relay in front of one service. Goes with its handle.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    open: Vec<[TcpStream; 2]>,
    /// How many have been made.
    made: usize,
    /// Bytes that have passed each way.
    passed: [u64; 2],
    /// Where to cut next, in bytes that have passed each way.
    cuts: [VecDeque<u64>; 2],
    swallowed: [bool; 2],
    held: bool,
    ended: bool,
}

impl State {
    fn cut(&mut self) {
        for stream in self.open.drain(..).flatten() {
            // It may have gone by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Relay {
    /// A relay to `service`, `tcp://` with an address and a port.
    ///
    /// # Panics
    ///
    /// Where that is no such address, or no port is free.
    pub fn to(service: &str) -> Self {
        let service: SocketAddr = service.trim_start_matches("tcp://").parse().expect("tcp:// with address and port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut state = locked(&shared);
                if state.ended {
                    break;
                }
                if state.held {
                    continue;
                }
                let Ok(server) = TcpStream::connect(service) else { continue };
                let copies = || Ok::<_, std::io::Error>([client.try_clone()?, server.try_clone()?]);
                let Ok(copies) = copies() else { continue };
                state.open.push(copies);
                state.made += 1;
                drop(state);
                let ends = || Ok::<_, std::io::Error>((client.try_clone()?, server.try_clone()?));
                let Ok((from, to)) = ends() else { continue };
                for (way, from, to) in [(Way::ToService, from, to), (Way::ToClient, server, client)] {
                    let shared = shared.clone();
                    std::thread::spawn(move || pump(way, from, to, &shared));
                }
            }
        });
        Self { address, state }
    }

    /// Where clients connect to.
    pub fn address(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// Cuts when so many more bytes have passed that way, counted from now, at each of the places.
    pub fn cut_at(&self, way: Way, places: impl IntoIterator<Item = u64>) {
        let mut state = locked(&self.state);
        let passed = state.passed[way as usize];
        state.cuts[way as usize] = places.into_iter().map(|place| passed + place).collect();
    }

    /// Cuts now.
    pub fn cut(&self) {
        locked(&self.state).cut();
    }

    /// Cuts, and closes each new connection at once, until [`mend`](Self::mend).
    pub fn hold(&self) {
        let mut state = locked(&self.state);
        state.held = true;
        state.cut();
    }

    /// Lets all pass again.
    pub fn mend(&self) {
        let mut state = locked(&self.state);
        state.held = false;
        state.swallowed = [false; 2];
    }

    /// Takes what goes that way and passes nothing on: neither side is told.
    pub fn swallow(&self, way: Way) {
        locked(&self.state).swallowed[way as usize] = true;
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        locked(&self.state).made
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = locked(&self.state);
        state.ended = true;
        state.cut();
        drop(state);
        // Wakes whoever waits for clients.
        let _ = TcpStream::connect(self.address);
    }
}

fn pump(way: Way, mut from: TcpStream, mut to: TcpStream, shared: &Mutex<State>) {
    let mut buffer = vec![0; 64 * 1024];
    let index = way as usize;
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let (passing, swallowed, is_cut) = {
            let mut state = locked(shared);
            let before = state.passed[index];
            let is_cut = state.cuts[index].front().is_some_and(|place| *place <= before + length as u64);
            let cut = if is_cut { state.cuts[index].pop_front() } else { None };
            let passing = cut.map_or(length, |place| place.saturating_sub(before) as usize);
            state.passed[index] += passing as u64;
            (passing, state.swallowed[index], is_cut)
        };
        if !swallowed && to.write_all(&buffer[..passing]).is_err() {
            break;
        }
        if is_cut {
            locked(shared).cut();
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
