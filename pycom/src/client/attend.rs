//! The task that keeps a group current while it is used: by waiting for changes at a nameserver of
//! ours, by asking others now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::Context;
use super::group::{Attending, Group};
use super::locate::{self, Watched};
use crate::error::Error;

/// A nameserver that tells of one change after the other is not asked more often than this.
const PACE: Duration = Duration::from_millis(20);

/// How often a nameserver that cannot tell of changes is asked.
const POLL: Duration = Duration::from_secs(10);

/// How soon it is asked again where an instance does not answer.
const DOUBT: Duration = Duration::from_secs(1);

/// The first and the longest wait while no nameserver answers.
const AWAY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// A group that nobody has used for as long is left alone.
const IDLE: Duration = Duration::from_secs(60);

/// Sees to it that a group that is being used is kept current.
pub(super) fn attend(context: &Context, group: &Arc<Group>) {
    group.mark_used();
    if group.is_attended() {
        return;
    }
    if let Some(attending) = group.attend() {
        let task = tokio::spawn(keep_current(context.inside(), attending));
        group.set_attendant(task.abort_handle());
    }
}

async fn keep_current(context: Context, attending: Attending) {
    let group = &attending.0;
    let (mut cursor, mut away, mut looked) = (None, AWAY.0, Instant::now());
    loop {
        let began = tokio::time::Instant::now();
        match watch(&context, group, cursor.take()).await {
            Watched::Now(found, now) => {
                cursor = Some(now);
                away = AWAY.0;
                group.told(found);
                group.set_live(true);
                tokio::time::sleep_until(began + PACE).await;
            }
            Watched::NotOffered => {
                group.set_live(false);
                match locate::ask(&context, group.interface(), group.wanted(), Instant::now() + DOUBT * 5).await {
                    Ok(found) => group.told(found),
                    Err(Error::ServiceNotFound(_)) => group.told(Vec::new()),
                    // What is known is all there is.
                    Err(error) => tracing::debug!(interface = %group.interface(), %error, "no nameserver answers"),
                }
                rest(group, POLL, DOUBT).await;
            }
            Watched::Silence => {
                group.set_live(false);
                rest(group, away, away).await;
                away = (away * 2).min(AWAY.1);
            }
        }
        if looked.elapsed() >= IDLE {
            looked = Instant::now();
            if !group.was_used() {
                return;
            }
        }
    }
}

/// Waits for a change where that is possible: for a service that is wanted by name it is not.
async fn watch(context: &Context, group: &Group, cursor: Option<locate::Cursor>) -> Watched {
    match group.wanted() {
        None => locate::watch(context, group.interface(), cursor).await,
        Some(_) => Watched::NotOffered,
    }
}

/// Waits for `long`, give or take a fifth, or for doubt about what is known, but not less than `short`.
async fn rest(group: &Group, long: Duration, short: Duration) {
    tokio::time::sleep(short).await;
    let rest = long.saturating_sub(short).mul_f64(0.8 + 0.4 * fastrand::f64());
    let _ = tokio::time::timeout(rest, group.doubt.notified()).await;
}
