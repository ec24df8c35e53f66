use crate::support::{Shell, check};

#[test]
fn interfaces_and_services_are_described() {
    let shell = Shell::up();
    check(
        "describe",
        &shell.transcript(&[
            "describe com.foo.example",
            "describe com.foo.example@/org/pycom/demo measure",
            "describe /org/pycom/demo next",
            "describe org.pycom.nameserver locate",
            "describe --json com.foo.example split",
        ]),
    );
}

#[test]
fn what_is_not_there_gets_the_nearest_that_is() {
    let shell = Shell::up();
    check(
        "describe_wrong",
        &shell.transcript(&[
            "describe com.foo.exampl",
            "describe example",
            "describe com.foo.example splt",
            "describe /org/pycom/dem",
            "describe com.foo.counter@/org/pycom/nameserver",
            "describe com.foo.counter@tcp://127.0.0.1:1",
        ]),
    );
}

#[test]
fn the_json_is_the_description_that_the_service_gives() {
    let shell = Shell::up();
    let described = shell.run(&["describe", "--json", "com.foo.example"]).json();
    let called = shell.run(&["call", "com.foo.example", "introspect"]).json();
    assert_eq!(described, called);
}
