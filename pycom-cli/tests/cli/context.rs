use crate::support::{Shell, check};

#[test]
fn nameservers_have_names() {
    let mut shell = Shell::alone();
    shell.nameserver = String::new(); // as good as none
    check(
        "context",
        &shell.transcript(&[
            "context",
            "context add lab tcp://192.168.10.1:2012",
            "context add home 192.168.20.1:2012,192.168.20.2:2012",
            "context use home",
            "context list --json",
            "context use lap",
            "context add x nowhere",
            "--context lap list",
            "--context lab -n tcp://127.0.0.1:1 list",
            "context remove home",
            "context",
        ]),
    );
}

#[test]
fn flags_are_stronger_than_the_environment_and_that_than_the_file() {
    let up = Shell::up();
    let shell = Shell::alone();
    let count = |said: crate::support::Said| (said.code, said.stdout.lines().count());
    assert_eq!(shell.run(&["context", "add", "up", &up.nameserver]).code, 0);
    // The variable names a nameserver that is not there.
    assert_eq!(count(shell.run(&["list"])), (7, 0));
    assert_eq!(count(shell.run(&["list", "--context", "up"])), (0, 3));
    assert_eq!(count(shell.run(&["list", "-n", &up.nameserver])), (0, 3));
    let mut shell = shell;
    shell.nameserver = String::new();
    assert_eq!(count(shell.run(&["list"])), (0, 3), "the first one is chosen");
}

#[test]
fn a_broken_file_is_named() {
    let mut shell = Shell::alone();
    shell.nameserver = String::new();
    let path = shell.home.path().join("pycom");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("config.json"), "{").unwrap();
    let said = shell.run(&["list"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("pycom/config.json is not as it should be"), "{said:?}");
}
