//! Waiting for a condition. Nothing here asserts how long something takes: the deadline is there so that a test which
//! waits for what never comes says so.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a test waits for what usually takes a moment; a loaded machine may need a good part of it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `look` gives something.
///
/// # Panics
///
/// Where it has given nothing for [`PATIENCE`]; says `what` was awaited.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for this: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// As [`eventually`], for a look that has to be awaited.
///
/// # Panics
///
/// Where it has given nothing for [`PATIENCE`]; says `what` was awaited.
pub async fn eventually_async<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for this: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
