//! What becomes of services that fall silent, and when to look.

use super::*;

#[test]
fn a_service_that_does_not_renew_is_gone_after_its_term() {
    let mut bench = Bench::new();
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    bench.register(30, claim("/a", 1, &["a"])).unwrap();
    assert!(bench.get(89, "/a").is_some());
    assert!(bench.get(90, "/a").is_none());
    assert_eq!(bench.registry.stat(bench.at(90)).expired, 1);
}

#[test]
fn nobody_is_dropped_because_the_nameserver_was_stopped() {
    let mut bench = Bench::new();
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    bench.registry.was_away(Duration::from_secs(300));
    assert!(bench.get(359, "/a").is_some());
    assert!(bench.get(360, "/a").is_none());
}

#[test]
fn the_term_can_be_set() {
    let renewal = Duration::from_secs(7);
    let terms = Terms { renewal, ..Terms::default() };
    let mut bench = Bench::with(Limits::default(), terms);
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    assert!(bench.get(6, "/a").is_some());
    assert!(bench.get(7, "/a").is_none());
}

#[test]
fn the_next_event_is_the_first_term_that_ends() {
    let mut bench = Bench::new();
    let now = bench.start;
    assert_eq!(bench.registry.next_event(now), None);
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    bench.register(5, claim("/b", 2, &["a"])).unwrap();
    assert_eq!(bench.registry.next_event(now), Some(bench.at(60)));
    bench.register(10, claim("/a", 1, &["a"])).unwrap();
    assert_eq!(bench.registry.next_event(now), Some(bench.at(65)));
    assert_eq!(bench.registry.next_event(bench.at(90)), Some(bench.at(90)));
}

#[test]
fn the_next_event_is_a_probe_where_that_comes_first() {
    let mut bench = Bench::new();
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    bench.single(1, "/b", 2, "b").unwrap();
    assert_eq!(bench.registry.next_event(bench.start), Some(bench.at(21)));
}

#[test]
fn there_is_no_event_while_no_more_may_be_asked() {
    let terms = Terms { probes_per_second: 1, ..Terms::default() };
    let mut bench = Bench::with(Limits::default(), terms);
    bench.single(0, "/a", 1, "a").unwrap();
    bench.single(0, "/b", 2, "b").unwrap();
    assert_eq!(bench.probes(20).len(), 1);
    assert_eq!(bench.registry.next_event(bench.at(20)), Some(bench.at(21)));
}

#[test]
fn there_is_no_event_while_an_address_may_not_be_asked() {
    let mut bench = Bench::new();
    bench.single(0, "/a", 1, "a").unwrap();
    bench.single(0, "/b", 1, "b").unwrap();
    assert_eq!(bench.probes(20).len(), 1);
    assert_eq!(bench.registry.next_event(bench.at(20)), Some(bench.at(25)));
}

#[test]
fn everything_is_counted() {
    let mut bench = Bench::new();
    bench.register(0, claim("/a", 1, &["a", "b"])).unwrap();
    bench.register(1, claim("/a", 1, &["a", "b"])).unwrap();
    bench.register(2, claim("/a", 1, &["a"])).unwrap();
    bench.register(3, claim("/a", 2, &["a"])).unwrap_err();
    bench.single(4, "/b", 3, "b").unwrap();
    for probe in bench.probes(24) {
        bench.answered(24, &probe);
    }
    let now = bench.at(25);
    bench.registry.locate(now, &interface("a"), None, |_| 0);
    assert_eq!(bench.registry.locate_all(now, &interface("c"), None).count(), 0);
    bench.registry.deregister(now, &service("/b"), Owner::Address(&address(3)));
    let expected = Stat {
        uptime: Duration::from_secs(25),
        services: 1,
        interfaces: 1,
        registrations: 2,
        renewals: 1,
        replaced: 1,
        refused: 1,
        deregistered: 1,
        located: 1,
        missed: 1,
        probes: 1,
        probes_answered: 1,
        ..Stat::default()
    };
    assert_eq!(bench.registry.stat(now), expected);
}
