//! `blob-server` and `blob-client` as processes: killed, started again, and nothing is lost.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SIZE: u64 = 100 * 1024 * 1024;

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Shell {
    folder: tempfile::TempDir,
    address: String,
}

impl Shell {
    fn new() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder: tempfile::tempdir().unwrap(), address: format!("tcp://127.0.0.1:{port}") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blob-server"));
        command.args(["-a", &self.address, "--dir"]).arg(self.path("kept"));
        Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn client(&self, words: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blob-client"));
        command.current_dir(self.folder.path()).args(["--address", &self.address]).args(words);
        Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// What a client that ends well has written, to both.
    fn done(&self, mut client: Running) -> (String, String) {
        let (mut out, mut error) = (String::new(), String::new());
        client.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        client.0.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert!(client.0.wait().unwrap().success(), "{out}{error}");
        (out, error)
    }

    fn write(&self, name: &str) -> Vec<u8> {
        let mut state = 7_u64;
        let mut data = Vec::with_capacity(SIZE as usize);
        while (data.len() as u64) < SIZE {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            data.extend_from_slice(&state.to_be_bytes());
        }
        std::fs::write(self.path(name), &data).unwrap();
        data
    }
}

/// Waits until the file in `folder` that ends in `suffix` has at least so many bytes; gives how many.
fn grown(folder: &Path, suffix: &str, least: u64) -> u64 {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let sizes = entries
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(suffix))
            .filter_map(|entry| entry.metadata().ok().map(|metadata| metadata.len()));
        if let Some(size) = sizes.max().filter(|size| *size >= least) {
            return size;
        }
        assert!(Instant::now() < end, "no {suffix} of {least} bytes in {}", folder.display());
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Where a client that was started again says that it goes on, first of all.
fn went_on_at(told: &str) -> u64 {
    let bytes = told.split("going on at ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    bytes.unwrap_or_else(|| panic!("it began anew: {told}"))
}

fn places() -> impl Iterator<Item = u64> {
    [1, 20, 40, 60, 80].into_iter().map(|percent| SIZE / 100 * percent)
}

#[test]
fn files_are_put_listed_and_got_and_no_name_leads_elsewhere() {
    let shell = Shell::new();
    let _server = shell.server();
    let data = shell.write("large");
    shell.done(shell.client(&["put", "large"]));
    let (listed, _) = shell.done(shell.client(&["ls"]));
    assert_eq!(listed.split_whitespace().collect::<Vec<_>>(), [&SIZE.to_string(), "large"]);
    shell.done(shell.client(&["get", "large", "back"]));
    assert!(std::fs::read(shell.path("back")).unwrap() == data);
    std::fs::write(shell.path("empty"), "").unwrap();
    shell.done(shell.client(&["put", "empty"]));
    shell.done(shell.client(&["get", "empty", "nothing"]));
    assert_eq!(std::fs::read(shell.path("nothing")).unwrap(), b"");
    assert!(!shell.client(&["put", "large", "../large"]).0.wait().unwrap().success());
}

#[test]
fn a_put_goes_on_after_the_server_or_the_client_was_killed() {
    let shell = Shell::new();
    let mut server = shell.server();
    let data = shell.write("large");
    let spool = shell.path("kept/.spool");
    let mut client = shell.client(&["put", "large"]);
    for (round, place) in places().enumerate() {
        grown(&spool, ".part", place);
        assert!(!shell.path("kept/large").exists(), "not under its name before it is whole");
        if round % 2 == 0 {
            drop(server);
            server = shell.server();
        } else {
            drop(client);
            client = shell.client(&["put", "large"]);
        }
    }
    let (_, told) = shell.done(client);
    // The client was started last at the fourth place.
    let most = places().nth(3).unwrap();
    assert!(went_on_at(&told) >= most, "{told}");
    assert!(std::fs::read(shell.path("kept/large")).unwrap() == data);
    let left: Vec<_> = std::fs::read_dir(spool).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
    drop(server);
}

#[test]
fn a_get_goes_on_after_the_server_or_the_client_was_killed() {
    let shell = Shell::new();
    let data = shell.write("large");
    std::fs::create_dir(shell.path("kept")).unwrap();
    std::fs::rename(shell.path("large"), shell.path("kept/large")).unwrap();
    let mut server = shell.server();
    let mut client = shell.client(&["get", "large"]);
    for (round, place) in places().enumerate() {
        grown(shell.folder.path(), ".large.part", place);
        assert!(!shell.path("large").exists(), "not under its name before it is whole");
        if round % 2 == 0 {
            drop(server);
            server = shell.server();
        } else {
            drop(client);
            client = shell.client(&["get", "large"]);
        }
    }
    let (_, told) = shell.done(client);
    // The client was started last at the fourth place.
    let most = places().nth(3).unwrap();
    assert!(went_on_at(&told) >= most, "{told}");
    assert!(std::fs::read(shell.path("large")).unwrap() == data);
    assert!(!shell.path(".large.part").exists());
    drop(server);
}
