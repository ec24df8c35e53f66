//! Turns of tasks.

use std::future::poll_fn;
use std::task::Poll;

use tokio::runtime::{Handle, RuntimeFlavor};

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

/// As [`give_way`], also to the future that a runtime of one thread blocks on: else that has a turn after 61 of the
/// tasks. It costs a look at the system's events.
pub(crate) async fn give_way_to_all() {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::CurrentThread) => tokio::task::yield_now().await,
        _ => give_way().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_a_runtime_of_one_thread_blocks_on_has_its_turn() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let told = Arc::new(AtomicBool::new(false));
        let turns = runtime.block_on(async {
            let (tell, heard) = tokio::sync::oneshot::channel();
            let seen = told.clone();
            let task = tokio::spawn(async move {
                tell.send(()).unwrap();
                let mut turns = 0;
                while !seen.load(Ordering::Relaxed) {
                    give_way_to_all().await;
                    turns += 1;
                }
                turns
            });
            heard.await.unwrap();
            told.store(true, Ordering::Relaxed);
            task.await.unwrap()
        });
        assert_eq!(turns, 1);
    }
}
