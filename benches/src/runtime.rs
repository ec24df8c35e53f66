//! Server and client each get a thread with a tokio runtime of its own: the same for every peer.

use std::future::Future;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// A server in a thread of its own. Dropping it ends the server and waits for that.
pub struct Server<A> {
    pub address: A,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<A: Send + 'static> Server<A> {
    /// Runs `serve`, which tells its address when it is ready, and ends when it is asked to or when its second argument
    /// resolves.
    pub fn start<F, Fut>(serve: F) -> Self
    where
        F: FnOnce(oneshot::Sender<A>, oneshot::Receiver<()>) -> Fut + Send + 'static,
        Fut: Future<Output = ()>,
    {
        let (ready, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let run = move || runtime().block_on(serve(ready, stopped));
        let thread = std::thread::Builder::new().name("server".into()).spawn(run).expect("a thread can be started");
        let address = address.blocking_recv().expect("the server starts");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl<A> Drop for Server<A> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs a client in a thread of its own and gives what it gives.
pub fn client<T: Send + 'static, Fut: Future<Output = T>>(run: impl FnOnce() -> Fut + Send + 'static) -> T {
    let run = move || runtime().block_on(run());
    let thread = std::thread::Builder::new().name("client".into()).spawn(run).expect("a thread can be started");
    thread.join().expect("the client does not panic")
}
