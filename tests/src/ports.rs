//! Ports for programs that cannot let the system choose: the originals take none but a given one, and a service that
//! comes back at its old address has to name it.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which the system takes ports for connections and for whoever binds to port 0: what was chosen
/// here stays free while its service is down, and no client that tries it there can meet itself.
const RANGE: Range<u32> = 10_000..32_000;

/// A port of the loopback where nobody listens at the moment. Somebody else may be quicker: try another then.
pub fn free() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Processes that run at once begin at different places.
    let start = std::process::id().wrapping_mul(997);
    loop {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (RANGE.end - RANGE.start);
        let port = u16::try_from(RANGE.start + offset).expect("the range is one of ports");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The address of such a port.
pub fn free_address() -> String {
    format!("tcp://127.0.0.1:{}", free())
}
