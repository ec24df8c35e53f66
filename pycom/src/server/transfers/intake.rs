//! Where the chunks of an arriving attachment go: to the disk, or straight to the method.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::spool::{Part, Room, Spool};
use super::{Event, What};
use crate::attachment::{Attachment, Checksum, Chunks, Discarded, Hasher, Spooled};
use crate::error::Error;
use crate::names::shown;
use crate::server::job::ReturnAddress;

/// A chunk that may come; the last one says what the whole is to be.
pub(super) struct Chunk {
    pub(super) data: Bytes,
    pub(super) to: ReturnAddress,
    pub(super) end: Option<End>,
}

pub(super) struct End {
    /// Absent from those who only know the draft.
    pub(super) checksum: Option<Checksum>,
}

/// Which attachment of which call, and where to tell what became of its chunks.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) call_id: Arc<str>,
    pub(super) index: usize,
    pub(super) name: Arc<str>,
    pub(super) events: UnboundedSender<Event>,
}

impl Place {
    fn settled(&self, length: usize, to: ReturnAddress, outcome: Result<Option<Attachment>, Error>) {
        let what = What::Settled { index: self.index, length: length as u64, to, outcome };
        // Nobody listens any more once the service has ended.
        let _ = self.events.send(Event { call_id: self.call_id.clone(), what });
    }
}

fn verify(end: &End, hasher: &Hasher, name: &str) -> Result<(), Error> {
    let Some(announced) = &end.checksum else { return Ok(()) };
    let came = hasher.checksum();
    if came == *announced {
        return Ok(());
    }
    let (name, announced, came) = (shown(name), announced.as_str(), came.as_str());
    Err(Error::bad_request(format!(
        "Attachment {name} is not what was sent: its checksum is {came}, not {announced}; send it again"
    )))
}

/// What the chunks are kept in until the attachment is whole.
enum Store {
    Memory(Vec<Bytes>),
    /// A file is made when there is something to write.
    Disk(Option<OnDisk>),
    Part(Part),
}

struct OnDisk {
    file: File,
    place: Discarded,
}

/// Keeps chunks until the attachment is whole.
pub(super) struct Keeper {
    pub(super) spool: Arc<Spool>,
    /// For all of it where its size is known, else growing.
    pub(super) room: Room,
    pub(super) size: Option<u64>,
    /// Writes that may block at once.
    pub(super) writers: Arc<Semaphore>,
    pub(super) place: Place,
    hasher: Hasher,
    length: u64,
    store: Store,
}

impl Keeper {
    pub(super) fn new(spool: Arc<Spool>, room: Room, size: Option<u64>, writers: Arc<Semaphore>, place: Place) -> Self {
        Self { spool, room, size, writers, place, hasher: Hasher::default(), length: 0, store: Store::Disk(None) }
    }

    /// In memory: it is small.
    pub(super) fn small(self) -> Self {
        Self { store: Store::Memory(Vec::new()), ..self }
    }

    /// After what came before.
    pub(super) fn part(self, mut part: Part) -> Self {
        let hasher = std::mem::take(&mut part.hasher);
        Self { hasher, length: part.length, store: Store::Part(part), ..self }
    }

    /// Takes chunks until the attachment is whole, wrong, or nobody sends any more.
    pub(super) async fn run(mut self, mut chunks: UnboundedReceiver<Chunk>) {
        while let Some(first) = chunks.recv().await {
            let mut batch = vec![first];
            while let Ok(chunk) = chunks.try_recv() {
                batch.push(chunk);
            }
            let place = self.place.clone();
            let written = if matches!(self.store, Store::Memory(_)) {
                let data = batch.iter().map(|chunk| chunk.data.clone()).collect();
                self.write(data).map(|()| self)
            } else {
                let data = batch.iter().map(|chunk| chunk.data.clone()).collect();
                let permit = self.writers.clone().acquire_owned().await;
                let written = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    self.write(data).map(|()| self)
                });
                written.await.unwrap_or_else(|error| Err(error.into()))
            };
            self = match written {
                Ok(keeper) => keeper,
                Err(error) => {
                    // Later ones are answered with what went wrong by the owner of the transfer, once it knows.
                    chunks.close();
                    let mut left = batch;
                    while let Ok(chunk) = chunks.try_recv() {
                        left.push(chunk);
                    }
                    for chunk in left {
                        place.settled(chunk.data.len(), chunk.to, Err(error.clone()));
                    }
                    return;
                }
            };
            for chunk in batch {
                let Some(end) = chunk.end else {
                    place.settled(chunk.data.len(), chunk.to, Ok(None));
                    continue;
                };
                let whole = match verify(&end, &self.hasher, &place.name) {
                    Ok(()) => self.finish(),
                    Err(error) => {
                        self.discard();
                        Err(error)
                    }
                };
                return place.settled(chunk.data.len(), chunk.to, whole.map(Some));
            }
        }
    }

    /// Writes a batch; blocks, except into memory.
    fn write(&mut self, batch: Vec<Bytes>) -> Result<(), Error> {
        let bytes: u64 = batch.iter().map(|data| data.len() as u64).sum();
        if self.size.is_none() {
            self.room.grow(bytes).map_err(Error::overloaded)?;
        }
        for data in batch {
            self.hasher.update(&data);
            self.length += data.len() as u64;
            self.write_one(data).map_err(|error| {
                tracing::error!(%error, attachment = %self.place.name, "an attachment could not be spooled");
                let name = shown(&self.place.name);
                Error::overloaded(format!(
                    "attachment {name} could not be written to the spool of the service: {error}"
                ))
            })?;
        }
        Ok(())
    }

    fn write_one(&mut self, data: Bytes) -> io::Result<()> {
        match &mut self.store {
            Store::Memory(pieces) => {
                pieces.push(data);
                Ok(())
            }
            Store::Disk(Some(disk)) => disk.file.write_all(&data),
            Store::Disk(empty) => {
                let (file, path) = self.spool.create()?;
                empty.insert(OnDisk { file, place: Discarded::new(path) }).file.write_all(&data)
            }
            Store::Part(part) => {
                use std::os::unix::fs::FileExt;
                part.file.write_all_at(&data, part.length)?;
                part.length += data.len() as u64;
                Ok(())
            }
        }
    }

    /// The whole, for its method.
    fn finish(self) -> Result<Attachment, Error> {
        let size = self.length;
        let spooled = |file, path: PathBuf| {
            let place = Discarded::new(path);
            Attachment::from_spool(Spooled { file, size, place, room: Box::new(self.room) })
        };
        Ok(match self.store {
            Store::Memory(mut pieces) => match pieces.len() {
                1 => Attachment::new(pieces.swap_remove(0)),
                _ => Attachment::new(pieces.iter().fold(BytesMut::new(), |mut all, piece| {
                    all.extend_from_slice(piece);
                    all
                })),
            },
            Store::Disk(Some(OnDisk { file, place })) => {
                let path = place.path().to_owned();
                place.keep();
                spooled(file, path)
            }
            Store::Disk(None) => Attachment::default(),
            Store::Part(part) => {
                // No part any more: whoever sends the same again begins anew.
                let path = part.path.with_file_name(format!("{:032x}.spool", crate::random::bits128()));
                std::fs::rename(&part.path, &path)?;
                spooled(part.file, path)
            }
        })
    }

    /// What came is wrong: nothing of it is worth keeping.
    fn discard(self) {
        if let Store::Part(part) = self.store {
            drop(Discarded::new(part.path.clone()));
        }
    }
}

/// Hands chunks straight to the method: each is answered when the method has taken it.
pub(super) struct Feed {
    chunks: UnboundedReceiver<Chunk>,
    place: Place,
    hasher: Hasher,
    /// What the method has not taken yet of the chunk at hand, and the answer to it.
    current: Option<(Bytes, usize, ReturnAddress)>,
    given: u64,
    ended: bool,
}

impl Feed {
    pub(super) fn new(chunks: UnboundedReceiver<Chunk>, place: Place) -> Self {
        Self { chunks, place, hasher: Hasher::default(), current: None, given: 0, ended: false }
    }

    fn give(&mut self, most: usize) -> Option<Bytes> {
        let (mut data, length, to) = self.current.take()?;
        let piece = data.split_to(data.len().min(most));
        self.given += piece.len() as u64;
        match data.is_empty() {
            true => self.place.settled(length, to, Ok(None)),
            false => self.current = Some((data, length, to)),
        }
        (!piece.is_empty()).then_some(piece)
    }
}

impl Chunks for Feed {
    fn poll_chunk(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            if let Some(piece) = self.give(most) {
                return Poll::Ready(Ok(Some(piece)));
            }
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            let Some(chunk) = ready!(self.chunks.poll_recv(cx)) else {
                let (name, given) = (shown(&self.place.name), self.given);
                let text = format!("Attachment {name} ended after {given} bytes: its sender stopped, or fell silent");
                return Poll::Ready(Err(Error::bad_request(text)));
            };
            self.hasher.update(&chunk.data);
            if let Some(end) = &chunk.end {
                self.ended = true;
                if let Err(error) = verify(end, &self.hasher, &self.place.name) {
                    self.place.settled(chunk.data.len(), chunk.to, Err(error.clone()));
                    return Poll::Ready(Err(error));
                }
            }
            self.current = Some((chunk.data.clone(), chunk.data.len(), chunk.to));
        }
    }
}

/// A method that takes no more of it keeps nobody waiting.
impl Drop for Feed {
    fn drop(&mut self) {
        self.chunks.close();
        if let Some((_, length, to)) = self.current.take() {
            self.place.settled(length, to, Ok(None));
        }
        while let Ok(chunk) = self.chunks.try_recv() {
            self.place.settled(chunk.data.len(), chunk.to, Ok(None));
        }
    }
}
