//! Turns of tasks.

use std::future::poll_fn;
use std::task::Poll;

/// Lets others on the runtime run. Unlike tokio's own `yield_now`, which puts the task aside until
/// this very thread is idle, another thread may go on with it: one that is blocked by a method
/// does not stop it.
pub(crate) async fn give_way() {
    let mut gave_way = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
