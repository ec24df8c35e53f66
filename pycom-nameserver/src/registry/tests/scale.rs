//! As many services as a large fleet has. That they are quick to find is measured elsewhere.

use super::*;

const MANY: usize = 100_000;

fn name(number: usize) -> String {
    format!("/com/foo/fleet/{number}")
}

fn numbered(number: usize) -> Registration {
    let own = format!("com.foo.fleet.i{}", number % 1_000);
    claim(&name(number), number, &["com.foo.fleet", &own])
}

#[test]
fn a_hundred_thousand_services_are_kept_found_and_forgotten() {
    let limits = Limits { services: MANY, ..Limits::default() };
    let mut bench = Bench::with(limits, Terms::default());
    let now = bench.at(0);
    for number in 0..MANY {
        assert_eq!(bench.registry.register(now, numbered(number)), Ok(Outcome::Registered));
    }
    let refused = bench.registry.register(now, claim("/one/more", 1, &[]));
    assert!(matches!(refused, Err(RegisterError::Full { .. })));

    let of_one = interface("com.foo.fleet.i7");
    assert_eq!(bench.registry.locate_all(now, &of_one, None).count(), MANY / 1_000);
    for number in (0..MANY).step_by(997) {
        let fleet = interface("com.foo.fleet");
        let found = bench.registry.locate(now, &fleet, None, |count| {
            assert_eq!(count, MANY);
            number
        });
        assert!(found.is_some());
        let name = service(&name(number));
        let found = bench.registry.locate(now, &fleet, Some(&name), |_| 0).unwrap();
        assert_eq!(found.service, name);
    }

    let later = bench.at(30);
    for number in (0..MANY).step_by(2) {
        assert_eq!(bench.registry.register(later, numbered(number)), Ok(Outcome::Renewed));
    }
    bench.registry.expire(bench.at(60));
    bench.registry.check();
    let stat = bench.registry.stat(bench.at(60));
    assert_eq!((stat.services, stat.expired, stat.interfaces), (MANY / 2, 50_000, 501));
    bench.registry.expire(bench.at(90));
    bench.registry.check();
    let stat = bench.registry.stat(bench.at(90));
    assert_eq!((stat.services, stat.interfaces), (0, 0));
}
