//! Services that never renew, and how often they are asked after.

use super::*;

#[test]
fn a_service_that_never_renews_stays_while_it_answers() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    for seconds in (20..2_000).step_by(20) {
        let probes = bench.probes(seconds);
        assert_eq!(names(&probes), ["/a"], "{seconds}");
        bench.answered(seconds, &probes[0]);
        assert!(bench.probes(seconds + 19).is_empty());
    }
    assert!(bench.get(2_000, "/a").is_some());
}

#[test]
fn a_service_is_dropped_after_three_failures_in_a_row() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    bench.registry.take_changes();
    for (seconds, there) in [(20, false), (40, false), (60, true), (80, false), (100, false)] {
        let probes = bench.probes(seconds);
        match there {
            true => bench.answered(seconds, &probes[0]),
            false => bench.failed(seconds, &probes[0], ProbeFailure::Silent),
        }
        assert!(bench.get(seconds, "/a").is_some(), "{seconds}");
    }
    let record = bench.probes(120).remove(0);
    bench.failed(120, &record, ProbeFailure::Silent);
    let cause = Cause::Silent;
    assert_eq!(bench.registry.take_changes(), [Change::Removed { record, cause }]);
}

#[test]
fn a_service_is_dropped_when_nothing_was_heard_for_long_however_few_the_failures() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    for seconds in (20..180).step_by(20) {
        assert_eq!(bench.probes(seconds).len(), 1, "the outcome of which is never told");
    }
    assert!(bench.get(179, "/a").is_some());
    assert!(bench.probes(180).is_empty());
    assert!(bench.get(180, "/a").is_none());
}

#[test]
fn a_service_that_could_not_be_asked_is_not_dropped() {
    let terms = Terms { probes_per_second: 1, ..Terms::default() };
    let mut bench = Bench::with(Limits::default(), terms);
    for number in 0..250 {
        bench.single(0, &format!("/{number}"), 1_000 + number, "a").unwrap();
    }
    let mut asked = HashSet::new();
    for seconds in 20..270 {
        for probe in bench.probes(seconds) {
            asked.insert(probe.service.clone());
            bench.answered(seconds, &probe);
        }
    }
    assert_eq!(asked.len(), 250);
    assert_eq!(bench.registry.stat(bench.at(270)).services, 250);
}

#[test]
fn an_address_that_answers_for_another_loses_only_what_it_denies() {
    let mut bench = Bench::new();
    bench.single(0, "/here", 1, "a").unwrap();
    bench.single(0, "/gone", 1, "b").unwrap();
    for seconds in 20..100 {
        for probe in bench.probes(seconds) {
            match probe.service.as_str() {
                "/here" => bench.answered(seconds, &probe),
                _ => bench.failed(seconds, &probe, ProbeFailure::Denied),
            }
        }
    }
    assert!(bench.get(100, "/here").is_some());
    assert!(bench.get(100, "/gone").is_none());
}

#[test]
fn denials_count_only_in_a_row() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    for (seconds, found) in [(20, false), (40, false), (60, true), (80, false), (100, false)] {
        let probe = bench.probes(seconds).remove(0);
        match found {
            true => bench.answered(seconds, &probe),
            false => bench.failed(seconds, &probe, ProbeFailure::Denied),
        }
    }
    assert!(bench.get(100, "/a").is_some());
}

#[test]
fn an_address_first_asked_late_still_has_time_to_answer() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    bench.single(0, "/b", 1, "b").unwrap();
    assert_eq!(bench.probes(200).len(), 1);
    assert_eq!(bench.probes(205).len(), 1);
    assert!(bench.get(205, "/a").is_some());
    assert!(bench.probes(220).is_empty());
    assert!(bench.get(220, "/a").is_none());
}

#[test]
fn services_at_one_address_fall_silent_together_and_not_too_soon() {
    let mut bench = Bench::new();
    for number in 0..10 {
        bench.single(0, &format!("/{number}"), 1, "a").unwrap();
    }
    let mut asked = Vec::new();
    for seconds in 20..100 {
        for probe in bench.probes(seconds) {
            asked.push(seconds);
            bench.failed(seconds, &probe, ProbeFailure::Silent);
        }
    }
    assert_eq!(asked, [20, 40, 60]);
    assert_eq!(bench.registry.stat(bench.at(100)).services, 0);
}

#[test]
fn an_address_is_not_asked_twice_in_five_seconds() {
    let mut bench = Bench::new();
    for number in 0..10 {
        bench.single(0, &format!("/{number}"), 1, "a").unwrap();
    }
    let mut asked = Vec::new();
    let mut services = HashSet::new();
    for seconds in 20..70 {
        for probe in bench.probes(seconds) {
            asked.push(seconds);
            services.insert(probe.service.clone());
            bench.answered(seconds, &probe);
        }
    }
    assert_eq!(asked, [20, 25, 30, 35, 40, 45, 50, 55, 60, 65]);
    assert_eq!(services.len(), 10, "each has its turn");
}

#[test]
fn no_more_than_fifty_are_asked_in_a_second() {
    let mut bench = Bench::new();
    for number in 0..200 {
        bench.single(0, &format!("/{number}"), 1_000 + number, "a").unwrap();
    }
    let asked: Vec<_> = (20..25).map(|seconds| bench.probes(seconds).len()).collect();
    assert_eq!(asked, [50, 50, 50, 50, 0]);
}

#[test]
fn a_registration_shows_that_the_service_is_there() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    for seconds in [20, 40] {
        let probe = bench.probes(seconds).remove(0);
        bench.failed(seconds, &probe, ProbeFailure::Silent);
    }
    let late = bench.probes(60).remove(0);
    bench.single(61, "/a", 1, "a").unwrap();
    bench.failed(62, &late, ProbeFailure::Silent);
    assert!(bench.get(62, "/a").is_some());
}

#[test]
fn a_report_about_a_service_that_moved_is_not_held_against_it() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    let former = bench.probes(20).remove(0);
    bench.failed(20, &former, ProbeFailure::Silent);
    bench.single(21, "/a", 2, "a").unwrap();
    assert_eq!(bench.probes(41).len(), 1);
    for seconds in 42..50 {
        bench.failed(seconds, &former, ProbeFailure::Silent);
        bench.failed(seconds, &former, ProbeFailure::Denied);
    }
    assert_eq!(bench.get(50, "/a").unwrap().address, address(2));
}

#[test]
fn a_service_that_renews_is_left_to_its_term() {
    let mut bench = Bench::new();
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    let record = bench.get(0, "/a").unwrap();
    for seconds in 0..30 {
        bench.failed(seconds, &record, ProbeFailure::Denied);
        bench.failed(seconds, &record, ProbeFailure::Silent);
    }
    assert!(bench.probes(30).is_empty());
    assert!(bench.get(30, "/a").is_some());
}
