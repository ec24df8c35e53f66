//! The latest calls, one by one, kept while somebody looks on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::stat::{CallRecord, LONGEST_WAIT, Monitor, Passed};

/// Calls kept for those who look on.
const KEPT: usize = 4096;

/// Bytes of payloads kept, all calls together.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// Bytes kept of one payload.
const PAYLOAD: usize = 4096;

/// Calls in one answer.
const PAGE: usize = 1000;

/// Bytes of payloads in one answer.
const PAGE_BYTES: usize = 1024 * 1024;

/// How long calls are kept for somebody who has asked and not come back.
const ATTENTION: Duration = Duration::from_secs(LONGEST_WAIT.as_secs() + 10);

/// A call that has ended, for those who look on.
pub(crate) struct Ended<'c> {
    pub(crate) interface: &'c str,
    pub(crate) method: &'c str,
    /// By the clock.
    pub(crate) start: f64,
    pub(crate) duration: Duration,
    pub(crate) code: i64,
    pub(crate) sizes: (usize, usize),
    pub(crate) peer: &'c str,
    /// What was kept of its arguments, and its answer.
    pub(crate) payloads: Option<(&'c str, &'c [u8])>,
}

/// What somebody who looks on wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Seen {
    Nothing,
    Calls,
    Payloads,
}

#[derive(Default)]
struct Ring {
    records: VecDeque<CallRecord>,
    bytes: usize,
    /// Number of the first record.
    first: u64,
}

/// The calls of a service, for those who look on.
pub(crate) struct Watch {
    allowed: Monitor,
    started: Instant,
    /// Until when, in milliseconds after the start, somebody looks on.
    calls_until: AtomicU64,
    payloads_until: AtomicU64,
    ring: Mutex<Ring>,
    /// The number of the next record.
    next: watch::Sender<u64>,
}

impl Watch {
    pub(crate) fn new(allowed: Monitor) -> Self {
        Self {
            allowed,
            started: Instant::now(),
            calls_until: AtomicU64::new(0),
            payloads_until: AtomicU64::new(0),
            ring: Mutex::default(),
            next: watch::Sender::new(0),
        }
    }

    pub(crate) fn allowed(&self) -> Monitor {
        self.allowed
    }

    fn after_start(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // Nothing that panics runs while it is held.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is looked at now. Where nobody ever asked this is one load.
    pub(crate) fn seen(&self, now: Instant) -> Seen {
        let until = self.calls_until.load(Ordering::Relaxed);
        if until == 0 {
            return Seen::Nothing;
        }
        let now = self.after_start(now);
        match (now < until, now < self.payloads_until.load(Ordering::Relaxed)) {
            (false, _) => Seen::Nothing,
            (true, false) => Seen::Calls,
            (true, true) => Seen::Payloads,
        }
    }

    /// Keeps a call. Wakes nobody: that is for [`publish`](Self::publish).
    pub(crate) fn keep(&self, ended: &Ended<'_>) {
        let record = CallRecord {
            interface: ended.interface.into(),
            method: ended.method.into(),
            start: ended.start,
            duration: ended.duration.as_secs_f64(),
            code: ended.code,
            bytes_in: ended.sizes.0 as u64,
            bytes_out: ended.sizes.1 as u64,
            peer: ended.peer.into(),
            args: ended.payloads.map(|(args, _)| cut(args.as_bytes())),
            answer: ended.payloads.map(|(_, answer)| cut(answer)),
        };
        let mut ring = self.lock();
        ring.bytes += payload(&record);
        ring.records.push_back(record);
        while ring.records.len() > KEPT || ring.bytes > KEPT_BYTES {
            let Some(oldest) = ring.records.pop_front() else { break };
            ring.bytes -= payload(&oldest);
            ring.first += 1;
        }
    }

    /// Wakes those who wait for what was kept.
    pub(crate) fn publish(&self) {
        let next = {
            let ring = self.lock();
            ring.first + ring.records.len() as u64
        };
        self.next.send_replace(next);
    }

    /// The calls after `cursor`, waiting for the first of them; without a cursor those from now on.
    pub(crate) async fn read(&self, cursor: Option<u64>, wait: Duration, payloads: bool) -> Passed {
        let until = self.after_start(Instant::now() + ATTENTION).max(1);
        self.calls_until.fetch_max(until, Ordering::Relaxed);
        if payloads {
            self.payloads_until.fetch_max(until, Ordering::Relaxed);
        }
        let mut next = self.next.subscribe();
        let Some(cursor) = cursor else {
            return Passed { cursor: *next.borrow(), ..Passed::default() };
        };
        // A cursor of a former run of the service is ahead of what there is.
        let cursor = cursor.min(*next.borrow());
        let _ = tokio::time::timeout(wait, next.wait_for(|next| *next > cursor)).await;
        self.after(cursor, payloads)
    }

    fn after(&self, cursor: u64, payloads: bool) -> Passed {
        let ring = self.lock();
        let missed = ring.first.saturating_sub(cursor);
        let skipped = usize::try_from(cursor.saturating_sub(ring.first)).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let page = ring.records.iter().skip(skipped).take(PAGE).take_while(|record| {
            let fits = bytes < PAGE_BYTES;
            bytes += payload(record);
            fits
        });
        let records: Vec<CallRecord> = page
            .map(|record| match payloads {
                true => record.clone(),
                false => CallRecord { args: None, answer: None, ..record.clone() },
            })
            .collect();
        Passed { cursor: cursor + missed + records.len() as u64, records, missed }
    }
}

fn payload(record: &CallRecord) -> usize {
    record.args.as_ref().map_or(0, String::len) + record.answer.as_ref().map_or(0, String::len)
}

/// As much of a payload as is kept.
fn cut(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(PAYLOAD)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended<'c>(method: &'c str, payloads: Option<(&'c str, &'c [u8])>) -> Ended<'c> {
        let duration = Duration::from_millis(1);
        Ended {
            interface: "com.foo.example",
            method,
            start: 0.0,
            duration,
            code: 0,
            sizes: (1, 2),
            peer: "p",
            payloads,
        }
    }

    fn keep(watch: &Watch, method: &str, payloads: Option<(&str, &[u8])>) {
        watch.keep(&ended(method, payloads));
        watch.publish();
    }

    #[tokio::test]
    async fn nobody_sees_what_passed_before() {
        let watch = Watch::new(Monitor::Calls);
        assert_eq!(watch.seen(Instant::now()), Seen::Nothing);
        let begin = watch.read(None, Duration::ZERO, false).await;
        assert_eq!((begin.cursor, begin.records.len()), (0, 0));
        assert_eq!(watch.seen(Instant::now()), Seen::Calls);
        assert_eq!(watch.seen(Instant::now() + 2 * ATTENTION), Seen::Nothing);
        keep(&watch, "create", None);
        let passed = watch.read(Some(begin.cursor), Duration::ZERO, false).await;
        assert_eq!((passed.cursor, passed.missed, &*passed.records[0].method), (1, 0, "create"));
        assert!(watch.read(Some(1), Duration::ZERO, false).await.records.is_empty());
    }

    #[tokio::test]
    async fn one_who_waits_is_woken() {
        let watch = std::sync::Arc::new(Watch::new(Monitor::Calls));
        let waiting = watch.clone();
        let waiting = tokio::spawn(async move { waiting.read(Some(0), Duration::from_secs(3600), false).await });
        tokio::task::yield_now().await;
        keep(&watch, "create", None);
        assert_eq!(waiting.await.unwrap().records.len(), 1);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_and_what_was_missed_is_counted() {
        let watch = Watch::new(Monitor::Payloads);
        let large = "x".repeat(2 * PAYLOAD);
        for _ in 0..KEPT + 10 {
            keep(&watch, "create", Some((&large, large.as_bytes())));
        }
        let mut cursor = 0;
        let (mut seen, mut missed) = (0, 0);
        loop {
            let passed = watch.read(Some(cursor), Duration::ZERO, true).await;
            if passed.records.is_empty() {
                break;
            }
            assert!(passed.records.iter().map(payload).sum::<usize>() <= PAGE_BYTES + 2 * PAYLOAD);
            (cursor, seen, missed) = (passed.cursor, seen + passed.records.len(), missed + passed.missed);
        }
        assert_eq!((cursor, seen), ((KEPT + 10) as u64, KEPT_BYTES / (2 * PAYLOAD)));
        assert_eq!(missed, cursor - seen as u64);
    }

    #[tokio::test]
    async fn payloads_go_only_to_those_who_ask() {
        let watch = Watch::new(Monitor::Payloads);
        keep(&watch, "create", Some(("42", b"{}")));
        assert_eq!(watch.read(Some(0), Duration::ZERO, false).await.records[0].args, None);
        assert_eq!(watch.seen(Instant::now()), Seen::Calls);
        let asked = watch.read(Some(0), Duration::ZERO, true).await;
        assert_eq!(asked.records[0].args.as_deref(), Some("42"));
        assert_eq!(watch.seen(Instant::now()), Seen::Payloads);
    }

    #[tokio::test]
    async fn a_cursor_of_a_former_run_begins_anew() {
        let watch = Watch::new(Monitor::Calls);
        keep(&watch, "create", None);
        let passed = watch.read(Some(1_000_000), Duration::ZERO, false).await;
        assert_eq!((passed.cursor, passed.missed), (1, 0));
    }
}
