//! Who provides an interface.

use super::*;

fn three() -> Bench {
    let mut bench = Bench::new();
    bench.register(0, claim("/a", 1, &["both", "a"])).unwrap();
    bench.register(0, claim("/b", 2, &["both", "b"])).unwrap();
    bench.single(0, "/c", 3, "c").unwrap();
    bench
}

#[test]
fn an_unknown_interface_is_not_found() {
    let mut bench = three();
    let now = bench.at(0);
    assert!(bench.registry.locate(now, &interface("nope"), None, |_| 0).is_none());
    assert_eq!(bench.registry.locate_all(now, &interface("nope"), None).count(), 0);
}

#[test]
fn the_caller_picks_among_all_that_provide_it() {
    let mut bench = three();
    let now = bench.at(0);
    let mut found = HashSet::new();
    for choice in 0..2 {
        let pick = |count| {
            assert_eq!(count, 2);
            choice
        };
        let record = bench.registry.locate(now, &interface("both"), None, pick).unwrap();
        found.insert(record.service.to_string());
    }
    assert_eq!(found, HashSet::from(["/a".to_owned(), "/b".to_owned()]));
}

#[test]
fn a_pick_out_of_range_still_finds_one() {
    let mut bench = three();
    let now = bench.at(0);
    let found = bench.registry.locate(now, &interface("both"), None, |_| usize::MAX);
    assert!(found.is_some());
}

#[test]
fn a_named_service_is_found_if_it_provides_the_interface() {
    let mut bench = three();
    let now = bench.at(0);
    for (name, found) in [("/a", true), ("/b", false), ("/c", false), ("/d", false)] {
        let name = service(name);
        let one = bench.registry.locate(now, &interface("a"), Some(&name), |_| panic!("no choice"));
        assert_eq!(one.is_some(), found, "{name}");
        let all = bench.registry.locate_all(now, &interface("a"), Some(&name));
        assert_eq!(all.count(), usize::from(found), "{name}");
    }
}

#[test]
fn all_are_found_at_once() {
    let mut bench = three();
    let now = bench.at(0);
    let both = bench.registry.locate_all(now, &interface("both"), None).cloned();
    let both: Vec<_> = both.collect();
    assert_eq!(HashSet::from_iter(names(&both)), HashSet::from(["/a", "/b"]));
}

#[test]
fn what_has_expired_is_not_found_even_if_nobody_looked() {
    let mut bench = three();
    let late = bench.at(60);
    assert!(bench.registry.locate(late, &interface("both"), None, |_| 0).is_none());
    assert!(bench.registry.locate(late, &interface("c"), None, |_| 0).is_some());
}
