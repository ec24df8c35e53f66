//! Which calls run, which wait, which are refused: plain data, one owner, no clock.

use std::collections::{HashMap, VecDeque};

use super::{Limits, MethodLimit};

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

/// A call that waits.
#[derive(Debug)]
struct Waiting<J> {
    job: J,
    method: usize,
    size: usize,
}

/// The calls of a method that may not all run at once.
#[derive(Debug)]
struct Limited<J> {
    name: String,
    limit: MethodLimit,
    /// Calls that run, or wait for nothing but room in the service.
    admitted: usize,
    /// Calls that wait for one of these to end.
    queue: VecDeque<Waiting<J>>,
}

/// The calls that run and those that wait.
///
/// A call over the limit of its method waits in that method's own queue, so that it holds up no other; then, with
/// those of all methods, for room in the service.
#[derive(Debug)]
pub(crate) struct Admission<J> {
    limits: Limits,
    methods: HashMap<usize, Limited<J>>,
    running: usize,
    running_bytes: usize,
    queue: VecDeque<Waiting<J>>,
    /// Calls in all queues.
    queued: usize,
    queued_bytes: usize,
}

impl<J> Admission<J> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            methods: HashMap::new(),
            running: 0,
            running_bytes: 0,
            queue: VecDeque::new(),
            queued: 0,
            queued_bytes: 0,
        }
    }

    /// Bounds the calls of one method.
    pub(crate) fn limit(&mut self, method: usize, name: String, limit: MethodLimit) {
        self.methods.insert(method, Limited { name, limit, admitted: 0, queue: VecDeque::new() });
    }

    /// A call of `method` has arrived whose request has `size` bytes.
    pub(crate) fn arrive(&mut self, job: J, method: usize, size: usize) -> Arrival<J> {
        let limited = self.limited(method);
        let over = limited.as_ref().is_some_and(|limited| limited.admitted >= limited.limit.calls);
        if !over && self.queue.is_empty() && self.has_room(size) {
            if let Some(limited) = self.limited(method) {
                limited.admitted += 1;
            }
            self.started(size);
            return Arrival::Start(job);
        }
        if let Some(refusal) = self.refusal(method, over, size) {
            return Arrival::Refused(job, refusal);
        }
        self.queued += 1;
        self.queued_bytes += size;
        let waiting = Waiting { job, method, size };
        match self.limited(method) {
            Some(limited) if over => limited.queue.push_back(waiting),
            limited => {
                if let Some(limited) = limited {
                    limited.admitted += 1;
                }
                self.queue.push_back(waiting);
            }
        }
        Arrival::Queued
    }

    /// Why a call cannot even wait.
    fn refusal(&self, method: usize, over: bool, size: usize) -> Option<String> {
        let Limits { calls, queue, bytes, .. } = self.limits;
        if over
            && let Some(Limited { name, limit, queue, .. }) = self.methods.get(&method)
            && queue.len() >= limit.queue
        {
            let MethodLimit { calls, queue } = limit;
            return Some(format!(
                "{calls} calls of {name} run (its limit) and {queue} wait (its limit); try again later"
            ));
        }
        if self.queued >= queue {
            return Some(format!(
                "{} calls run (limit {calls}) and {queue} wait (limit); try again later",
                self.running
            ));
        }
        (self.running_bytes + self.queued_bytes + size > bytes)
            .then(|| format!("the requests under way would hold over {bytes} bytes (limit); try again later"))
    }

    fn limited(&mut self, method: usize) -> Option<&mut Limited<J>> {
        // Most services have no limited method: then there is nothing to look up.
        if self.methods.is_empty() { None } else { self.methods.get_mut(&method) }
    }

    /// A call of `method` whose request had `size` bytes has ended.
    pub(crate) fn finished(&mut self, method: usize, size: usize) {
        self.running -= 1;
        self.running_bytes -= size;
        self.left(method);
    }

    /// A call of `method` is not among the admitted any more: the next of those that wait for that takes its place.
    fn left(&mut self, method: usize) {
        let Some(limited) = self.limited(method) else { return };
        match limited.queue.pop_front() {
            Some(next) => self.queue.push_back(next),
            None => limited.admitted -= 1,
        }
    }

    /// The next call to be started, if there is one and room for it.
    pub(crate) fn next(&mut self) -> Option<J> {
        let size = self.queue.front()?.size;
        if !self.has_room(size) {
            return None;
        }
        let Waiting { job, size, .. } = self.queue.pop_front()?;
        self.unqueued(size);
        self.started(size);
        Some(job)
    }

    /// Takes a call that waits from its queue.
    pub(crate) fn remove(&mut self, which: impl Fn(&J) -> bool) -> Option<J> {
        if let Some(place) = self.queue.iter().position(|waiting| which(&waiting.job)) {
            let Waiting { job, method, size } = self.queue.remove(place)?;
            self.unqueued(size);
            self.left(method);
            return Some(job);
        }
        let queues = self.methods.values_mut().map(|limited| &mut limited.queue);
        let Waiting { job, size, .. } = queues
            .filter_map(|queue| {
                let place = queue.iter().position(|waiting| which(&waiting.job))?;
                queue.remove(place)
            })
            .next()?;
        self.unqueued(size);
        Some(job)
    }

    /// Takes all calls that wait from their queues.
    pub(crate) fn remove_all(&mut self) -> Vec<J> {
        let queues = self.methods.values_mut().map(|limited| &mut limited.queue);
        let all = queues.chain([&mut self.queue]).flat_map(std::mem::take).map(|waiting| waiting.job).collect();
        (self.queued, self.queued_bytes) = (0, 0);
        all
    }

    fn has_room(&self, size: usize) -> bool {
        self.running == 0 || (self.running < self.limits.calls && self.running_bytes + size <= self.limits.bytes)
    }

    fn started(&mut self, size: usize) {
        self.running += 1;
        self.running_bytes += size;
    }

    fn unqueued(&mut self, size: usize) {
        self.queued -= 1;
        self.queued_bytes -= size;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running == 0 && self.queued == 0
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
        assert_eq!(calls.arrive(1, 0, 1), Arrival::Start(1));
        assert_eq!(calls.arrive(2, 0, 1), Arrival::Queued);
        assert_eq!(calls.arrive(3, 0, 1), Arrival::Queued);
        let Arrival::Refused(4, reason) = calls.arrive(4, 0, 1) else { panic!() };
        assert_eq!(reason, "1 calls run (limit 1) and 2 wait (limit); try again later");
        assert_eq!(calls.next(), None);
        calls.finished(0, 1);
        assert_eq!((calls.next(), calls.next()), (Some(2), None));
        calls.finished(0, 1);
        assert_eq!(calls.next(), Some(3));
        calls.finished(0, 1);
        assert!(calls.is_idle());
    }

    #[test]
    fn bytes_are_bounded_but_one_call_may_always_run() {
        let mut calls = admission(10, 10, 100);
        assert_eq!(calls.arrive(1, 0, 500), Arrival::Start(1));
        assert!(matches!(calls.arrive(2, 0, 1), Arrival::Refused(2, _)));
        calls.finished(0, 500);
        assert_eq!(calls.arrive(3, 0, 60), Arrival::Start(3));
        assert!(matches!(calls.arrive(4, 0, 60), Arrival::Refused(4, _)));
        assert_eq!(calls.arrive(5, 0, 40), Arrival::Start(5));
    }

    #[test]
    fn a_call_that_is_taken_from_the_queue_makes_room() {
        let mut calls = admission(1, 1, 100);
        calls.arrive(1, 0, 50);
        assert_eq!(calls.arrive(2, 0, 50), Arrival::Queued);
        assert!(matches!(calls.arrive(3, 0, 1), Arrival::Refused(3, _)));
        assert_eq!((calls.remove(|job| *job == 2), calls.remove(|job| *job == 2)), (Some(2), None));
        assert_eq!(calls.arrive(4, 0, 50), Arrival::Queued);
    }

    #[test]
    fn nobody_overtakes_the_queue() {
        let mut calls = admission(2, 10, 100);
        calls.arrive(1, 0, 1);
        calls.arrive(2, 0, 1);
        calls.arrive(3, 0, 1);
        calls.finished(0, 1);
        assert_eq!(calls.arrive(4, 0, 1), Arrival::Queued);
        assert_eq!(calls.next(), Some(3));
    }

    /// Methods 1 and 2, of which one call of the first may run and one wait.
    fn limited(calls: usize, queue: usize) -> Admission<u32> {
        let mut calls = admission(calls, queue, 1000);
        calls.limit(1, "com.foo.example.create".into(), MethodLimit { calls: 1, queue: 1 });
        calls
    }

    #[test]
    fn a_method_at_its_limit_holds_up_no_other() {
        let mut calls = limited(10, 10);
        assert_eq!(calls.arrive(1, 1, 1), Arrival::Start(1));
        assert_eq!(calls.arrive(2, 1, 1), Arrival::Queued);
        let Arrival::Refused(3, reason) = calls.arrive(3, 1, 1) else { panic!() };
        assert_eq!(reason, "1 calls of com.foo.example.create run (its limit) and 1 wait (its limit); try again later");
        assert_eq!(calls.arrive(4, 2, 1), Arrival::Start(4));
        assert_eq!(calls.next(), None);
        calls.finished(2, 1);
        assert_eq!(calls.next(), None);
        calls.finished(1, 1);
        assert_eq!((calls.next(), calls.next()), (Some(2), None));
        calls.finished(1, 1);
        assert!(calls.is_idle());
        assert_eq!(calls.arrive(5, 1, 1), Arrival::Start(5));
    }

    #[test]
    fn a_call_waits_for_its_method_and_then_for_the_service() {
        let mut calls = limited(2, 10);
        assert_eq!(calls.arrive(1, 1, 1), Arrival::Start(1));
        assert_eq!(calls.arrive(2, 1, 1), Arrival::Queued);
        assert_eq!(calls.arrive(3, 2, 1), Arrival::Start(3));
        assert_eq!(calls.arrive(4, 2, 1), Arrival::Queued);
        calls.finished(1, 1);
        assert_eq!((calls.next(), calls.next()), (Some(4), None));
        calls.finished(2, 1);
        assert_eq!(calls.next(), Some(2));
    }

    #[test]
    fn who_leaves_a_queue_makes_room_in_it() {
        let mut calls = limited(10, 10);
        calls.arrive(1, 1, 1);
        assert_eq!(calls.arrive(2, 1, 1), Arrival::Queued);
        assert_eq!(calls.remove(|job| *job == 2), Some(2));
        assert_eq!(calls.arrive(3, 1, 1), Arrival::Queued);
        calls.finished(1, 1);
        assert_eq!(calls.next(), Some(3));
        calls.finished(1, 1);
        assert!(calls.is_idle());

        // One that is admitted, and waits for the service, gives its place to the next of its method.
        let mut calls = limited(1, 10);
        calls.arrive(1, 2, 1);
        assert_eq!((calls.arrive(2, 1, 1), calls.arrive(3, 1, 1)), (Arrival::Queued, Arrival::Queued));
        assert_eq!(calls.remove(|job| *job == 2), Some(2));
        calls.finished(2, 1);
        assert_eq!(calls.next(), Some(3));
        calls.finished(1, 1);
        assert!(calls.is_idle());
    }

    #[test]
    fn all_that_wait_are_told() {
        let mut calls = limited(1, 10);
        for (job, method) in [(1, 2), (2, 1), (3, 1), (4, 2)] {
            calls.arrive(job, method, 1);
        }
        let mut told = calls.remove_all();
        told.sort_unstable();
        assert_eq!(told, [2, 3, 4]);
        calls.finished(2, 1);
        assert!(calls.is_idle());
    }
}
