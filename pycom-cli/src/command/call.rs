//! `pycom call`: one call, the same call again, or many from standard input.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pycom::{Answer, Attachment, Component, Description, Error, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::print;
use crate::arguments::Words;
use crate::cli::{Call, Global};
use crate::failure::{Exit, Failure, Result};
use crate::network::Network;
use crate::pretty::{compact, pretty};
use crate::target::{self, Target};

pub async fn run(global: &Global, call: Call) -> Result<ExitCode> {
    let target = Target::parse(&call.target)?;
    // What is wrong with the words is said before anyone is asked.
    let words = Words::read(&call.args)?;
    let attachment = match call.attach.as_deref() {
        Some(path) => Some(attachment(path).await?),
        None => None,
    };
    let network = Network::new(global)?;
    let component = target.component(&network).await?;
    let callee = Callee::new(component, call.session.as_deref()).await?;
    let code = match (&call.method, call.batch) {
        (method, true) => batch(&callee, method.as_deref()).await?,
        (Some(method), false) => {
            let args = callee.resolve(words, method, attachment.is_some())?;
            repeat(&callee, method, &args, attachment.as_ref(), &call, global.json).await?;
            ExitCode::SUCCESS
        }
        (None, false) => return Err(Failure::usage("which METHOD?; see pycom describe")),
    };
    if let (Some(_), Some(id)) = (&call.session, callee.component.session_id()) {
        eprintln!("session: {id} (go on with --session={id})");
    }
    Ok(code)
}

/// What is called, and what it says of itself.
pub struct Callee {
    pub component: Component,
    description: Option<Description>,
}

impl Callee {
    /// Asks for the description first: it gives the arguments their types, and mistakes their
    /// remedies. A service that does not give one is called all the same.
    pub async fn new(component: Component, session: Option<&str>) -> Result<Self> {
        let description = match component.fresh_session().introspect().await {
            Ok(description) => Some(description),
            // Nothing was asked for yet but the description: the error is not to name that.
            Err(error @ (Error::ServiceNotAvailable(_) | Error::Timeout { .. })) => {
                let (interface, address) = (component.interface(), component.address());
                let reason = crate::failure::reason(&error);
                let message = format!("{interface} at {address}: {reason}; the call was not made");
                return Err(Failure::new(Exit::of(&error), message));
            }
            Err(error @ Error::InvalidName(_)) => return Err(error.into()),
            Err(error @ Error::BadRequest(_))
                if error.text().is_some_and(|text| text.starts_with("Unsupported interface")) =>
            {
                let (interface, address) = (component.interface(), component.address());
                return Err(Failure::not_found(format!("the service at {address} does not offer '{interface}'")));
            }
            Err(_) => None,
        };
        let component = match session {
            Some("") | None => component,
            Some(id) => component.with_session(id),
        };
        Ok(Self { component, description })
    }

    /// The arguments of a call, typed.
    pub fn resolve(&self, words: Words, method: &str, attached: bool) -> Result<Json> {
        if let Some(description) = &self.description
            && !description.methods.contains_key(method)
        {
            return Err(target::no_method(description, method));
        }
        words.resolve(self.description.as_ref(), method, attached)
    }

    async fn call(&self, method: &str, args: &Json, attachment: Option<&Attachment>) -> Result<Answer, Error> {
        let mut call = self.component.call(method).args(args);
        if let Some(data) = attachment {
            call = call.attachment(data.clone());
        }
        call.await
    }
}

async fn repeat(
    callee: &Callee,
    method: &str,
    args: &Json,
    attachment: Option<&Attachment>,
    call: &Call,
    on_one_line: bool,
) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..call.repeat {
        let started = Instant::now();
        let answer = callee.call(method, args, attachment).await?;
        times.push(started.elapsed());
        let text = if on_one_line { compact(answer.json()) } else { pretty(answer.json()) };
        let to_stdout = call.save.as_deref() == Some(Path::new("-"));
        if to_stdout {
            eprintln!("{text}");
        } else {
            print([text])?;
        }
        match (answer.attachment(), &call.save) {
            (Some(attachment), Some(path)) => save(attachment, path).await?,
            (Some(attachment), None) => {
                let size = attachment.size().map_or_else(String::new, |size| format!(" of {size} bytes"));
                eprintln!("an attachment{size} came with it; keep it with --save FILE");
            }
            (None, Some(_)) => {
                return Err(Failure::new(Exit::BadReply, format!("no attachment came with the answer of '{method}'")));
            }
            (None, None) => {}
        }
    }
    if call.repeat > 1 {
        times.sort_unstable();
        let at = |share: f64| milliseconds(times[((times.len() - 1) as f64 * share) as usize]);
        eprintln!("{} calls: fastest {}, median {}, slowest {}", call.repeat, at(0.0), at(0.5), at(1.0));
    }
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// A file is read as it is sent; what can be read only once is read now, as calls may be repeated.
async fn attachment(path: &Path) -> Result<Attachment> {
    let mut data = Vec::new();
    let read = match path == Path::new("-") {
        true => std::io::Read::read_to_end(&mut std::io::stdin(), &mut data).map(drop),
        false => match std::fs::File::open(path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => return Ok(Attachment::from_file(path).await?),
            Ok(_) => std::fs::read(path).map(|content| data = content),
            Err(error) => Err(error),
        },
    };
    read.map_err(|error| Failure::file("read", path, &error))?;
    Ok(data.into())
}

/// Into a file that appears when it is whole; into what is no file as it comes.
async fn save(attachment: &Attachment, path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Failure::file("write", path, &error);
    let mut out: Box<dyn Write> = match path == Path::new("-") {
        true => Box::new(std::io::stdout()),
        false if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) => {
            Box::new(std::fs::OpenOptions::new().write(true).open(path).map_err(failed)?)
        }
        false => {
            attachment.save(path).await?;
            return Ok(());
        }
    };
    let mut reader = attachment.reader()?;
    while let Some(piece) = reader.chunk().await? {
        out.write_all(&piece).map_err(failed)?;
    }
    out.flush().map_err(failed)
}

/// One call of a batch, where the command line names no method.
#[derive(Deserialize)]
struct Line {
    method: String,
    #[serde(default)]
    args: Option<Box<serde_json::value::RawValue>>,
}

/// Makes a call for each line of standard input, one after the other; the exit code is that of the
/// first one that fails.
async fn batch(callee: &Callee, method: Option<&str>) -> Result<ExitCode> {
    let mut lines = lines();
    let mut first_failure = None;
    while let Some((number, line)) = lines.recv().await {
        let line = line.map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        let (text, failed) = match one_of_batch(callee, method, &line).await {
            Ok(result) => (format!("{{\"result\":{}}}", compact(&result)), None),
            Err(BatchError::Remote(error)) => {
                let text = error.text().map_or_else(|| error.to_string(), str::to_owned);
                (json!({ "error": { "code": error.code(), "text": text } }).to_string(), Some(Exit::of(&error)))
            }
            Err(BatchError::Local(failure)) => {
                eprintln!("line {number}: {failure}");
                let error: Value = json!({ "code": null, "text": failure.to_string() });
                (json!({ "error": error }).to_string(), Some(failure.exit))
            }
        };
        first_failure = first_failure.or(failed);
        print([text])?;
    }
    Ok(first_failure.map_or(ExitCode::SUCCESS, Into::into))
}

enum BatchError {
    Local(Failure),
    Remote(Error),
}

async fn one_of_batch(callee: &Callee, method: Option<&str>, line: &str) -> Result<Json, BatchError> {
    let local = |failure| BatchError::Local(failure);
    let wrong = |error: serde_json::Error| {
        let wanted = match method {
            Some(_) => "the arguments as JSON",
            None => r#"{"method": …, "args": …}"#,
        };
        // A line of a batch is the first line of itself.
        let reason = error.to_string().replace(" at line 1 column", " at column");
        BatchError::Local(Failure::usage(format!("this is no call: {reason}; write {wanted}")))
    };
    let (method, args) = match method {
        Some(method) => (method.to_owned(), Json::from_text(line.trim()).map_err(wrong)?),
        None => {
            let line: Line = serde_json::from_str(line).map_err(wrong)?;
            let args = line.args.map_or(Ok(Json::NULL), |raw| Json::from_text(raw.get()));
            (line.method, args.map_err(wrong)?)
        }
    };
    let words = if args == Json::NULL { Words::Nothing } else { Words::Text(args) };
    let args = callee.resolve(words, &method, false).map_err(local)?;
    callee.call(&method, &args, None).await.map(|answer| answer.json().clone()).map_err(BatchError::Remote)
}

/// The lines of standard input with their numbers, read beside the calls.
fn lines() -> mpsc::Receiver<(usize, std::io::Result<String>)> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        for (index, line) in std::io::stdin().lock().lines().enumerate() {
            let last = line.is_err();
            if sender.blocking_send((index + 1, line)).is_err() || last {
                return;
            }
        }
    });
    receiver
}
