//! Names of hosts, looked up away from whoever must not wait: libzmq would do it in its I/O thread, where one slow
//! answer stops every connection.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::transport::{Address, Host};

/// Finds where to connect to, anew for each attempt.
pub(super) struct Resolver {
    address: Address,
    timeout: Duration,
    /// Which of several places is next.
    turn: usize,
    looking: Option<Pin<Box<LookUp>>>,
}

type LookUp = dyn Future<Output = Result<Vec<SocketAddr>, String>> + Send;

impl Resolver {
    pub(super) fn new(address: Address, timeout: Duration) -> Self {
        Self { address, timeout, turn: 0, looking: None }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The place to connect to if that is known without looking; otherwise [`poll`](Self::poll) tells it.
    pub(super) fn start(&mut self) -> Option<Address> {
        let (Some(Host::Name(name)), Some(port)) = (self.address.host(), self.address.port()) else {
            return Some(self.address.clone());
        };
        self.looking = Some(Box::pin(look_up(name.to_string(), port, self.timeout)));
        None
    }

    /// Ready once for each look-up that was started.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Address, String>> {
        let Some(looking) = &mut self.looking else { return Poll::Pending };
        let found = ready!(looking.as_mut().poll(cx));
        self.looking = None;
        Poll::Ready(found.and_then(|places| {
            let place = choose(&places, self.turn).ok_or("the host has no address")?;
            Ok(Address::tcp(Host::Ip(place.ip()), place.port()))
        }))
    }

    /// The place found last was of no use: take another the next time.
    pub(super) fn failed(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }
}

async fn look_up(name: String, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    match timeout(limit, lookup_host((name, port))).await {
        Ok(Ok(places)) => Ok(places.collect()),
        Ok(Err(error)) => Err(format!("the host cannot be found: {error}")),
        Err(_) => Err(format!("the host cannot be found: no answer within {} ms", limit.as_millis())),
    }
}

/// Each turn another place; IPv4 comes first, as with libzmq: few services listen at IPv6 only.
fn choose(places: &[SocketAddr], turn: usize) -> Option<SocketAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = places.iter().partition(|place| place.is_ipv4());
    let places: Vec<_> = v4.into_iter().chain(v6).collect();
    places.get(turn.checked_rem(places.len())?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_is_another_place_and_ipv4_is_first() {
        let places = ["[::1]:1", "127.0.0.1:1", "127.0.0.2:1"].map(|place| place.parse().unwrap());
        let chosen: Vec<_> = (0..4).map(|turn| choose(&places, turn).unwrap().to_string()).collect();
        assert_eq!(chosen, ["127.0.0.1:1", "127.0.0.2:1", "[::1]:1", "127.0.0.1:1"]);
        assert_eq!(choose(&[], 0), None);
    }
}
