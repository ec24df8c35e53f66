use tests::process::Process;

use crate::support::{Shell, check, serve};

#[test]
fn services_are_listed_as_a_table_and_as_json() {
    let shell = Shell::up();
    check("list", &shell.transcript(&["list", "ls com.foo.c", "list nothing*like", "list --json demo"]));
}

#[test]
fn without_a_nameserver_it_says_what_to_do() {
    let shell = Shell::alone();
    check(
        "list_alone",
        &shell.transcript(&["list", "-n tcp://127.0.0.1:1,127.0.0.1:1 list", "list -n nowhere", "lst"]),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_shows_what_comes_and_goes() {
    let shell = Shell::up();
    let mut command = shell.command();
    command.args(["list", "--watch", "--every", "10ms", "/com/foo"]).env("PYCOM_NAMESERVER", &shell.nameserver);
    let mut watch = Process::start(command);
    let service = serve(vec![tests::probe::all().remove(1)], "/com/foo/late", &shell.nameserver).await;
    let line = |mark: &'static str| move |line: &str| line.starts_with(mark).then(|| line.to_owned());
    let (came, place) = watch.stdout().find(0, line("+ /com/foo/late")).expect("it comes");
    assert!(came.contains("com.foo.counter"), "{came}");
    service.stop().await;
    watch.stdout().find(place, line("- /com/foo/late")).expect("it goes");
    watch.signal(libc::SIGINT);
    assert_eq!(watch.wait().code(), Some(0));
}
