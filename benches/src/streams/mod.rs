//! What others use to move a stream of bytes of any length: for the benchmark of attachments.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, stream};

pub mod http;
pub mod tonic;

/// The chunks of a stream of `length` bytes, each made anew, as ours are.
pub fn chunks(length: u64, chunk: usize) -> impl Stream<Item = Bytes> + Send + 'static {
    let count = length / chunk as u64;
    stream::iter((0..count).map(move |_| Bytes::from(vec![7; chunk])))
}

/// How long a put and a get took.
pub struct Took {
    pub put: Duration,
    pub get: Duration,
}

/// The time that `work` takes.
pub async fn timed(work: impl Future<Output = u64>, length: u64) -> Duration {
    let start = Instant::now();
    assert_eq!(work.await, length, "all bytes arrive");
    start.elapsed()
}
