//! Which promises broke.

use std::collections::HashMap;

use serde::Serialize;

use super::left::Left;
use super::load::{End, Entry};

/// What a run has to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What the faults were chosen by.
    pub seed: u64,
    /// Faults, each after load had flowed.
    pub faults: usize,
    /// Faults before which no load flowed: what they show counts for nothing.
    pub faults_without_load: usize,
    /// Calls that were begun.
    pub calls: usize,
    /// Calls whose result came.
    pub answered: usize,
    /// Calls that a service or a nameserver refused.
    pub refused: usize,
    /// Calls of which the caller was told that they surely did not run.
    pub surely_not_run: usize,
    /// Calls of which the caller was told that they may have run, or that it gave up itself.
    pub may_have_run: usize,
    /// Calls among these that their callers gave up.
    pub given_up: usize,
    /// Calls that may run twice, and that the client had no answer for within their deadline.
    pub idempotent_unanswered: usize,
    /// Calls that did not end.
    pub unended: usize,
    /// Calls that must not run twice, and did.
    pub run_twice: usize,
    /// Calls whose caller was told what the ledgers contradict: answered and nowhere to be found, or refused or surely
    /// not run and found.
    pub told_wrong: usize,
    /// Calls that were not answered though the fleet was whole.
    pub lost_after_heal: usize,
    /// What is held at the end beyond what was held at the begin, by the clients and by any one service.
    pub left_over: LeftOver,
}

/// What nobody has let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LeftOver {
    /// Tasks, of the clients and of the service that has most.
    pub tasks: i64,
    /// Bytes beyond the allowance, of the clients and of the service that has most.
    pub memory: i64,
    /// Files and sockets, of the clients and of the service that has most.
    pub files: i64,
}

impl LeftOver {
    /// What is beyond the allowance, of several processes together.
    pub fn of(beyond: &[Left], allowed: Left) -> Self {
        let over = |read: fn(&Left) -> i64| {
            beyond.iter().map(|left| (read(left) - read(&allowed)).max(0)).max().unwrap_or_default()
        };
        Self { tasks: over(|left| left.tasks), memory: over(|left| left.memory), files: over(|left| left.files) }
    }
}

impl Verdict {
    /// Counts the calls, and compares what their callers were told with how often each ran.
    pub fn of(entries: &[Entry], after_heal: &[Entry], runs: &HashMap<u64, u32>) -> Self {
        let all = || entries.iter().chain(after_heal);
        let ended = |end: End| all().filter(|entry| entry.end == end).count();
        let ran = |entry: &Entry| runs.get(&entry.id).copied().unwrap_or(0);
        let told_wrong = |entry: &&Entry| match entry.end {
            End::Answered => ran(entry) == 0,
            End::Refused | End::NotRun => ran(entry) > 0,
            End::MayHaveRun | End::GivenUp | End::None => false,
        };
        let unanswered = |entry: &&Entry| entry.idempotent && !matches!(entry.end, End::Answered | End::GivenUp);
        Self {
            seed: 0,
            faults: 0,
            faults_without_load: 0,
            calls: all().count(),
            answered: ended(End::Answered),
            refused: ended(End::Refused),
            surely_not_run: ended(End::NotRun),
            may_have_run: ended(End::MayHaveRun) + ended(End::GivenUp),
            given_up: ended(End::GivenUp),
            idempotent_unanswered: all().filter(unanswered).count(),
            unended: ended(End::None),
            run_twice: all().filter(|entry| !entry.idempotent && ran(entry) > 1).count(),
            told_wrong: all().filter(told_wrong).count(),
            lost_after_heal: after_heal.iter().filter(|entry| entry.end != End::Answered).count(),
            left_over: LeftOver { tasks: 0, memory: 0, files: 0 },
        }
    }

    /// The promises that broke, in words.
    pub fn broken(&self) -> Vec<String> {
        let LeftOver { tasks, memory, files } = self.left_over;
        let promises = [
            (self.unended, "calls have no end"),
            (self.run_twice, "calls that must not run twice did"),
            (self.told_wrong, "calls did not do what their callers were told"),
            (self.lost_after_heal, "calls were lost though the fleet was whole"),
            (self.faults_without_load, "faults met no load, and so show nothing"),
            (usize::from(self.faults == 0), "run without any fault shows nothing"),
            (usize::try_from(tasks).unwrap_or(0), "tasks are left over"),
            (usize::try_from(memory).unwrap_or(0), "bytes are left over"),
            (usize::try_from(files).unwrap_or(0), "open files are left over"),
        ];
        promises.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, idempotent: bool, end: End) -> Entry {
        Entry { id, idempotent, end }
    }

    fn whole(entries: &[Entry], runs: &[(u64, u32)]) -> Verdict {
        let verdict = Verdict::of(entries, &[], &runs.iter().copied().collect());
        Verdict { faults: 1, ..verdict }
    }

    #[test]
    fn a_run_in_which_everybody_was_told_the_truth_breaks_nothing() {
        let entries = [
            entry(1, false, End::Answered),
            entry(2, true, End::Answered),
            entry(3, false, End::MayHaveRun),
            entry(4, false, End::GivenUp),
            entry(5, false, End::NotRun),
            entry(6, false, End::Refused),
        ];
        let verdict = whole(&entries, &[(1, 1), (2, 3), (3, 1)]);
        assert_eq!(verdict.broken(), Vec::<String>::new());
        let counts = (verdict.calls, verdict.answered, verdict.refused, verdict.surely_not_run, verdict.may_have_run);
        assert_eq!(counts, (6, 2, 1, 1, 2));
        assert_eq!((verdict.given_up, verdict.idempotent_unanswered), (1, 0));
    }

    #[test]
    fn each_broken_promise_is_seen() {
        let broken = |end, runs: &[(u64, u32)]| whole(&[entry(1, false, end)], runs).broken();
        assert_eq!(broken(End::None, &[]), ["1 calls have no end"]);
        assert_eq!(broken(End::MayHaveRun, &[(1, 2)]), ["1 calls that must not run twice did"]);
        for (end, runs) in [(End::Answered, &[][..]), (End::NotRun, &[(1, 1)]), (End::Refused, &[(1, 1)])] {
            assert_eq!(broken(end, runs), ["1 calls did not do what their callers were told"]);
        }
        let lost = Verdict::of(&[], &[entry(1, true, End::MayHaveRun)], &HashMap::new());
        assert_eq!(Verdict { faults: 1, ..lost }.broken(), ["1 calls were lost though the fleet was whole"]);
        assert_eq!(whole(&[], &[]).broken(), Vec::<String>::new());
        assert_eq!(Verdict { faults: 0, ..whole(&[], &[]) }.broken().len(), 1);
    }

    #[test]
    fn what_is_left_over_is_counted_beyond_the_allowance() {
        let left = |tasks, memory, files| Left { tasks, memory, files };
        let over = LeftOver::of(&[left(1, 10, 0), left(3, 5, -4)], left(1, 8, 2));
        assert_eq!(over, LeftOver { tasks: 2, memory: 2, files: 0 });
        let verdict = Verdict { left_over: over, ..whole(&[], &[]) };
        assert_eq!(verdict.broken(), ["2 tasks are left over", "2 bytes are left over"]);
    }
}
