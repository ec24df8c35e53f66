//! A network that swallows packets: nobody is told, no connection is reset. Client, service and nameserver each have a
//! network of their own with one cable between each two, and the test pulls the cables.
//!
//! Needs Linux, `unshare` and `ip`, and the right to make networks (root, or user namespaces); says aloud that it skips
//! where one is missing. `PYCOM_REQUIRE_NETWORKS=1` makes that a failure.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pycom::client::Event;
use pycom::{Attachment, Context, Error, Outcome};
use serde_json::{Value, json};
use tests::patience::{PATIENCE, eventually_async};
use tests::process::Process;
use tests::programs::{Program, Service};
use tokio::io::AsyncReadExt;

/// Says to the test's own process that it has a network of its own.
const INSIDE: &str = "PYCOM_TEST_INSIDE";

/// How long a call may take that meets nobody.
const SHORT: Duration = Duration::from_millis(300);

/// Ways to a network of one's own.
const WAYS: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];

/// Runs this test once more in a network of its own; `true` there.
fn in_a_network_of_its_own(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        run("ip", &["link", "set", "lo", "up"]);
        return true;
    }
    let works = |way: &&&[&str]| {
        let script = "ip link add name cable type veth peer name other && unshare --net true";
        let tried = Command::new("unshare").args(**way).args(["sh", "-c", script]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let Some(way) = WAYS.iter().find(works) else {
        assert!(std::env::var_os("PYCOM_REQUIRE_NETWORKS").is_none(), "no network can be made with unshare and ip");
        eprintln!("SKIPPED: no network can be made here: it takes root, unshare and ip");
        return false;
    };
    let mut command = Command::new("unshare");
    let this = std::env::current_exe().expect("this test is a program");
    command.args(*way).arg(this).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let mut inside = Process::start(command);
    assert!(inside.wait().success(), "{}", inside.story());
    false
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect("it can be started");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program in a network of its own. It waits for its cables before it starts.
struct Host {
    process: Process,
}

impl Host {
    fn new(program: Program, arguments: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "echo ready >&2; read go; exec \"$0\" \"$@\""]);
        command.arg(program.path()).args(arguments);
        let process = Process::start(command);
        // Before that, it is still in the test's own network.
        assert!(process.stderr().find(0, |line| (line == "ready").then_some(())).is_some(), "{}", process.story());
        Self { process }
    }

    fn id(&self) -> String {
        self.process.id().to_string()
    }

    fn ip(&self, words: &str) {
        let id = self.id();
        let inside: Vec<&str> = ["-t", &id, "-n", "ip"].into_iter().chain(words.split(' ')).collect();
        run("nsenter", &inside);
    }

    fn start(mut self) -> Service {
        self.process.say("go");
        Service::started(self.process).unwrap_or_else(|process| panic!("{}", process.story()))
    }
}

/// One end of a cable: whoever is there, by the process (none is the test itself), and its address.
struct End<'h>(Option<&'h Host>, &'static str);

impl End<'_> {
    fn ip(&self, words: &str) {
        match self.0 {
            Some(host) => host.ip(words),
            None => run("ip", &words.split(' ').collect::<Vec<_>>()),
        }
    }
}

/// A cable between two networks.
struct Cable {
    name: &'static str,
    /// The process at its far end.
    far: String,
}

impl Cable {
    /// Lays it. Its ends are called the same.
    fn lay(name: &'static str, near: &End<'_>, far: (&Host, &'static str)) -> Self {
        near.ip(&format!("link add name {name} type veth peer name {name} netns {}", far.0.id()));
        let far_end = End(Some(far.0), far.1);
        for end in [near, &far_end] {
            end.ip(&format!("addr add {}/24 dev {name}", end.1));
            end.ip(&format!("link set {name} up"));
        }
        far.0.ip("link set lo up");
        Self { name, far: far.0.id() }
    }

    fn turn(&self, state: &str) {
        run("nsenter", &["-t", &self.far, "-n", "ip", "link", "set", self.name, state]);
    }

    /// What is sent into it from now on is lost, and its near end does not know.
    fn pull(&self) {
        self.turn("down");
    }

    fn mend(&self) {
        self.turn("up");
    }
}

const NAMESERVER: &str = "tcp://192.0.2.2:2012";

/// A nameserver with a cable from here.
fn nameserver() -> (Host, Cable) {
    let host = Host::new(Program::Nameserver, &["-a", "tcp://0.0.0.0:2012", "--advertise", "192.0.2.2"]);
    let cable = Cable::lay("one", &End(None, "192.0.2.1"), (&host, "192.0.2.2"));
    (host, cable)
}

/// A probe with a cable from here and one from the nameserver; `number` tells it from others.
fn probe(nameserver: &Host, number: u8) -> (Host, Cable, Cable) {
    // Cables and names live as long as the test's process.
    let text = |text: String| -> &'static str { text.leak() };
    let (near, far) = (text(format!("10.77.{number}.1")), text(format!("10.77.{number}.2")));
    let (there, its) = (text(format!("10.78.{number}.1")), text(format!("10.78.{number}.2")));
    let (name, known) = (format!("/com/foo/probe/{number}"), format!("{there}:2012"));
    let arguments = ["-a", "tcp://0.0.0.0:2013", "--advertise", far, "-s", &name, "-n", &known];
    let host = Host::new(Program::Probe, &arguments);
    let here = Cable::lay(text(format!("here{number}")), &End(None, near), (&host, far));
    let between = Cable::lay(text(format!("between{number}")), &End(Some(nameserver), there), (&host, its));
    (host, here, between)
}

/// The nameserver, a probe, and the cables client–nameserver, client–probe, probe–nameserver.
fn network() -> (Service, Service, [Cable; 3]) {
    let (nameserver, to_nameserver) = nameserver();
    let (probe, to_probe, between) = probe(&nameserver, 1);
    (nameserver.start(), probe.start(), [to_nameserver, to_probe, between])
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_into_a_partition_end_by_their_deadline_and_the_same_client_goes_on_after_it() {
    if !in_a_network_of_its_own("calls_into_a_partition_end_by_their_deadline_and_the_same_client_goes_on_after_it") {
        return;
    }
    let (_nameserver, _probe, [_, to_probe, _]) = network();
    let context = Context::new(NAMESERVER).unwrap();
    let query = context.locate("com.foo.example").await.unwrap();
    for number in 0..2 {
        let patient = query.with_timeout(PATIENCE);
        assert_eq!(patient.invoke("create", number).await.unwrap(), json!({"field1": number}));
        to_probe.pull();
        // More than one at once, and one after the other: the first have a connection, others may lose it.
        let calls: Vec<_> = (0..20)
            .map(|call| {
                let query = query.with_timeout(SHORT);
                tokio::spawn(async move { query.invoke("create", call).await })
            })
            .collect();
        for call in calls {
            let error = call.await.unwrap().unwrap_err();
            assert!(matches!(error, Error::Timeout { .. } | Error::ServiceNotAvailable(_)), "{error}");
            assert_ne!(error.outcome(), Outcome::Answered);
            assert!(error.to_string().contains("10.77.1.2:2013"), "{error}");
        }
        for _ in 0..3 {
            let error = query.with_timeout(SHORT).invoke("create", 42).await.unwrap_err();
            assert!(matches!(error, Error::Timeout { .. } | Error::ServiceNotAvailable(_)), "{error}");
        }
        to_probe.mend();
        let again = || async { query.invoke("create", 42).await.ok() };
        assert_eq!(eventually_async("an answer", again).await, json!({"field1": 42}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_new_to_a_partition_is_told_where_nobody_answers_and_finds_it_after() {
    if !in_a_network_of_its_own("a_client_new_to_a_partition_is_told_where_nobody_answers_and_finds_it_after") {
        return;
    }
    let (_nameserver, _probe, [to_nameserver, to_probe, _]) = network();
    to_probe.pull();
    let context = Context::builder().nameserver(NAMESERVER).unwrap().timeout(SHORT).build();
    let query = context.locate("com.foo.example").await.unwrap();
    let error = query.invoke("create", 42).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotRun, "nothing was sent: {error}");
    assert!(error.to_string().contains("10.77.1.2:2013"), "{error}");
    to_probe.mend();
    let answered = || async { query.invoke("create", 42).await.ok() };
    assert_eq!(eventually_async("an answer", answered).await, json!({"field1": 42}));

    to_nameserver.pull();
    let stranger = Context::builder().nameserver(NAMESERVER).unwrap().timeout(SHORT).build();
    let error = stranger.locate("com.foo.example").await.unwrap_err();
    assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(NAMESERVER) && text.contains("pycom-nameserver"), "{text}");
    to_nameserver.mend();
    let found = || async { stranger.locate("com.foo.example").await.ok() };
    assert_eq!(eventually_async("the service", found).await.address().to_string(), "tcp://10.77.1.2:2013");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nameserver_behind_a_partition_stops_nobody_who_knows_an_address() {
    if !in_a_network_of_its_own("a_nameserver_behind_a_partition_stops_nobody_who_knows_an_address") {
        return;
    }
    let (_nameserver, _probe, [to_nameserver, _, between]) = network();
    let context = Context::new(NAMESERVER).unwrap();
    let query = context.locate("com.foo.example").await.unwrap();
    to_nameserver.pull();
    between.pull();
    for number in 0..20 {
        let answer = query.with_timeout(PATIENCE).invoke("create", number).await.unwrap();
        assert_eq!(answer, json!({"field1": number}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotent_calls_go_round_a_partition() {
    if !in_a_network_of_its_own("idempotent_calls_go_round_a_partition") {
        return;
    }
    let (nameserver, _to_nameserver) = nameserver();
    let (one, to_one, _between_one) = probe(&nameserver, 1);
    let (other, to_other, _between_other) = probe(&nameserver, 2);
    let _running = (nameserver.start(), one.start(), other.start());
    let context = Context::new(NAMESERVER).unwrap();
    let both = || async {
        let nameserver = context.nameserver().ok()?;
        let args = json!({"interface": "com.foo.example", "as_list": true});
        let found: Vec<Value> = nameserver.invoke_as("locate", args).await.ok()?;
        (found.len() == 2).then_some(())
    };
    eventually_async("both probes", both).await;
    let query = context.locate("com.foo.example").await.unwrap().with_timeout(PATIENCE);
    for cable in [to_one, to_other] {
        for number in 0..20 {
            let answer = query.call("create").args(&number).idempotent().await.unwrap();
            assert_eq!(answer.parse::<Value>().unwrap(), json!({"field1": number}));
        }
        cable.pull();
        for number in 0..20 {
            let answer = query.call("create").args(&number).idempotent().timeout(PATIENCE).await.unwrap();
            assert_eq!(answer.parse::<Value>().unwrap(), json!({"field1": number}));
        }
        cable.mend();
    }
}

/// Nobody is told that the cable is out: the transfer notices, waits, and goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_goes_on_after_a_partition() {
    if !in_a_network_of_its_own("an_attachment_goes_on_after_a_partition") {
        return;
    }
    const LENGTH: u64 = 64 << 20;
    let (_nameserver, _probe, [_, to_probe, _]) = network();
    let context = Context::new(NAMESERVER).unwrap();
    let blob = context.locate("com.foo.blob").await.unwrap().with_timeout(PATIENCE);
    let mut events = context.events();
    let done = Arc::new(AtomicU64::new(0));
    let told = done.clone();
    let stream = Attachment::from_reader(tokio::io::repeat(7).take(LENGTH), Some(LENGTH))
        .on_progress(move |progress| told.store(progress.done, Ordering::Relaxed));
    let call = tokio::spawn(async move { blob.call("length").attachment(stream).await });
    eventually_async("some of it", async || (done.load(Ordering::Relaxed) > LENGTH / 8).then_some(())).await;
    to_probe.pull();
    while !matches!(events.next().await, Event::Lost { .. }) {}
    let before = done.load(Ordering::Relaxed);
    assert!(before < LENGTH, "it was cut in the middle");
    to_probe.mend();
    assert_eq!(call.await.unwrap().unwrap().parse::<u64>().unwrap(), LENGTH);
}
