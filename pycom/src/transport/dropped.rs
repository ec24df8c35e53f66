use std::fmt::Display;
use std::time::{Duration, Instant};

/// Counts dropped messages, and says so once a minute: whoever causes them must not fill the log as well.
#[derive(Default)]
pub(super) struct Dropped {
    count: u64,
    said: Option<Instant>,
}

impl Dropped {
    const EVERY: Duration = Duration::from_secs(60);

    pub(super) fn count(&mut self, peer: &impl Display, reason: &str) {
        self.count += 1;
        if self.said.is_none_or(|said| said.elapsed() >= Self::EVERY) {
            tracing::warn!(%peer, reason, since_last_time = self.count, "dropped a message");
            *self = Self { count: 0, said: Some(Instant::now()) };
        }
    }
}
