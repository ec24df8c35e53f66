//! Which calls run, which wait, which are refused: plain data, one owner, no clock.

use std::collections::VecDeque;

use super::Limits;

/// What becomes of a call that has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival<J> {
    /// It is to be started now.
    Start(J),
    /// It waits.
    Queued,
    /// There is no room for it; says which bound was reached.
    Refused(J, String),
}

/// The calls that run and those that wait.
#[derive(Debug)]
pub(crate) struct Admission<J> {
    limits: Limits,
    running: usize,
    running_bytes: usize,
    queue: VecDeque<(J, usize)>,
    queued_bytes: usize,
}

impl<J> Admission<J> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, running: 0, running_bytes: 0, queue: VecDeque::new(), queued_bytes: 0 }
    }

    /// A call has arrived whose request has `size` bytes.
    pub(crate) fn arrive(&mut self, job: J, size: usize) -> Arrival<J> {
        if self.queue.is_empty() && self.has_room(size) {
            self.started(size);
            return Arrival::Start(job);
        }
        let Limits { calls, queue, bytes, .. } = self.limits;
        let refusal = if self.queue.len() >= queue {
            format!("{} calls run (limit {calls}) and {queue} wait (limit); try again later", self.running)
        } else if self.running_bytes + self.queued_bytes + size > bytes {
            format!("the requests under way would hold over {bytes} bytes (limit); try again later")
        } else {
            self.queued_bytes += size;
            self.queue.push_back((job, size));
            return Arrival::Queued;
        };
        Arrival::Refused(job, refusal)
    }

    /// A call whose request had `size` bytes has ended.
    pub(crate) fn finished(&mut self, size: usize) {
        self.running -= 1;
        self.running_bytes -= size;
    }

    /// The next call to be started, if there is one and room for it.
    pub(crate) fn next(&mut self) -> Option<J> {
        let (_, size) = self.queue.front()?;
        if !self.has_room(*size) {
            return None;
        }
        let (job, size) = self.queue.pop_front()?;
        self.queued_bytes -= size;
        self.started(size);
        Some(job)
    }

    /// Takes a call that waits from the queue.
    pub(crate) fn remove(&mut self, which: impl Fn(&J) -> bool) -> Option<J> {
        let place = self.queue.iter().position(|(job, _)| which(job))?;
        let (job, size) = self.queue.remove(place)?;
        self.queued_bytes -= size;
        Some(job)
    }

    fn has_room(&self, size: usize) -> bool {
        self.running == 0 || (self.running < self.limits.calls && self.running_bytes + size <= self.limits.bytes)
    }

    fn started(&mut self, size: usize) {
        self.running += 1;
        self.running_bytes += size;
    }

    pub(crate) fn running(&self) -> usize {
        self.running
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running == 0 && self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(calls: usize, queue: usize, bytes: usize) -> Admission<u32> {
        Admission::new(Limits { calls, queue, bytes, ..Limits::default() })
    }

    #[test]
    fn calls_over_the_bound_wait_in_order_and_then_are_refused() {
        let mut calls = admission(1, 2, 1000);
        assert_eq!(calls.arrive(1, 1), Arrival::Start(1));
        assert_eq!(calls.arrive(2, 1), Arrival::Queued);
        assert_eq!(calls.arrive(3, 1), Arrival::Queued);
        let Arrival::Refused(4, reason) = calls.arrive(4, 1) else { panic!() };
        assert_eq!(reason, "1 calls run (limit 1) and 2 wait (limit); try again later");
        assert_eq!(calls.next(), None);
        calls.finished(1);
        assert_eq!((calls.next(), calls.next()), (Some(2), None));
        calls.finished(1);
        assert_eq!(calls.next(), Some(3));
        calls.finished(1);
        assert!(calls.is_idle());
    }

    #[test]
    fn bytes_are_bounded_but_one_call_may_always_run() {
        let mut calls = admission(10, 10, 100);
        assert_eq!(calls.arrive(1, 500), Arrival::Start(1));
        assert!(matches!(calls.arrive(2, 1), Arrival::Refused(2, _)));
        calls.finished(500);
        assert_eq!(calls.arrive(3, 60), Arrival::Start(3));
        assert!(matches!(calls.arrive(4, 60), Arrival::Refused(4, _)));
        assert_eq!(calls.arrive(5, 40), Arrival::Start(5));
    }

    #[test]
    fn a_call_that_is_taken_from_the_queue_makes_room() {
        let mut calls = admission(1, 1, 100);
        calls.arrive(1, 50);
        assert_eq!(calls.arrive(2, 50), Arrival::Queued);
        assert!(matches!(calls.arrive(3, 1), Arrival::Refused(3, _)));
        assert_eq!((calls.remove(|job| *job == 2), calls.remove(|job| *job == 2)), (Some(2), None));
        assert_eq!(calls.arrive(4, 50), Arrival::Queued);
    }

    #[test]
    fn nobody_overtakes_the_queue() {
        let mut calls = admission(2, 10, 100);
        calls.arrive(1, 1);
        calls.arrive(2, 1);
        calls.arrive(3, 1);
        calls.finished(1);
        assert_eq!(calls.arrive(4, 1), Arrival::Queued);
        assert_eq!(calls.next(), Some(3));
    }
}
