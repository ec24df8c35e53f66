//! The bounds of transfers in chunks.

use std::path::PathBuf;
use std::time::Duration;

/// What a service takes on at most of attachments that come and go in chunks. Each bound, when
/// reached, gives a refusal that names it.
///
/// ```
/// let limits = pycom::TransferLimits { size: 10 << 30, ..pycom::TransferLimits::default() };
/// assert_eq!(limits.open, 512);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferLimits {
    /// Calls whose attachments are on their way at once; 512.
    pub open: usize,
    /// Bytes of one attachment that comes; 16 GiB.
    pub size: u64,
    /// Bytes that attachments may take on the disk until their methods have read them, all
    /// together; 16 GiB.
    pub spool_bytes: u64,
    /// Where they are kept until then. By default a folder of its own under the system's
    /// temporary one, which goes with the service. A folder given here belongs to one service at a
    /// time; in it attachments that arrived in part, and whose senders marked them with
    /// [`Attachment::resumable`](crate::Attachment::resumable), outlive the service.
    pub spool: Option<PathBuf>,
    /// How long parts of such attachments are kept in `spool`; 24 h.
    pub keep: Duration,
    /// How long a transfer may rest before it is dropped; 60 s. Where its caller waits for an attachment that is still
    /// being made, ten times as long.
    pub idle: Duration,
    /// Bytes of a chunk; 512 KiB.
    pub chunk: usize,
    /// Bytes of one attachment that may be under way, and so in memory; 4 MiB.
    pub window: usize,
    /// Bytes of chunks that are in memory, of all transfers together; 256 MiB.
    pub memory: usize,
    /// Largest attachment of a reply that goes in one frame where its caller takes chunks; 1 MiB.
    pub frame: usize,
}

impl Default for TransferLimits {
    fn default() -> Self {
        Self {
            open: 512,
            size: 16 << 30,
            spool_bytes: 16 << 30,
            spool: None,
            keep: Duration::from_secs(24 * 3600),
            idle: Duration::from_secs(60),
            chunk: 512 * 1024,
            window: 4 * 1024 * 1024,
            memory: 256 * 1024 * 1024,
            frame: 1024 * 1024,
        }
    }
}

impl TransferLimits {
    /// With a chunk that fits into a frame, and a window of at least two chunks.
    pub(crate) fn fitting(self, message_size: usize, reply_size: usize) -> Self {
        let chunk = self.chunk.clamp(1, message_size.min(reply_size).max(1));
        Self { chunk, window: self.window.max(2 * chunk), frame: self.frame.min(reply_size), ..self }
    }
}
