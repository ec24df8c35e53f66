//! Binary data beside the JSON of a call or a reply: held in memory, in a file, or still on its way.
//!
//! | file | owns |
//! | --- | --- |
//! | `chunks` | where the bytes come from, piece by piece |
//! | `reader` | the pieces as `AsyncRead`, counted |
//! | `files` | spooled files, and files that appear only when they are whole |
//! | `checksum` | the checksum over the whole |
//! | `named` | the attachments of one call or reply, by name |

mod checksum;
mod chunks;
mod files;
mod named;
mod reader;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncRead;

pub(crate) use self::checksum::{Checksum, Hasher};
pub(crate) use self::chunks::Chunks;
use self::chunks::{OfBytes, OfFile, OfReader, ReadAhead};
use self::files::FileContent;
pub(crate) use self::files::{Discarded, Spooled};
pub(crate) use self::named::Attachments;
pub use self::reader::AttachmentReader;
use crate::error::Error;

/// How far a transfer has come; see [`Attachment::on_progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that have passed.
    pub done: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Binary data of any size that travels beside the JSON: never through base64, and a large one never
/// whole in memory.
///
/// It is made from bytes, from a file, or from anything that can be read; and read as bytes (with a
/// limit), to a file, or piece by piece. Small ones travel in one frame with the call, large ones in
/// chunks: who sends and who receives sees no difference.
///
/// Cloning shares the data. What is read from a stream can be read once, whichever clone does it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pycom::Result<()> {
/// let attachment = pycom::Attachment::from(&b"\x00\xff"[..]);
/// assert_eq!(attachment.size(), Some(2));
/// assert_eq!(attachment.bytes(1024).await?, &b"\x00\xff"[..]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Attachment {
    content: Content,
    options: Option<Arc<Options>>,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    File(Arc<FileContent>),
    Stream(Arc<Stream>),
}

impl Default for Content {
    fn default() -> Self {
        Content::Bytes(Bytes::new())
    }
}

struct Stream {
    size: Option<u64>,
    chunks: Mutex<Option<Box<dyn Chunks>>>,
}

#[derive(Clone, Default)]
struct Options {
    on_progress: Option<OnProgress>,
    resume: Option<Box<str>>,
}

impl Attachment {
    /// Takes data without copying it.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Content::Bytes(data.into()).into()
    }

    /// The bytes of a file, which is read when it is sent. It must not change meanwhile.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened, or is no file.
    pub async fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let file = tokio::task::spawn_blocking(move || FileContent::open(&path)).await??;
        Ok(Content::File(Arc::new(file)).into())
    }

    /// Whatever `reader` gives until it ends. `size` is the number of bytes, where that is known: a
    /// reader that gives more or fewer is an error.
    pub fn from_reader(reader: impl AsyncRead + Send + 'static, size: Option<u64>) -> Self {
        Self::from_chunks(Box::new(OfReader::new(reader, size)), size)
    }

    pub(crate) fn from_chunks(chunks: Box<dyn Chunks>, size: Option<u64>) -> Self {
        Content::Stream(Arc::new(Stream { size, chunks: Mutex::new(Some(chunks)) })).into()
    }

    pub(crate) fn from_spool(file: Spooled) -> Self {
        Content::File(Arc::new(FileContent::spooled(file))).into()
    }

    /// Calls `callback` with the bytes done so far: as they are read here, or, for one that is sent, as the other side has
    /// taken them, or, for one of a reply, as it has asked for them. One that goes in a frame is done at once. It should be
    /// quick.
    #[must_use]
    pub fn on_progress(mut self, callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options_mut().on_progress = Some(Arc::new(callback));
        self
    }

    /// Names this very content, so that sending it again goes on where an earlier attempt ended, even
    /// one of a former process: put into `token` what changes when the content does, such as a name,
    /// a size and a time. At most 255 bytes.
    ///
    /// It takes a service that keeps what has arrived ([`TransferLimits::spool`](crate::TransferLimits)),
    /// and content that can be read again: bytes, or a file.
    #[must_use]
    pub fn resumable(mut self, token: impl Into<String>) -> Self {
        self.options_mut().resume = Some(token.into().into_boxed_str());
        self
    }

    fn options_mut(&mut self) -> &mut Options {
        Arc::make_mut(self.options.get_or_insert_default())
    }

    pub(crate) fn resume_token(&self) -> Option<&str> {
        self.options.as_ref()?.resume.as_deref()
    }

    pub(crate) fn progressed(&self, done: u64) {
        if let Some(callback) = self.callback() {
            callback(Progress { done, total: self.size() });
        }
    }

    fn callback(&self) -> Option<&OnProgress> {
        self.options.as_ref()?.on_progress.as_ref()
    }

    /// Size in bytes, where it is known before the end.
    pub fn size(&self) -> Option<u64> {
        match &self.content {
            Content::Bytes(data) => Some(data.len() as u64),
            Content::File(file) => Some(file.size),
            Content::Stream(stream) => stream.size,
        }
    }

    /// The data, where it is in memory: that of small attachments is, once they are here.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Bytes(data) => Some(data),
            _ => None,
        }
    }

    /// All of the data.
    ///
    /// # Errors
    ///
    /// Where there are more than `limit` bytes, or they cannot be read; see [`reader`](Self::reader).
    pub async fn bytes(&self, limit: usize) -> Result<Bytes, Error> {
        let over = || {
            let size = self.size().map_or_else(String::new, |size| format!(" ({size} bytes)"));
            Error::bad_request(format!(
                "the attachment{size} is over the limit of {limit} bytes; send less, or let it be read piece by piece"
            ))
        };
        if self.size().is_some_and(|size| size > limit as u64) {
            return Err(over());
        }
        if let Content::Bytes(data) = &self.content {
            self.progressed(data.len() as u64);
            return Ok(data.clone());
        }
        let mut reader = self.reader()?;
        let Some(first) = reader.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = reader.chunk().await? else {
            return if first.len() > limit { Err(over()) } else { Ok(first) };
        };
        let mut all = BytesMut::with_capacity(self.size().map_or(2 * first.len(), |size| size as usize).min(limit));
        let mut next = Some(first);
        let mut after = Some(second);
        while let Some(piece) = next {
            if all.len() + piece.len() > limit {
                return Err(over());
            }
            all.extend_from_slice(&piece);
            next = match after.take() {
                Some(piece) => Some(piece),
                None => reader.chunk().await?,
            };
        }
        Ok(all.freeze())
    }

    /// The data as it comes, to be read once where it is a stream.
    ///
    /// What comes from elsewhere ends only once it is whole and its checksum is right; else it fails.
    ///
    /// # Errors
    ///
    /// Where it is a stream and is being read, or has been.
    pub fn reader(&self) -> Result<AttachmentReader, Error> {
        Ok(AttachmentReader::new(self.open()?, self.size(), self.callback().cloned()))
    }

    /// Writes the data to a file, and gives its size. The file is there only once it is whole, verified
    /// and on the disk; it replaces one of the same name.
    ///
    /// # Errors
    ///
    /// Where the data cannot be read, see [`reader`](Self::reader), or the file not be written. Then
    /// nothing is left behind.
    pub async fn save(&self, path: impl AsRef<Path>) -> Result<u64, Error> {
        if let Content::File(file) = &self.content
            && let Some(size) = files::rename_spooled(file, path.as_ref()).await?
        {
            self.progressed(size);
            return Ok(size);
        }
        files::save(self.reader()?, path.as_ref()).await
    }

    /// As [`save`](Self::save), but what has arrived when it fails is kept in `.NAME.part` beside the
    /// file: the next attempt to save the same content there goes on after it. Content that turns out
    /// to be another is not taken for it, by its checksum; then the next attempt begins anew.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub async fn save_resuming(&self, path: impl AsRef<Path>) -> Result<u64, Error> {
        files::save_resuming(self.reader()?, self.size(), path.as_ref()).await
    }

    /// The pieces, from the start.
    pub(crate) fn open(&self) -> Result<Box<dyn Chunks>, Error> {
        Ok(match &self.content {
            Content::Bytes(data) => Box::new(OfBytes(data.clone())),
            Content::File(file) => Box::new(OfFile::new(file.clone(), 0)),
            Content::Stream(stream) => {
                let taken = stream.chunks.lock().unwrap_or_else(PoisonError::into_inner).take();
                taken.ok_or_else(|| {
                    let text = "the attachment is a stream and has been read already; keep what it gives where it is needed twice";
                    Error::internal(text)
                })?
            }
        })
    }

    /// The pieces from `offset` on; `None` where they can be had only once.
    pub(crate) fn open_at(&self, offset: u64) -> Option<Box<dyn Chunks>> {
        match &self.content {
            Content::Bytes(data) => {
                let from = usize::try_from(offset).map_or(data.len(), |from| from.min(data.len()));
                Some(Box::new(OfBytes(data.slice(from..))))
            }
            Content::File(file) => Some(Box::new(OfFile::new(file.clone(), offset))),
            Content::Stream(_) => None,
        }
    }

    /// Whether it can be read again, and from any place.
    pub(crate) fn is_rewindable(&self) -> bool {
        !matches!(self.content, Content::Stream(_))
    }

    /// All of it, where there are no more than `most` bytes. A stream can be read afterwards as if nothing
    /// had been read.
    pub(crate) async fn read_ahead(&self, most: usize) -> Result<Option<Bytes>, Error> {
        let mut chunks = self.open()?;
        let mut read = Vec::new();
        let mut length = 0;
        let mut ended = false;
        while !ended && length <= most {
            // One byte more than is wanted: else the end is not seen.
            match chunks::next(&mut *chunks, most + 1 - length).await? {
                Some(piece) => {
                    length += piece.len();
                    read.push(piece);
                }
                None => ended = true,
            }
        }
        let whole = ended.then(|| match read.len() {
            1 => read[0].clone(),
            _ => read.concat().into(),
        });
        if let Content::Stream(stream) = &self.content {
            let chunks: Box<dyn Chunks> = match &whole {
                Some(data) => Box::new(OfBytes(data.clone())),
                None => Box::new(ReadAhead::new(read, chunks)),
            };
            *stream.chunks.lock().unwrap_or_else(PoisonError::into_inner) = Some(chunks);
        }
        Ok(whole)
    }
}

impl From<Content> for Attachment {
    fn from(content: Content) -> Self {
        Self { content, options: None }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size() {
            Some(size) => write!(f, "Attachment({size} bytes)"),
            None => f.write_str("Attachment(stream)"),
        }
    }
}

impl From<Bytes> for Attachment {
    fn from(data: Bytes) -> Self {
        Self::new(data)
    }
}

impl From<Vec<u8>> for Attachment {
    fn from(data: Vec<u8>) -> Self {
        Self::new(data)
    }
}

impl From<&[u8]> for Attachment {
    fn from(data: &[u8]) -> Self {
        Self::new(Bytes::copy_from_slice(data))
    }
}

impl From<String> for Attachment {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_is_read_once_and_within_its_limit() {
        let stream = Attachment::from_reader(&b"hello"[..], None);
        assert_eq!((stream.size(), stream.as_bytes().is_none()), (None, true));
        assert_eq!(stream.bytes(5).await.unwrap(), "hello");
        assert!(stream.clone().reader().is_err_and(|error| error.to_string().contains("read already")));
        let stream = Attachment::from_reader(&b"hello"[..], None);
        assert!(stream.bytes(4).await.unwrap_err().to_string().contains("limit of 4 bytes"));
        assert!(Attachment::from("hello".to_owned()).bytes(4).await.is_err());
    }

    #[tokio::test]
    async fn a_reader_of_a_known_size_that_gives_another_is_an_error() {
        for size in [4, 6] {
            let error = Attachment::from_reader(&b"hello"[..], Some(size)).bytes(100).await.unwrap_err();
            assert!(error.to_string().contains(&size.to_string()), "{error}");
        }
        assert_eq!(Attachment::from_reader(&b"hello"[..], Some(5)).bytes(100).await.unwrap(), "hello");
    }

    #[tokio::test]
    async fn a_file_is_read_and_saved_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 7) as u8).collect();
        std::fs::write(&from, &data).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let progress = seen.clone();
        let file = Attachment::from_file(&from).await.unwrap();
        let file = file.on_progress(move |progress_now| progress.lock().unwrap().push(progress_now));
        assert_eq!(file.size(), Some(3_000_000));
        assert_eq!(file.save(&to).await.unwrap(), 3_000_000);
        assert!(std::fs::read(&to).unwrap() == data);
        let told = seen.lock().unwrap().clone();
        assert!(told.windows(2).all(|pair| pair[0].done < pair[1].done));
        assert_eq!(told.last(), Some(&Progress { done: 3_000_000, total: Some(3_000_000) }));
        assert!(file.bytes(usize::MAX).await.unwrap() == data, "a file can be read again");
        assert!(Attachment::from_file(folder.path()).await.unwrap_err().to_string().contains("no file"));
    }

    #[tokio::test]
    async fn what_fails_midway_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let stream = Attachment::from_reader(&[0; 1000][..], Some(2000));
        assert!(stream.save(folder.path().join("x")).await.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
