use crate::support::Shell;

#[test]
fn both_loops_count_every_call() {
    let shell = Shell::up();
    let closed = shell.run(&["bench", "com.foo.example", "create", "1", "-c", "4", "-d", "200ms", "--json"]);
    let open = shell.run(&["bench", "com.foo.example", "create", "1", "-d", "200ms", "-r", "100", "--json"]);
    for (said, kind) in [(closed, "closed"), (open, "open")] {
        let measured = said.json();
        assert_eq!(measured["loop"], kind, "{said:?}");
        assert_eq!(measured["method"], "com.foo.example.create");
        assert!(measured["calls"].as_u64() > Some(0), "{said:?}");
        let at = |name: &str| measured["latency_us"][name].as_f64().unwrap_or_else(|| panic!("{name}: {said:?}"));
        assert!(0.0 < at("min") && at("min") <= at("p50") && at("p50") <= at("p99.9"), "{said:?}");
        assert!(at("p99.9") <= at("max") * 1.01, "{said:?}");
    }
}

#[test]
fn people_get_a_histogram() {
    let shell = Shell::up();
    let said = shell.run(&["bench", "com.foo.example", "split", "text=hello", "-c", "2", "-d", "100ms"]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in ["com.foo.example.split of /org/pycom/demo at tcp://", "errors 0", "latency  p50 ", "█", "corrected"]
    {
        assert!(said.stdout.contains(part), "{part}: {said:?}");
    }
    assert!(!said.stdout.contains('\x1b') && said.stderr.is_empty(), "no colours, no live line: {said:?}");
}

#[test]
fn mistakes_are_found_before_a_thousand_calls_make_them() {
    let shell = Shell::up();
    let wrong = shell.run(&["bench", "com.foo.example", "splt", "text=hello", "-d", "1h"]);
    assert_eq!(wrong.stderr, "error: com.foo.example has no method 'splt'; did you mean 'split'?\n");
    assert_eq!(wrong.code, 3);
    assert_eq!(shell.run(&["bench", "com.foo.example", "split", "text=hello", "at=9", "-d", "1h"]).code, 1);
}
