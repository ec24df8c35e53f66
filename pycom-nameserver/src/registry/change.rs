//! What happened to the records, for logs and for those who watch.

use std::sync::Arc;

use super::Record;

/// One change of what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A name that was free is taken.
    Added(Arc<Record>),
    /// A name has a new record: restarted, moved, or with other interfaces.
    Changed {
        /// What was known before.
        former: Arc<Record>,
        /// What is known now.
        record: Arc<Record>,
    },
    /// A name is free again.
    Removed {
        /// What was known.
        record: Arc<Record>,
        /// Why it is no longer.
        cause: Cause,
    },
}

/// Why a record was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was not renewed in time.
    Expired,
    /// Its address no longer answered when asked.
    Silent,
    /// Its address answered, more than once, that there is no such service.
    Denied,
    /// The service took its leave.
    Deregistered,
}
