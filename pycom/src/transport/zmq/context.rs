//! Where libzmq's sockets live: a context is an I/O thread and its sockets.

use std::sync::{Mutex, PoisonError};

use super::process;

/// A context of a listener's own: its end is libzmq's only sign that everything sent has left the process.
pub(super) fn own() -> zmq::Context {
    process::prepare();
    zmq::Context::new()
}

/// Opens sockets in a context shared by all connectors of the process.
///
/// A context takes 1,023 sockets and its limit is out of reach through the zmq crate, so that a full one gets a
/// successor. They are kept for ever: dropping the last handle of a context waits for its sockets, and that could be on
/// somebody's runtime thread.
pub(super) fn shared<T>(open: impl Fn(&zmq::Context) -> Result<T, zmq::Error>) -> Result<T, zmq::Error> {
    static CONTEXTS: Mutex<Vec<zmq::Context>> = Mutex::new(Vec::new());

    process::prepare();
    let mut contexts = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    for context in contexts.iter().rev() {
        match open(context) {
            Err(zmq::Error::EMFILE) => {}
            result => return result,
        }
    }
    let context = zmq::Context::new();
    let opened = open(&context)?;
    contexts.push(context);
    Ok(opened)
}
