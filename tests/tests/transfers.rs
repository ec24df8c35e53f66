//! Attachments in chunks: what raw sockets may not do, memory, and disks that are full.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pycom::{Attachment, Client as _, Context, Result, Running, Server, TransferLimits, interface};
use serde_json::{Value, json};
use tests::patience::{eventually, eventually_async};
use tests::raw::RawClient;
use tokio::io::AsyncReadExt;

struct Blob;

#[interface("com.foo.blob")]
impl Blob {
    #[method(attachments(incoming = "blob", outgoing = "blob"))]
    async fn mirror(&self, blob: Attachment) -> (Option<u64>, Attachment) {
        (blob.size(), blob)
    }

    #[method(streaming, attachments(incoming = "blob"))]
    async fn count(&self, blob: Attachment) -> Result<u64> {
        let (mut reader, mut length) = (blob.reader()?, 0);
        while let Some(piece) = reader.chunk().await? {
            length += piece.len() as u64;
        }
        Ok(length)
    }

    /// Takes a chunk now and then.
    #[method(streaming, attachments(incoming = "blob"))]
    async fn slowly(&self, pause_ms: u64, blob: Attachment) -> Result<u64> {
        let (mut reader, mut length) = (blob.reader()?, 0);
        while let Some(piece) = reader.chunk().await? {
            length += piece.len() as u64;
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
        Ok(length)
    }

    /// One after the other.
    #[method(streaming, attachments(incoming("first", "second")))]
    async fn in_turn(&self, first: Attachment, second: Attachment) -> Result<(u64, u64)> {
        Ok((self.slowly(30, first).await?, self.count(second).await?))
    }

    /// Gives nothing, and does not end.
    #[method(attachments(outgoing = "blob"))]
    async fn never(&self) -> Attachment {
        let (reader, writer) = tokio::io::simplex(16);
        std::mem::forget(writer);
        Attachment::from_reader(reader, None)
    }

    #[method(attachments(outgoing = "blob"))]
    async fn zeros(&self, length: u64) -> Attachment {
        Attachment::from_reader(tokio::io::repeat(0).take(length), Some(length))
    }
}

async fn serve(limits: TransferLimits) -> Running {
    Server::new().offer(Blob).transfers(limits).bind("tcp://127.0.0.1:0").await.unwrap()
}

/// A peer that speaks frames.
struct Peer(RawClient);

impl Peer {
    fn new(running: &Running) -> Self {
        Self(RawClient::req(&running.address().to_string()))
    }

    fn ask(&self, command: &str, json: &Value, data: Option<&[u8]>) -> (Value, Option<Vec<u8>>) {
        let mut frames = vec![command.as_bytes().to_vec(), json.to_string().into_bytes()];
        frames.extend(data.map(<[u8]>::to_vec));
        let mut answer = self.0.ask(frames).into_iter();
        assert_eq!(answer.next().unwrap(), b"OK");
        (serde_json::from_slice(&answer.next().unwrap()).unwrap(), answer.next())
    }

    fn prepare(&self, attachments: Value) -> String {
        self.prepare_for("mirror", attachments, json!({}))
    }

    /// For a method that begins at once where it reads what arrives.
    fn prepare_for(&self, method: &str, attachments: Value, transfer: Value) -> String {
        let call = json!({
            "interface": "com.foo.blob", "method": method, "attachments": attachments,
            "extensions": { "org.pycom.transfer": transfer },
        });
        let (answer, _) = self.ask("PREPARE", &call, None);
        assert_eq!(answer["code"], 0, "{answer}");
        answer["call_id"].as_str().unwrap().to_owned()
    }

    fn put(&self, call_id: &str, offset: u64, data: &[u8]) -> Value {
        self.ask("FPUT", &json!({ "call_id": call_id, "attachment": "blob", "offset": offset }), Some(data)).0
    }

    /// The text of an answer that must be code 4.
    fn refused(&self, command: &str, json: Value, data: Option<&[u8]>) -> String {
        let (answer, _) = self.ask(command, &json, data);
        assert_eq!(answer["code"], 4, "{command} {json}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_knows_only_the_draft_puts_runs_and_gets() {
    let running = serve(TransferLimits { chunk: 4, window: 8, frame: 4, ..TransferLimits::default() }).await;
    let peer = Peer::new(&running);
    let id = peer.prepare(json!({ "blob": { "size": 6 } }));
    assert_eq!(peer.put(&id, 0, b"0123")["code"], 0);
    assert_eq!(peer.put(&id, 4, b"45")["code"], 0);
    let (answer, _) = peer.ask("EXEC", &json!({ "call_id": id }), None);
    assert_eq!((&answer["code"], &answer["result"]), (&json!(0), &json!(6)), "{answer}");
    assert_eq!(answer["attachments"], json!({ "blob": { "size": 6 } }));
    let id = answer["call_id"].as_str().unwrap();
    let get = |offset: u64| peer.ask("FGET", &json!({ "call_id": id, "attachment": "blob", "offset": offset }), None);
    assert_eq!(get(0).1.unwrap(), b"0123");
    let (last, data) = get(4);
    assert_eq!(data.unwrap(), b"45");
    let checksum = last["extensions"]["org.pycom.checksum"].as_str().unwrap();
    assert!(checksum.starts_with("xxh3-128:"), "{checksum}");
    for _ in 0..2 {
        assert_eq!(peer.ask("RESET", &json!({ "call_id": id }), None).0["code"], 0);
    }
    assert!(peer.refused("FGET", json!({ "call_id": id, "attachment": "blob", "offset": 0 }), None).contains(id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_command_is_code_4_with_a_text_and_hurts_nobody() {
    let running = serve(TransferLimits::default()).await;
    let peer = Peer::new(&running);
    let call = |method: &str| json!({ "interface": "com.foo.blob", "method": method, "attachments": {} });
    assert!(
        peer.refused("PREPARE", json!({ "interface": "com.foo.blob", "method": "mirror" }), None)
            .contains("attachments")
    );
    let (answer, _) = peer.ask("PREPARE", &call("nope"), None);
    assert_eq!(answer["code"], 2, "{answer}");
    let id = peer.prepare(json!({ "blob": { "size": 10 } }));
    let put = |offset: u64| json!({ "call_id": id, "attachment": "blob", "offset": offset });
    let unknown = json!({ "call_id": "nope", "attachment": "blob", "offset": 0 });
    for command in ["FPUT", "FGET", "EXEC"] {
        assert!(peer.refused(command, unknown.clone(), Some(b"x")).starts_with("Unknown call_id 'nope'"), "{command}");
        assert_eq!(peer.refused(command, json!({}), Some(b"x")), "Field call_id is required");
        assert!(peer.refused(command, json!([1]), Some(b"x")).starts_with("Cannot decode"), "{command}");
    }
    let other = json!({ "call_id": id, "attachment": "other", "offset": 0 });
    assert_eq!(peer.refused("FPUT", other, Some(b"x")), "This call has no attachment 'other'");
    assert_eq!(peer.refused("FPUT", put(5), Some(b"x")), "Attachment 'blob' goes on at 0, not at 5");
    assert_eq!(peer.refused("FPUT", put(0), None), "This chunk of attachment 'blob' has no data");
    let long = peer.refused("FPUT", put(0), Some(&[0; 11]));
    assert_eq!(long, "Attachment 'blob' was announced with 10 bytes; this chunk reaches to 11");
    let mut early = put(0);
    early["extensions"] = json!({ "org.pycom.checksum": "xxh3-128:99aa06d3014798d86001c324468d497f" });
    let short = peer.refused("FPUT", early, Some(b"12345"));
    assert_eq!(short, "Attachment 'blob' was announced with 10 bytes; it ends at 5");
    assert_eq!(peer.put(&id, 0, b"12345")["code"], 0);
    let unfinished = peer.refused("EXEC", json!({ "call_id": id }), None);
    assert_eq!(unfinished, "Attachment 'blob' is not whole: 5 bytes of 10 have come");
    let mut wrong = put(5);
    wrong["extensions"] = json!({ "org.pycom.checksum": "xxh3-128:99aa06d3014798d86001c324468d497f" });
    assert!(peer.refused("FPUT", wrong, Some(b"67890")).contains("is not what was sent"));
    assert!(peer.refused("EXEC", json!({ "call_id": id }), None).contains("is not what was sent"));
    assert_eq!(peer.ask("RESET", &json!({ "call_id": id }), None).0["code"], 0);

    let id = peer.prepare(json!({ "blob": { "size": 1 } }));
    assert_eq!(peer.put(&id, 0, b"x")["code"], 0);
    assert_eq!(peer.ask("EXEC", &json!({ "call_id": id }), None).0["code"], 0);
    assert!(!peer.refused("EXEC", json!({ "call_id": id }), None).is_empty(), "a second EXEC");
    let (answer, data) = peer.ask("CALL", &json!({ "interface": "com.foo.blob", "method": "mirror" }), Some(b"frame"));
    assert_eq!((&answer["result"], data.unwrap().as_slice()), (&json!(5), &b"frame"[..]));
}

/// A peer that has several commands under way.
struct Dealer(RawClient);

impl Dealer {
    fn new(running: &Running) -> Self {
        Self(RawClient::dealer(&running.address().to_string()))
    }

    fn say(&self, id: &str, command: &str, json: &Value, data: Option<&[u8]>) {
        let mut frames = vec![id.as_bytes().to_vec(), Vec::new(), command.into(), json.to_string().into_bytes()];
        frames.extend(data.map(<[u8]>::to_vec));
        self.0.send(frames);
    }

    /// The id and the JSON of the next answer.
    fn hears(&self) -> (String, Value) {
        let frames = self.0.receive();
        (String::from_utf8(frames[0].clone()).unwrap(), serde_json::from_slice(&frames[3]).unwrap())
    }

    /// The text of the answer to `id`, the next one, which must be code 4.
    fn refused(&self, id: &str) -> String {
        let (to, answer) = self.hears();
        assert_eq!((to.as_str(), &answer["code"]), (id, &json!(4)), "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_runs_is_told_apart_from_one_that_is_asked_for_again() {
    let running = serve(TransferLimits { chunk: 4, window: 8, ..TransferLimits::default() }).await;
    let (first, second) = (Dealer::new(&running), Dealer::new(&running));
    let id = Peer::new(&running).prepare_for("count", json!({ "blob": { "size": 6 } }), json!({ "early": true }));
    let put = |offset: u64| json!({ "call_id": id, "attachment": "blob", "offset": offset });
    let execute = json!({ "call_id": id });
    let again = json!({ "call_id": id, "extensions": { "org.pycom.transfer": { "again": true } } });
    first.say("run", "EXEC", &execute, None);
    first.say("put", "FPUT", &put(0), Some(b"0123"));
    assert_eq!(first.hears().0, "put");
    first.say("twice", "EXEC", &execute, None);
    assert_eq!(first.refused("twice"), "EXEC came already for this call");
    // Another connection takes the answer over.
    second.say("again", "EXEC", &again, None);
    second.say("put", "FPUT", &put(0), Some(b"0123"));
    assert_eq!(second.refused("put"), "Attachment 'blob' goes on at 4, not at 0");
    second.say("rest", "FPUT", &put(4), Some(b"45"));
    let mut answers = [second.hears(), second.hears()];
    answers.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        answers.each_ref().map(|(id, answer)| (id.as_str(), &answer["code"])),
        [("again", &json!(0)), ("rest", &json!(0))]
    );
    assert_eq!(answers[0].1["result"], 6);
    // It is had again until it is said to have come.
    second.say("once more", "EXEC", &again, None);
    assert_eq!(second.hears().1["result"], 6);
    second.say("late", "FPUT", &put(4), Some(b"45"));
    assert_eq!(second.hears().1["code"], 0, "nobody waits for it");
    second.say("reset", "RESET", &execute, None);
    assert_eq!(second.hears().1["code"], 0);
    second.say("after", "EXEC", &again, None);
    assert!(second.refused("after").starts_with("Unknown call_id"));
    assert!(first.0.stays_silent(Duration::from_millis(100)), "the answer has gone elsewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_said_twice_is_answered_twice_and_counts_once() {
    let running = serve(TransferLimits { chunk: 4, window: 8, ..TransferLimits::default() }).await;
    let (first, second) = (Dealer::new(&running), Dealer::new(&running));
    let id = Peer::new(&running).prepare_for("count", json!({ "blob": { "size": 4 } }), json!({ "early": true }));
    let put = json!({ "call_id": id, "attachment": "blob", "offset": 0 });
    // Nobody reads before EXEC: they wait.
    first.say("put", "FPUT", &put, Some(b"0123"));
    first.say("beside", "FPUT", &json!({ "call_id": id, "attachment": "blob", "offset": 1 }), Some(b"123"));
    assert_eq!(first.refused("beside"), "Attachment 'blob' goes on at 4, not at 1");
    second.say("put again", "FPUT", &put, Some(b"0123"));
    second.say("run", "EXEC", &json!({ "call_id": id }), None);
    assert_eq!(first.hears(), ("put".to_owned(), json!({ "code": 0, "result": {} })));
    let mut answers = [second.hears(), second.hears()];
    answers.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(answers.each_ref().map(|(id, _)| id.as_str()), ["put again", "run"]);
    assert_eq!(answers[1].1["result"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_stops_the_method_that_reads() {
    let running = serve(TransferLimits { open: 1, ..TransferLimits::default() }).await;
    let (peer, dealer) = (Peer::new(&running), Dealer::new(&running));
    let id = peer.prepare_for("count", json!({ "blob": { "size": null } }), json!({ "early": true }));
    dealer.say("run", "EXEC", &json!({ "call_id": id }), None);
    let put = json!({ "call_id": id, "attachment": "blob", "offset": 0 });
    assert_eq!(peer.ask("FPUT", &put, Some(b"x")).0["code"], 0, "it reads");
    assert_eq!(peer.ask("RESET", &json!({ "call_id": id }), None).0["code"], 0);
    assert!(dealer.0.stays_silent(Duration::from_millis(100)), "nobody waits for its answer");
    peer.prepare_for("count", json!({ "blob": { "size": 1 } }), json!({ "early": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_reads_sees_what_is_not_what_was_sent() {
    let running = serve(TransferLimits::default()).await;
    let (peer, dealer) = (Peer::new(&running), Dealer::new(&running));
    let id = peer.prepare_for("count", json!({ "blob": { "size": null } }), json!({ "early": true }));
    dealer.say("run", "EXEC", &json!({ "call_id": id }), None);
    let checksum = "xxh3-128:99aa06d3014798d86001c324468d497f";
    let put = json!({
        "call_id": id, "attachment": "blob", "offset": 0, "extensions": { "org.pycom.checksum": checksum },
    });
    assert!(peer.refused("FPUT", put, Some(b"other")).contains("is not what was sent"));
    assert!(dealer.refused("run").contains("is not what was sent"));
}

/// What a keeper that failed, or a download that was given up, has in memory is free again: the limit is four chunks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_or_is_given_up_takes_no_memory_for_good() {
    let limits = TransferLimits {
        chunk: 1000,
        window: 4000,
        memory: 4000,
        spool_bytes: 2500,
        frame: 100,
        ..TransferLimits::default()
    };
    let running = serve(limits).await;
    let context = Context::builder().chunks_above(100).build();
    let blob = BlobClient::connect(&context, &running.address().to_string()).unwrap();
    for _ in 0..20 {
        let stream = Attachment::from_reader(tokio::io::repeat(0).take(100_000), None);
        let error = blob.mirror(stream).await.unwrap_err();
        assert!(error.to_string().contains("TransferLimits::spool_bytes"), "{error}");
        let mut reader = blob.never().await.unwrap().reader().unwrap();
        assert!(
            tokio::time::timeout(Duration::from_millis(20), reader.chunk()).await.is_err(),
            "it never gives anything"
        );
    }
    let (size, back) = blob.mirror(vec![1; 2000].into()).await.unwrap();
    assert_eq!((size, back.bytes(9999).await.unwrap().len()), (Some(2000), 2000));
}

/// The timeout of a call is the longest time without progress, whatever the chunks wait for one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_progress_is_not_given_up() {
    let running = serve(TransferLimits { chunk: 1000, window: 20_000, ..TransferLimits::default() }).await;
    let context = Context::builder().chunks_above(100).build();
    let blob = BlobClient::connect(&context, &running.address().to_string()).unwrap();
    let blob = blob.with_timeout(Duration::from_millis(1500));
    // Each chunk of a window of twenty is taken 2 s after it was sent.
    assert_eq!(blob.slowly(100, vec![0; 40_000].into()).await.unwrap(), 40_000);
    // The second waits for the first, for longer than the timeout.
    let (first, second) = blob.in_turn(vec![0; 60_000].into(), vec![0; 5000].into()).await.unwrap();
    assert_eq!((first, second), (60_000, 5000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rests_is_dropped() {
    let running = serve(TransferLimits { idle: Duration::from_millis(50), open: 1, ..TransferLimits::default() }).await;
    let peer = Peer::new(&running);
    let id = peer.prepare(json!({ "blob": { "size": 1 } }));
    // The one place is free again without a RESET.
    let call = json!({ "interface": "com.foo.blob", "method": "mirror", "attachments": { "blob": { "size": 1 } } });
    let free = eventually("room for a transfer", || {
        let (answer, _) = peer.ask("PREPARE", &call, None);
        (answer["code"] == 0).then_some(answer)
    });
    assert_ne!(free["call_id"], json!(id));
    let text = peer.refused("EXEC", json!({ "call_id": id }), None);
    assert!(text.contains("rested for over 50ms (limit TransferLimits::idle"), "{text}");
}

/// Runs one test of this file in a process of its own, with a variable that lets it do its work.
fn alone(name: &str, variable: &str, value: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let out =
        command.args(["--exact", name, "--nocapture", "--test-threads", "1"]).env(variable, value).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}");
    text
}

fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_bounded_whatever_the_size() {
    const ALONE: &str = "TRANSFERS_MEMORY";
    const LENGTH: u64 = 256 * 1024 * 1024;
    const MOST_KIB: u64 = 64 * 1024;
    if std::env::var(ALONE).is_err() {
        alone("memory_stays_bounded_whatever_the_size", ALONE, "1");
        return;
    }
    let running = serve(TransferLimits::default()).await;
    let blob = BlobClient::connect(&Context::builder().build(), &running.address().to_string()).unwrap();
    let blob = blob.with_timeout(Duration::from_secs(60));
    assert_eq!(blob.count(vec![0; 100].into()).await.unwrap(), 100);
    let idle = status("VmRSS:");
    let stream = Attachment::from_reader(tokio::io::repeat(0).take(LENGTH), Some(LENGTH));
    assert_eq!(blob.count(stream).await.unwrap(), LENGTH);
    let mut reader = blob.zeros(LENGTH).await.unwrap().reader().unwrap();
    let mut came = 0;
    while let Some(piece) = reader.chunk().await.unwrap() {
        came += piece.len() as u64;
    }
    assert_eq!(came, LENGTH);
    // From a file, by way of the spool, into a file.
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::File::create(&from).unwrap().set_len(LENGTH).unwrap();
    let (size, back) = blob.mirror(Attachment::from_file(&from).await.unwrap()).await.unwrap();
    assert_eq!((size, back.save(&to).await.unwrap()), (Some(LENGTH), LENGTH));
    // Sender and receiver together.
    let above = status("VmHWM:").saturating_sub(idle);
    assert!(above < MOST_KIB, "{above} KiB above idle");
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name != "lock").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_error_and_leaves_nothing_behind() {
    const ALONE: &str = "TRANSFERS_DISK";
    if std::env::var(ALONE).is_err() {
        alone("a_full_disk_is_an_error_and_leaves_nothing_behind", ALONE, "1");
        return;
    }
    // No file of this process may grow over 1 MiB: writing more fails, as on a full disk.
    let limit = libc::rlimit { rlim_cur: 1 << 20, rlim_max: 1 << 20 };
    // SAFETY: plain calls about this process, with a value that lives.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
    }
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let limits = TransferLimits { spool: Some(spool.clone()), frame: 1000, ..TransferLimits::default() };
    let running = serve(limits).await;
    let context = Context::builder().chunks_above(1000).build();
    let blob = BlobClient::connect(&context, &running.address().to_string()).unwrap();
    let error = blob.mirror(vec![1; 5 << 20].into()).await.unwrap_err();
    assert!(error.to_string().contains("could not be written to the spool of the service"), "{error}");
    eventually_async("an empty spool", async || left_in(&spool).is_empty().then_some(())).await;

    let target = folder.path().join("copy");
    let big = blob.zeros(5 << 20).await.unwrap();
    assert!(big.save(&target).await.is_err());
    assert_eq!(left_in(folder.path()), ["spool"]);
    let (size, back) = blob.mirror(vec![1; 1_000_000].into()).await.unwrap();
    assert_eq!(size, Some(1_000_000), "what fits still goes through the spool");
    drop(back);
    eventually_async("an empty spool", async || left_in(&spool).is_empty().then_some(())).await;
}

/// The same on a filesystem of its own with 2 MiB; where none can be made, the test before this one has to do.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filesystem_that_is_full_is_an_error_and_leaves_nothing_behind() {
    const ALONE: &str = "TRANSFERS_FILESYSTEM";
    let Some(folder) = std::env::var_os(ALONE).map(std::path::PathBuf::from) else {
        let folder = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=2m small \"$0\" && exec \"$@\"";
        let inside = |program: &std::ffi::OsStr, arguments: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(folder.path());
            command.arg(program).args(arguments).env(ALONE, folder.path()).output()
        };
        if !inside("true".as_ref(), &[]).is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: no filesystem can be mounted here: it takes unshare, and user namespaces");
            return;
        }
        let name = "a_filesystem_that_is_full_is_an_error_and_leaves_nothing_behind";
        let this = std::env::current_exe().unwrap();
        let output = inside(this.as_os_str(), &["--exact", name, "--nocapture"]).unwrap();
        let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    };
    let spool = folder.join("spool");
    let limits = TransferLimits { spool: Some(spool.clone()), frame: 1000, ..TransferLimits::default() };
    let running = serve(limits).await;
    let context = Context::builder().chunks_above(1000).build();
    let blob = BlobClient::connect(&context, &running.address().to_string()).unwrap();
    let error = blob.mirror(vec![1; 5 << 20].into()).await.unwrap_err();
    assert!(error.to_string().contains("could not be written to the spool of the service"), "{error}");
    eventually_async("an empty spool", async || left_in(&spool).is_empty().then_some(())).await;
    assert!(blob.zeros(5 << 20).await.unwrap().save(folder.join("copy")).await.is_err());
    assert_eq!(left_in(&folder), ["spool"]);
    let (size, back) = blob.mirror(vec![1; 1_000_000].into()).await.unwrap();
    back.save(folder.join("copy")).await.unwrap();
    assert_eq!((size, left_in(&folder).len()), (Some(1_000_000), 2), "what fits still goes");
}

/// A service that lies about what it gives.
fn liar(answers: Vec<(Value, Option<Vec<u8>>)>) -> String {
    let socket = zmq::Context::new().socket(zmq::ROUTER).unwrap();
    socket.bind("tcp://127.0.0.1:*").unwrap();
    let address = socket.get_last_endpoint().unwrap().unwrap();
    std::thread::spawn(move || {
        let mut answers = answers.into_iter();
        loop {
            let frames = socket.recv_multipart(0).unwrap();
            let Some(end) = frames.iter().skip(1).position(|frame| frame.is_empty()) else { continue };
            let (mut reply, word) = (frames[..end + 2].to_vec(), &frames[end + 2]);
            let (json, data) = match word.as_slice() {
                b"CALL" | b"FGET" => answers.next().unwrap_or((json!({ "code": 0, "result": null }), None)),
                _ => (json!({ "code": 0, "result": null }), None),
            };
            reply.extend([b"OK".to_vec(), json.to_string().into_bytes()]);
            reply.extend(data);
            socket.send_multipart(reply, 0).unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_takes_nothing_that_is_not_what_was_announced() {
    let offer = |size: Value| {
        let how = json!({ "org.pycom.transfer": { "chunk": 4, "window": 4 } });
        let attachments = json!({ "blob": { "size": size } });
        (json!({ "code": 0, "result": null, "call_id": "x", "attachments": attachments, "extensions": how }), None)
    };
    let chunk = |data: &[u8]| (json!({ "code": 0, "result": {} }), Some(data.to_vec()));
    let last = |data: &[u8], checksum: &str| {
        (json!({ "code": 0, "result": {}, "extensions": { "org.pycom.checksum": checksum } }), Some(data.to_vec()))
    };
    let wrong = "xxh3-128:99aa06d3014798d86001c324468d497f";
    let lies = [
        (vec![offer(json!(6)), chunk(b"0123"), chunk(b"4567")], "was announced with 6 bytes, and 8 came"),
        (vec![offer(json!(6)), chunk(b"012")], "came with a chunk of 3 bytes, not 4"),
        (vec![offer(json!(6)), last(b"0123", wrong)], "was announced with 6 bytes, and 4 came"),
        (vec![offer(json!(6)), chunk(b"0123"), last(b"45", wrong)], "is not what was sent"),
        (vec![offer(Value::Null), chunk(b"0123"), chunk(b"")], "came with a chunk of 0 bytes, not 4"),
        (vec![offer(Value::Null), last(b"0123", "md5:1")], "came with a wrong checksum"),
    ];
    for (answers, expected) in lies {
        let blob = BlobClient::connect(&Context::builder().build(), &liar(answers)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let error = blob.zeros(6).await.unwrap().save(folder.path().join("copy")).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(error.outcome(), pycom::Outcome::Answered, "{error}");
        assert_eq!(left_in(folder.path()), Vec::<String>::new());
    }
}
