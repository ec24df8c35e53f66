//! Calls that end when the test says so: no test has to guess how long something takes.
//!
//! A method that is called with the address of a [`Door`] knocks there and waits until it is let go. So the test knows
//! that the call is running, in whichever process, and chooses what happens before it ends.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};

use pycom::{Result, interface};

use crate::patience::eventually;

/// Where running calls knock.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
}

/// A call that is running. Dropping this lets it end.
#[derive(Debug)]
pub struct Held {
    _knock: TcpStream,
}

impl Door {
    /// A door at a free port.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        Self { listener }
    }

    /// Where it is: the first argument of the doorman's methods.
    ///
    /// # Panics
    ///
    /// Never, for a listener that is bound.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound socket has an address")
    }

    /// Waits until a call is running.
    pub fn arrival(&self) -> Held {
        eventually("a running call", || self.knock())
    }

    /// A call that is running and has not been noticed, if there is one now.
    ///
    /// # Panics
    ///
    /// Where the listener breaks.
    pub fn knock(&self) -> Option<Held> {
        match self.listener.accept() {
            Ok((knock, _)) => Some(Held { _knock: knock }),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("nobody can knock any more: {error}"),
        }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self::new()
    }
}

/// The service that knocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Doorman;

/// Calls that end when they are let go.
#[interface("com.foo.doorman")]
impl Doorman {
    /// Waits, and lets others use its thread meanwhile.
    #[method]
    pub async fn wait(&self, door: SocketAddr, number: u32) -> Result<u32> {
        let knock = tokio::net::TcpStream::connect(door).await?;
        loop {
            knock.readable().await?;
            match knock.try_read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => return Ok(number),
            }
        }
    }

    /// Waits, and lets nobody use its thread meanwhile.
    #[method]
    pub fn block(&self, door: SocketAddr, number: u32) -> Result<u32> {
        let mut knock = TcpStream::connect(door)?;
        let _ = knock.read(&mut [0]);
        Ok(number)
    }

    /// As `block`, in a function that pretends to be considerate.
    #[method]
    pub async fn stall(&self, door: SocketAddr, number: u32) -> Result<u32> {
        self.block(door, number)
    }

    /// Fails in a way that nobody foresaw, on a thread of its own.
    #[method]
    pub fn fall(&self) {
        panic!("fell")
    }

    /// Answers at once.
    #[method]
    pub async fn double(&self, number: u32) -> u32 {
        2 * number
    }
}
