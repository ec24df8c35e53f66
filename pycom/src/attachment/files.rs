//! Files that attachments are read from, and files that appear only when they are whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::{AttachmentReader, Hasher};
use crate::error::Error;

/// Bytes that are collected before they are written in one go.
const BATCH: usize = 2 * 1024 * 1024;

/// A file that is removed when it is dropped, unless it was moved elsewhere.
#[derive(Debug)]
pub(crate) struct Discarded(Option<PathBuf>);

impl Discarded {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Some(path))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// It is to stay.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Discarded {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = std::fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a temporary file could not be removed");
        }
    }
}

/// A whole and verified attachment in the spool; its room is given back with it.
pub(crate) struct Spooled {
    pub(crate) file: File,
    pub(crate) size: u64,
    pub(crate) place: Discarded,
    /// What the space that it takes is counted by.
    pub(crate) room: Box<dyn Send + Sync>,
}

/// An open file, and whose it is.
pub(super) struct FileContent {
    file: File,
    pub(super) size: u64,
    /// Of one in the spool: it goes with the last who needs it.
    place: Mutex<Option<(Discarded, Box<dyn Send + Sync>)>>,
}

impl FileContent {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(named)?;
        let metadata = file.metadata().map_err(named)?;
        if !metadata.is_file() {
            let text = format!("{} is no file; read it with Attachment::from_reader", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(Self { file, size: metadata.len(), place: Mutex::new(None) })
    }

    pub(super) fn spooled(Spooled { file, size, place, room }: Spooled) -> Self {
        Self { file, size, place: Mutex::new(Some((place, room))) }
    }

    /// `length` bytes from `at` on: a file that has become shorter is an error.
    pub(super) fn read_at(&self, at: u64, length: usize) -> io::Result<Bytes> {
        read_at(&self.file, at, length)
    }
}

pub(super) fn read_at(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut buffer = vec![0; length];
    file.read_exact_at(&mut buffer, at).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the file became shorter while it was sent"),
        _ => error,
    })?;
    Ok(buffer.into())
}

/// Moves a file out of the spool, where that needs no copy; `None` where it does.
pub(super) async fn rename_spooled(content: &Arc<FileContent>, to: &Path) -> Result<Option<u64>, Error> {
    let taken = content.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((place, room)) = taken else { return Ok(None) };
    let (content, to) = (content.clone(), to.to_owned());
    let moved = tokio::task::spawn_blocking(move || {
        let moved = content.file.sync_all().and_then(|()| std::fs::rename(place.path(), &to));
        match moved {
            Ok(()) => {
                place.keep();
                drop(room);
                sync_folder(&to)?;
                Ok(Some(content.size))
            }
            // Another file system: copy it.
            Err(_) => {
                *content.place.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, room));
                Ok::<_, io::Error>(None)
            }
        }
    });
    Ok(moved.await??)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The name of the file that is written until it is whole.
fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", path.display())));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(suffix);
    Ok(path.with_file_name(hidden))
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display())).into()
}

pub(super) async fn save(mut reader: AttachmentReader, path: &Path) -> Result<u64, Error> {
    let temporary = beside(path, &format!(".{:016x}.tmp", crate::random::bits64())).map_err(at(path))?;
    let file = OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(at(&temporary))?;
    let place = Discarded::new(temporary);
    let (file, written) = write_all(&mut reader, file).await.map_err(|error| error.at(path))?;
    finish(file, place, path).await?;
    Ok(written)
}

pub(super) async fn save_resuming(mut reader: AttachmentReader, size: Option<u64>, path: &Path) -> Result<u64, Error> {
    let part = beside(path, ".part").map_err(at(path))?;
    let opened = {
        let part = part.clone();
        tokio::task::spawn_blocking(move || open_part(&part, size)).await?
    };
    let (file, length, hasher) = opened.map_err(at(&part))?;
    let resumed = length > 0 && reader.start_at(length, hasher);
    let start = if resumed { length } else { 0 };
    if !resumed {
        file.set_len(0).map_err(at(&part))?;
    }
    let mut file = file;
    io::Seek::seek(&mut file, io::SeekFrom::Start(start)).map_err(at(&part))?;
    match write_all(&mut reader, file).await {
        Ok((file, written)) => {
            finish(file, Discarded::new(part), path).await?;
            Ok(start + written)
        }
        Err(error) => {
            if reader.is_spoiled() {
                drop(Discarded::new(part));
            }
            Err(error.at(path))
        }
    }
}

/// What an earlier attempt has left, and its checksum so far.
fn open_part(part: &Path, size: Option<u64>) -> io::Result<(File, u64, Hasher)> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(part)?;
    let mut length = file.metadata()?.len();
    let mut hasher = Hasher::default();
    if size.is_some_and(|size| length > size) {
        length = 0;
    }
    let mut at = 0;
    while at < length {
        let piece = read_at(&file, at, BATCH.min(usize::try_from(length - at).unwrap_or(BATCH)))?;
        hasher.update(&piece);
        at += piece.len() as u64;
    }
    Ok((file, length, hasher))
}

/// Why writing ended.
enum Unwritten {
    Reading(Error),
    Writing(io::Error),
}

impl Unwritten {
    fn at(self, path: &Path) -> Error {
        match self {
            Unwritten::Reading(error) => error,
            Unwritten::Writing(error) => at(path)(error),
        }
    }
}

/// Writes what `reader` gives while the next pieces are on their way.
async fn write_all(reader: &mut AttachmentReader, mut file: File) -> Result<(File, u64), Unwritten> {
    let mut written = 0;
    let mut ended = false;
    let mut writing: Option<tokio::task::JoinHandle<io::Result<File>>> = None;
    let mut spare = Some(file);
    while !ended {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH {
            match reader.chunk().await {
                Ok(Some(piece)) => {
                    bytes += piece.len();
                    batch.push(piece);
                }
                Ok(None) => {
                    ended = true;
                    break;
                }
                Err(error) => {
                    // What came before is written: an attempt that resumes goes on after it.
                    if let Some(writing) = writing {
                        spare = writing.await.ok().and_then(Result::ok);
                    }
                    if let Some(file) = spare {
                        let _ = write_batch(file, batch).await;
                    }
                    return Err(Unwritten::Reading(error));
                }
            }
        }
        file = match writing.take() {
            Some(writing) => joined(writing.await)?,
            None => match spare.take() {
                Some(file) => file,
                None => return Err(Unwritten::Writing(io::Error::other("the file is gone"))),
            },
        };
        written += bytes as u64;
        writing = Some(write_batch(file, batch));
    }
    match (writing, spare) {
        (Some(writing), _) => Ok((joined(writing.await)?, written)),
        (None, Some(file)) => Ok((file, written)),
        (None, None) => Err(Unwritten::Writing(io::Error::other("the file is gone"))),
    }
}

fn write_batch(mut file: File, batch: Vec<Bytes>) -> tokio::task::JoinHandle<io::Result<File>> {
    tokio::task::spawn_blocking(move || {
        for piece in batch {
            file.write_all(&piece)?;
        }
        Ok(file)
    })
}

fn joined(outcome: Result<io::Result<File>, tokio::task::JoinError>) -> Result<File, Unwritten> {
    outcome.map_err(io::Error::other).and_then(|written| written).map_err(Unwritten::Writing)
}

/// Gives a file that is whole its name.
async fn finish(file: File, place: Discarded, path: &Path) -> Result<(), Error> {
    let to = path.to_owned();
    let finished = tokio::task::spawn_blocking(move || {
        file.sync_all()?;
        std::fs::rename(place.path(), &to)?;
        place.keep();
        sync_folder(&to)
    });
    finished.await?.map_err(at(path))
}
