//! Closing a listener without waiting on a runtime thread.

use std::thread;

use tmq::router::Router;
use tokio::sync::oneshot;

/// Closes a socket that is the only one of its context, and resolves when everything sent has left the process or the
/// linger time is over: only then does libzmq let go of the context, in a blocking call.
pub(super) fn in_background(router: Router) -> oneshot::Receiver<()> {
    let (done, closed) = oneshot::channel();
    let close = move || {
        drop(router);
        // Nobody waits when the listener was merely dropped.
        let _ = done.send(());
    };
    if let Err(error) = thread::Builder::new().name("pycom-close".to_owned()).spawn(close) {
        tracing::warn!(%error, "no thread to close a listener in: it was closed in place");
    }
    closed
}
