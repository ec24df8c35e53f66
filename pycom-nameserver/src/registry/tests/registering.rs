//! Who may have a name.

use super::*;

const PROBE: &str = "/com/foo/probe";

#[test]
fn another_address_for_a_live_name_is_refused_in_the_words_of_the_original() {
    let mut bench = Bench::new();
    bench.register(0, claim(PROBE, 1, &["a"])).unwrap();
    let refused = bench.register(59, claim(PROBE, 2, &["a"])).unwrap_err();
    let text = "Service /com/foo/probe already registered on a different address";
    assert_eq!(refused.to_string(), text);
    assert_eq!(bench.get(59, PROBE).unwrap().address, address(1));
    assert_eq!(bench.register(60, claim(PROBE, 2, &["a"])), Ok(Outcome::Registered));
}

#[test]
fn the_same_again_is_a_renewal_and_changes_nothing() {
    let mut bench = Bench::new();
    bench.register(0, claim(PROBE, 1, &["a", "b"])).unwrap();
    bench.registry.take_changes();
    assert_eq!(bench.register(30, claim(PROBE, 1, &["a", "b"])), Ok(Outcome::Renewed));
    assert_eq!(bench.registry.take_changes(), []);
}

#[test]
fn a_renewal_may_bring_other_interfaces() {
    let mut bench = Bench::new();
    bench.register(0, claim(PROBE, 1, &["a", "b"])).unwrap();
    let outcome = bench.register(1, claim(PROBE, 1, &["b", "c"])).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { former } if former.provides(&interface("a"))));
    let now = bench.at(1);
    for (name, found) in [("a", false), ("b", true), ("c", true)] {
        let located = bench.registry.locate(now, &interface(name), None, |_| 0);
        assert_eq!(located.is_some(), found, "{name}");
    }
}

#[test]
fn an_interface_named_twice_counts_once() {
    let mut bench = Bench::new();
    bench.register(0, claim(PROBE, 1, &["a", "b", "a", "c", "b"])).unwrap();
    let record = bench.get(0, PROBE).unwrap();
    assert_eq!(*record.interfaces, ["a", "b", "c"].map(interface));
    let again = bench.register(1, claim(PROBE, 1, &["a", "b", "a", "c", "b"]));
    assert_eq!(again, Ok(Outcome::Renewed));
}

#[test]
fn a_service_may_have_no_interface() {
    let mut bench = Bench::new();
    assert_eq!(bench.register(0, claim(PROBE, 1, &[])), Ok(Outcome::Registered));
    assert!(bench.get(0, PROBE).is_some());
}

#[test]
fn a_service_restarted_in_place_has_its_name_at_once() {
    let mut bench = Bench::new();
    bench.register(0, claim_of(1, PROBE, 1, &["a"])).unwrap();
    let outcome = bench.register(1, claim_of(2, PROBE, 1, &["a"])).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { former } if former.instance == instance(1)));
}

#[test]
fn an_instance_that_moves_has_its_name_at_once() {
    let mut bench = Bench::new();
    bench.register(0, claim_of(1, PROBE, 1, &["a"])).unwrap();
    let outcome = bench.register(1, claim_of(1, PROBE, 2, &["a"])).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { .. }));
    assert_eq!(bench.get(1, PROBE).unwrap().address, address(2));
}

#[test]
fn the_next_run_elsewhere_waits_until_the_former_was_asked_and_was_not_there() {
    let mut bench = Bench::new();
    bench.register(0, claim_of(1, PROBE, 1, &["a"])).unwrap();
    let next = claim_of(2, PROBE, 2, &["a"]);
    let Ok(Outcome::Occupied { holder, ask: true }) = bench.register(1, next.clone()) else {
        panic!("to be asked");
    };
    assert_eq!(holder.address, address(1));
    bench.failed(3, &holder, ProbeFailure::Silent);
    assert_eq!(bench.register(3, next), Ok(Outcome::Replaced { former: holder }));
}

#[test]
fn a_holder_that_answers_keeps_its_name() {
    let mut bench = Bench::new();
    bench.register(0, claim_of(1, PROBE, 1, &["a"])).unwrap();
    let other = claim_of(2, PROBE, 2, &["a"]);
    let Ok(Outcome::Occupied { holder, .. }) = bench.register(1, other.clone()) else {
        panic!("to be asked");
    };
    bench.answered(1, &holder);
    let refused = RegisterError::OtherAddress { service: service(PROBE) };
    assert_eq!(bench.register(1, other.clone()), Err(refused));
    let again = bench.register(7, other);
    assert!(matches!(again, Ok(Outcome::Occupied { ask: true, .. })), "asked anew: {again:?}");
}

#[test]
fn a_holder_is_not_asked_twice_at_once() {
    let mut bench = Bench::new();
    bench.register(0, claim_of(1, PROBE, 1, &["a"])).unwrap();
    let first = bench.register(1, claim_of(2, PROBE, 2, &["a"]));
    let second = bench.register(1, claim_of(3, PROBE, 3, &["a"]));
    assert!(matches!(first, Ok(Outcome::Occupied { ask: true, .. })));
    assert!(matches!(second, Ok(Outcome::Occupied { ask: false, .. })));
}

#[test]
fn a_holder_that_registers_while_it_is_asked_is_there() {
    let mut bench = Bench::new();
    bench.register(0, claim_of(1, PROBE, 1, &["a"])).unwrap();
    let other = claim_of(2, PROBE, 2, &["a"]);
    let Ok(Outcome::Occupied { holder, .. }) = bench.register(1, other.clone()) else {
        panic!("to be asked");
    };
    bench.register(2, claim_of(1, PROBE, 1, &["a"])).unwrap();
    bench.failed(3, &holder, ProbeFailure::Silent);
    assert!(matches!(bench.register(3, other), Err(RegisterError::OtherAddress { .. })));
}

#[test]
fn claims_cannot_make_the_nameserver_flood_others() {
    let mut bench = Bench::new();
    for number in 0..200 {
        let name = format!("/x/{number}");
        bench.register(0, claim(&name, 1_000 + number, &["a"])).unwrap();
    }
    let asked = |bench: &mut Bench, number| {
        let outcome = bench.register(0, claim_of(1, &format!("/x/{number}"), 1, &["a"]));
        matches!(outcome, Ok(Outcome::Occupied { ask: true, .. }))
    };
    let asked = (0..200).filter(|&number| asked(&mut bench, number)).count();
    assert_eq!(asked, Terms::default().probes_per_second);
}

#[test]
fn too_many_interfaces_are_refused() {
    let mut bench = Bench::new();
    let many: Vec<String> = (0..65).map(|number| format!("i{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(bench.register(0, claim("/fits", 1, &many[..64])).is_ok());
    let refused = bench.register(0, claim("/not", 1, &many)).unwrap_err();
    let text = "service /not has 65 interfaces, at most 64 are taken";
    assert_eq!(refused.to_string(), text);

    for name in &many[..64] {
        bench.single(0, "/one/by/one", 2, name).unwrap();
    }
    let refused = bench.single(0, "/one/by/one", 2, many[64]);
    assert!(matches!(refused, Err(RegisterError::TooManyInterfaces { .. })));
    assert_eq!(bench.get(0, "/one/by/one").unwrap().interfaces.len(), 64);
}

#[test]
fn a_full_registry_takes_renewals_and_refuses_what_is_new() {
    let limits = Limits { services: 2, ..Limits::default() };
    let mut bench = Bench::with(limits, Terms::default());
    bench.register(0, claim("/a", 1, &["a"])).unwrap();
    bench.register(1, claim("/b", 2, &["a"])).unwrap();
    let full = RegisterError::Full { service: service("/c"), limit: 2 };
    assert_eq!(bench.register(2, claim("/c", 3, &["a"])), Err(full));
    assert_eq!(bench.register(3, claim("/b", 2, &["a"])), Ok(Outcome::Renewed));
    assert_eq!(bench.register(60, claim("/c", 3, &["a"])), Ok(Outcome::Registered));
}

#[test]
fn only_ones_own_can_be_taken_off() {
    let mut bench = Bench::new();
    let now = bench.at(1);
    let name = service(PROBE);
    bench.register(0, claim_of(2, PROBE, 1, &["a"])).unwrap();
    let mut deregister = |owner| bench.registry.deregister(now, &name, owner);
    let (here, elsewhere) = (address(1), address(2));
    assert!(!deregister(Owner::Address(&elsewhere)));
    let former = instance(1).unwrap();
    assert!(!deregister(Owner::Instance(former)), "late, from the run before");
    assert!(deregister(Owner::Instance(instance(2).unwrap())));
    assert!(!deregister(Owner::Address(&here)), "gone");

    bench.register(2, claim(PROBE, 1, &["a"])).unwrap();
    assert!(bench.registry.deregister(now, &name, Owner::Address(&here)));
    assert!(bench.get(2, PROBE).is_none());
}

#[test]
fn changes_are_told_once_and_in_order() {
    let mut bench = Bench::new();
    bench.register(0, claim(PROBE, 1, &["a"])).unwrap();
    let first = bench.get(0, PROBE).unwrap();
    bench.register(1, claim(PROBE, 1, &["b"])).unwrap();
    let second = bench.get(1, PROBE).unwrap();
    let later = bench.at(61);
    bench.registry.expire(later);
    let expected = [
        Change::Added(first.clone()),
        Change::Changed { former: first, record: second.clone() },
        Change::Removed { record: second, cause: Cause::Expired },
    ];
    assert_eq!(bench.registry.take_changes(), expected);
    assert_eq!(bench.registry.take_changes(), []);
}

#[test]
fn each_call_of_the_single_form_adds_an_interface() {
    let mut bench = Bench::new();
    assert_eq!(bench.single(0, "/x/one", 9, "x.y"), Ok(Outcome::Registered));
    assert!(matches!(bench.single(0, "/x/one", 9, "x.z"), Ok(Outcome::Replaced { .. })));
    assert_eq!(bench.single(0, "/x/one", 9, "x.y"), Ok(Outcome::Renewed));
    let record = bench.get(0, "/x/one").unwrap();
    assert_eq!(*record.interfaces, ["x.y", "x.z"].map(interface));
    assert_eq!(record.upkeep, Upkeep::Probed);
}

#[test]
fn a_single_form_service_restarted_elsewhere_begins_anew() {
    let mut bench = Bench::new();
    bench.single(0, "/x/one", 9, "x.y").unwrap();
    bench.single(0, "/x/one", 9, "x.z").unwrap();
    let Ok(Outcome::Occupied { holder, ask: true }) = bench.single(8, "/x/one", 10, "x.z") else {
        panic!("to be asked");
    };
    bench.failed(9, &holder, ProbeFailure::Silent);
    assert!(matches!(bench.single(9, "/x/one", 10, "x.z"), Ok(Outcome::Replaced { .. })));
    assert!(matches!(bench.single(9, "/x/one", 10, "x.w"), Ok(Outcome::Replaced { .. })));
    let record = bench.get(9, "/x/one").unwrap();
    assert_eq!(*record.interfaces, ["x.z", "x.w"].map(interface));
}

#[test]
fn the_last_form_decides_how_a_service_is_kept() {
    let mut bench = Bench::new();
    bench.register(0, claim(PROBE, 1, &["a"])).unwrap();
    bench.single(1, PROBE, 1, "b").unwrap();
    let record = bench.get(100, PROBE).expect("probed now, so not expired");
    assert_eq!(*record.interfaces, ["a", "b"].map(interface));
    bench.register(100, claim(PROBE, 1, &["a"])).unwrap();
    assert!(bench.get(159, PROBE).is_some());
    assert!(bench.get(160, PROBE).is_none());
}
