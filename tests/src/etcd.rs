//! Real etcd: several nodes as children, in folders that go with the test.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::patience::eventually;
use crate::ports;
use crate::process::Process;

/// A cluster of etcd. Its nodes keep their ports and, unless wiped, their data, when they are killed and started again.
#[derive(Debug)]
pub struct Cluster {
    program: PathBuf,
    nodes: Vec<Node>,
    folder: TempDir,
}

#[derive(Debug)]
struct Node {
    client: u16,
    peer: u16,
    process: Option<Process>,
}

/// Where etcd is: what `PYCOM_TEST_ETCD` names, or `etcd` on the path.
///
/// Without one the test that asks is skipped, loudly, and this is `None`.
///
/// # Panics
///
/// Without one where there must be one: with `PYCOM_REQUIRE_ETCD=1`.
pub fn find() -> Option<PathBuf> {
    let said = std::env::var_os("PYCOM_TEST_ETCD").filter(|said| !said.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        said.or_else(|| std::env::split_paths(&path).map(|folder| folder.join("etcd")).find(|file| file.is_file()));
    if found.is_none() {
        let test = std::thread::current();
        let test = test.name().unwrap_or("a test");
        let text = format!(
            "{test}: needs etcd; install it (Debian: apt-get install etcd-server), or name its program with PYCOM_TEST_ETCD"
        );
        assert!(!std::env::var("PYCOM_REQUIRE_ETCD").is_ok_and(|set| set == "1"), "{text}");
        // Not by eprintln: the harness would keep that to itself.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {text}");
    }
    found
}

impl Cluster {
    /// Starts so many nodes, where there is an etcd.
    ///
    /// # Panics
    ///
    /// Where they do not start.
    pub fn start(count: usize) -> Option<Self> {
        let program = find()?;
        let folder = tempfile::tempdir().expect("a folder for the data");
        let node = |_| Node { client: ports::free(), peer: ports::free(), process: None };
        let mut cluster = Self { program, nodes: (0..count).map(node).collect(), folder };
        cluster.start_all();
        Some(cluster)
    }

    /// The nodes, as `--store` takes them.
    pub fn address(&self) -> String {
        format!("etcd://{}", self.endpoints().join(","))
    }

    /// The nodes, each `host:port`.
    pub fn endpoints(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.client)).collect()
    }

    /// Which node is at this address.
    ///
    /// # Panics
    ///
    /// Where none is.
    pub fn node_at(&self, endpoint: &str) -> usize {
        let found = self.nodes.iter().position(|node| endpoint.ends_with(&format!(":{}", node.client)));
        found.unwrap_or_else(|| panic!("no node at {endpoint}"))
    }

    /// Starts all that do not run, and waits until each answers.
    ///
    /// # Panics
    ///
    /// Where one does not.
    pub fn start_all(&mut self) {
        for number in 0..self.nodes.len() {
            if self.nodes[number].process.is_none() {
                self.nodes[number].process = Some(self.spawn(number));
            }
        }
        for node in &self.nodes {
            let port = node.client;
            eventually("an etcd that has a leader", || is_healthy(port).then_some(()));
        }
    }

    /// Kills a node with SIGKILL.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].process = None;
    }

    /// Kills all of them.
    pub fn kill_all(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.process = None);
    }

    /// Kills all of them and takes their data: the next start is that of an empty cluster.
    ///
    /// # Panics
    ///
    /// Where the data cannot be removed.
    pub fn wipe(&mut self) {
        self.kill_all();
        self.folder = tempfile::tempdir().expect("a folder for the data");
    }

    /// Makes a node stand still.
    pub fn freeze(&self, node: usize) {
        self.nodes[node].process.iter().for_each(Process::freeze);
    }

    /// Lets it go on.
    pub fn thaw(&self, node: usize) {
        self.nodes[node].process.iter().for_each(Process::thaw);
    }

    fn spawn(&self, number: usize) -> Process {
        let url = |port| format!("http://127.0.0.1:{port}");
        let node = &self.nodes[number];
        let all: Vec<String> =
            self.nodes.iter().enumerate().map(|(number, node)| format!("n{number}={}", url(node.peer))).collect();
        let mut command = Command::new(&self.program);
        command.args(["--name", &format!("n{number}"), "--log-level", "error"]);
        command.arg("--data-dir").arg(self.folder.path().join(number.to_string()));
        command.args(["--listen-client-urls", &url(node.client), "--advertise-client-urls", &url(node.client)]);
        command.args(["--listen-peer-urls", &url(node.peer), "--initial-advertise-peer-urls", &url(node.peer)]);
        command.args(["--initial-cluster", &all.join(","), "--initial-cluster-state", "new"]);
        Process::start(command)
    }
}

/// Whether a node can write: not before it has met the others, and written down that it did. One that is killed earlier
/// never starts again.
fn is_healthy(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
        stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| answer.contains(r#""health":"true""#))
}
