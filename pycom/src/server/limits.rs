//! The bounds of a service.

use std::time::Duration;

/// What a service takes on at most. Each bound, when reached, gives a refusal that names it.
///
/// ```
/// let limits = pycom::Limits { calls: 64, ..pycom::Limits::default() };
/// assert_eq!(limits.queue, 4096);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls that run at once; 1,024.
    pub calls: usize,
    /// Calls that wait to run; 4,096. One more is refused as overloaded.
    pub queue: usize,
    /// Bytes of requests that run or wait; 256 MiB. One call alone may always run.
    pub bytes: usize,
    /// Bytes of one frame that is received; 16 MiB. A peer that sends more is cut.
    pub message_size: usize,
    /// Bytes of one frame that is sent; 16 MiB. A larger result becomes an error.
    pub reply_size: usize,
    /// How long it goes on as before once it was told to stop and has given its name back; 250 ms. Clients of ours that
    /// watch learn within milliseconds that it leaves, and call others from then on; what still comes after this is
    /// refused unrun, and they call another. None where it is not registered.
    pub grace: Duration,
    /// How long running calls may go on once the service was told to stop; 10 s.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1024,
            queue: 4096,
            bytes: 256 * 1024 * 1024,
            message_size: 16 * 1024 * 1024,
            reply_size: 16 * 1024 * 1024,
            grace: Duration::from_millis(250),
            drain: Duration::from_secs(10),
        }
    }
}

/// How many calls of one method a service takes on at most; see [`Server::method_limit`](crate::Server::method_limit).
///
/// ```
/// use pycom::MethodLimit;
/// assert_eq!(MethodLimit::from(8), MethodLimit { calls: 8, ..MethodLimit::default() });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodLimit {
    /// Calls of it that run at once; as many as [`Limits::calls`] allows.
    pub calls: usize,
    /// Calls of it that wait to run; as many as [`Limits::queue`] allows. One more is refused as overloaded.
    pub queue: usize,
}

impl Default for MethodLimit {
    fn default() -> Self {
        Self { calls: usize::MAX, queue: usize::MAX }
    }
}

impl From<usize> for MethodLimit {
    fn from(calls: usize) -> Self {
        Self { calls, ..Self::default() }
    }
}
