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
        let call = json!({ "interface": "com.foo.blob", "method": "mirror", "attachments": attachments });
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
    assert!(peer.refused("EXEC", json!({ "call_id": id }), None).contains("rested for too long"));
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
    let running = serve(TransferLimits { spool: Some(spool.clone()), ..TransferLimits::default() }).await;
    let blob = BlobClient::connect(&Context::builder().build(), &running.address().to_string()).unwrap();
    let error = blob.mirror(vec![1; 5 << 20].into()).await.unwrap_err();
    assert!(error.to_string().contains("could not be written to the spool of the service"), "{error}");
    eventually_async("an empty spool", async || left_in(&spool).is_empty().then_some(())).await;

    let target = folder.path().join("copy");
    let big = blob.zeros(5 << 20).await.unwrap();
    assert!(big.save(&target).await.is_err());
    assert_eq!(left_in(folder.path()), ["spool"]);
    let (size, _) = blob.mirror(vec![1; 1_000_000].into()).await.unwrap();
    assert_eq!(size, Some(1_000_000), "what fits still goes");
}
