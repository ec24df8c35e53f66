//! Puts files into a `blob-server`, and gets them back.
//!
//! ```text
//! cargo run -p examples --bin blob-client -- -n tcp://127.0.0.1:2012 put FILE [NAME]
//! cargo run -p examples --bin blob-client -- -n tcp://127.0.0.1:2012 get NAME [FILE]
//! cargo run -p examples --bin blob-client -- -n tcp://127.0.0.1:2012 ls
//! ```
//!
//! Where the connection or the server is lost it goes on as soon as it is back; where it is killed
//! itself, it goes on when it is started again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use clap::{Arg, Command};
use examples::BlobsClient;
use indicatif::{ProgressBar, ProgressStyle};
use pycom::{Attachment, Client, Context, Error, Progress, Result};

/// How long the server may be away.
const PATIENCE: Duration = Duration::from_secs(60);

fn command() -> Command {
    let name = || Arg::new("name").value_name("NAME");
    let file = || Arg::new("file").value_name("FILE");
    Command::new("blob-client")
        .about("Puts files into a blob-server, and gets them back")
        .subcommand_required(true)
        .arg(Arg::new("nameserver").short('n').long("nameserver").value_name("ADDRESS").env("PYCOM_NAMESERVER"))
        .arg(
            Arg::new("address")
                .long("address")
                .value_name("ADDRESS")
                .help("The server's own, instead of a nameserver's"),
        )
        .subcommand(Command::new("put").about("Sends a file").arg(file().required(true)).arg(name()))
        .subcommand(Command::new("get").about("Fetches a file").arg(name().required(true)).arg(file()))
        .subcommand(Command::new("ls").about("Lists the files"))
}

#[tokio::main]
async fn main() -> Result<()> {
    let matches = command().get_matches();
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let server = Server { nameserver: text("nameserver"), address: text("address") };
    match matches.subcommand() {
        Some(("put", given)) => {
            let file = PathBuf::from(given.get_one::<String>("file").cloned().unwrap_or_default());
            let name = given.get_one::<String>("name").cloned();
            let name = name.or_else(|| Some(file.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
            put(&server, &file, &name).await
        }
        Some(("get", given)) => {
            let name = given.get_one::<String>("name").cloned().unwrap_or_default();
            let file = given.get_one::<String>("file").map_or_else(|| PathBuf::from(&name), PathBuf::from);
            get(&server, &name, &file).await
        }
        _ => {
            for blob in server.find().await?.ls().await? {
                println!("{:>14}  {}", blob.size, blob.name);
            }
            Ok(())
        }
    }
}

struct Server {
    nameserver: Option<String>,
    address: Option<String>,
}

impl Server {
    async fn find(&self) -> Result<BlobsClient> {
        match (&self.address, &self.nameserver) {
            (Some(address), _) => BlobsClient::connect(&Context::builder().build(), address),
            (None, Some(nameserver)) => BlobsClient::locate(&Context::new(nameserver)?).await,
            (None, None) => pycom::locate("com.foo.blobs").await.map(BlobsClient::from_component),
        }
    }
}

async fn put(server: &Server, file: &Path, name: &str) -> Result<()> {
    let bar = Bar::new();
    let changed = std::fs::metadata(file)?.modified()?.duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let size = patiently(&bar, || async {
        let told = bar.clone();
        let blob = Attachment::from_file(file).await?;
        let token = format!("{name} {} {changed}", blob.size().unwrap_or_default());
        let first = Once::new();
        let blob = blob.resumable(&*token).on_progress(move |progress| {
            first.call_once(|| told.goes_on_at(progress.done));
            told.show(progress);
        });
        server.find().await?.put(name.to_owned(), blob).await
    })
    .await?;
    bar.0.bar.finish_and_clear();
    println!("{name}: {size} bytes");
    Ok(())
}

async fn get(server: &Server, name: &str, file: &Path) -> Result<()> {
    let bar = Bar::new();
    let size = patiently(&bar, || async {
        let told = bar.clone();
        let blob = server.find().await?.get(name.to_owned()).await?;
        bar.goes_on_at(part_of(file));
        blob.on_progress(move |progress| told.show(progress)).save_resuming(file).await
    })
    .await?;
    bar.0.bar.finish_and_clear();
    println!("{}: {size} bytes", file.display());
    Ok(())
}

/// Bytes that an earlier attempt has left.
fn part_of(file: &Path) -> u64 {
    let name = file.file_name().map(|name| format!(".{}.part", name.to_string_lossy())).unwrap_or_default();
    std::fs::metadata(file.with_file_name(name)).map_or(0, |metadata| metadata.len())
}

/// Tries until it succeeds, or the server has been away for too long.
async fn patiently<T>(bar: &Bar, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
    let mut since = Instant::now();
    let mut done = 0;
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let now = bar.0.done.load(Ordering::Relaxed);
        if now > done {
            (since, done) = (Instant::now(), now);
        }
        let passes = matches!(
            error,
            Error::ServiceNotAvailable(_) | Error::ServiceNotFound(_) | Error::Timeout { .. } | Error::Overloaded(_)
        );
        if !passes || since.elapsed() > PATIENCE {
            return Err(error);
        }
        bar.0.bar.suspend(|| eprintln!("{error}; trying again"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A bar, where stderr is a terminal; what went before is told in any case.
#[derive(Clone)]
struct Bar(Arc<Shown>);

struct Shown {
    bar: ProgressBar,
    done: AtomicU64,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::no_length();
        let template = "{bar:40} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(Arc::new(Shown { bar, done: AtomicU64::new(0) }))
    }

    /// Tells how much is there already.
    fn goes_on_at(&self, bytes: u64) {
        if bytes > 0 {
            self.0.bar.suspend(|| eprintln!("going on at {bytes} bytes"));
        }
    }

    fn show(&self, progress: Progress) {
        let Shown { bar, done } = &*self.0;
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        done.fetch_max(progress.done, Ordering::Relaxed);
        bar.set_position(progress.done);
    }
}
