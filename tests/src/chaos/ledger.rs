//! The service of the chaos run: it writes down each call before it answers, where a kill cannot undo it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use pycom::{Launcher, Limits, Result, interface};
use pycom_nameserver::Nameserver;

use super::left::Left;

/// Name of the interface that all services of the fleet offer.
pub const INTERFACE: &str = "com.foo.ledger";

/// How often a service of the fleet tells its nameservers that it is there: one that was started empty knows the whole
/// fleet after this.
const RENEWAL: Duration = Duration::from_secs(1);

/// A service that writes down what it is called with.
#[derive(Debug)]
pub struct Ledger {
    file: File,
}

impl Ledger {
    /// One that goes on with the file at `path`.
    ///
    /// # Errors
    ///
    /// Where that cannot be written to.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file })
    }

    /// One line in one system call: what has been written stays when the process is killed.
    fn write(&self, id: u64) -> Result<()> {
        (&self.file).write_all(format!("{id}\n").as_bytes())?;
        Ok(())
    }
}

/// Writes calls down.
#[interface("com.foo.ledger")]
impl Ledger {
    /// Writes `id` down, then works for so many microseconds. Never to be run twice.
    #[method]
    pub async fn enter(&self, id: u64, work: u64) -> Result<u64> {
        self.write(id)?;
        tokio::time::sleep(Duration::from_micros(work)).await;
        Ok(id)
    }

    /// As `enter`, on a thread of its own; may be run twice.
    #[method(idempotent)]
    pub fn note(&self, id: u64, work: u64) -> Result<u64> {
        self.write(id)?;
        std::thread::sleep(Duration::from_micros(work));
        Ok(id)
    }

    /// What the process holds.
    #[method]
    pub async fn left(&self) -> Left {
        Left::now()
    }
}

/// Runs the service as a program: the flags of a launcher, and `--ledger FILE`.
///
/// # Errors
///
/// Where the file cannot be written to.
pub async fn launch(words: Vec<String>) -> Result<()> {
    let mut launcher =
        Launcher::new().command_line("chaos service", words).flag("ledger", "FILE", "Where calls are written down");
    let path = launcher.value("ledger").unwrap_or_else(|| "ledger.txt".into());
    let ledger = Ledger::open(path.as_ref())?;
    launcher.server(|server| server.renewal(RENEWAL)).launch(ledger).await
}

/// Runs a nameserver as a program.
///
/// # Errors
///
/// None that it returns.
pub async fn launch_nameserver(words: Vec<String>) -> Result<()> {
    Launcher::new()
        .command_line("chaos nameserver", words)
        .default_service(pycom_nameserver::SERVICE)
        .server(|server| server.limits(Limits { message_size: 1024 * 1024, ..Limits::default() }))
        .launch(Nameserver::new())
        .await
}

/// How often each call ran, by all ledgers of a directory.
///
/// # Errors
///
/// Where one cannot be read, or holds a line that is no number.
pub fn read(directory: &Path) -> std::io::Result<HashMap<u64, u32>> {
    let mut runs = HashMap::new();
    for entry in std::fs::read_dir(directory)? {
        let text = std::fs::read_to_string(entry?.path())?;
        for line in text.lines() {
            let id = line.parse::<u64>().map_err(std::io::Error::other)?;
            *runs.entry(id).or_insert(0) += 1;
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_from_all_ledgers_and_after_a_restart() {
        let directory = std::env::temp_dir().join(format!("ledgers-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        for (name, ids) in [("a", [1, 2]), ("b", [2, 3]), ("a", [4, 4])] {
            let ledger = Ledger::open(&directory.join(name)).unwrap();
            ids.into_iter().for_each(|id| ledger.write(id).unwrap());
        }
        let runs = read(&directory).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(runs, HashMap::from([(1, 1), (2, 2), (3, 1), (4, 2)]));
    }
}
