//! The folder in which attachments wait until their methods have read them.

use std::collections::{HashMap, HashSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::TransferLimits;
use crate::attachment::Hasher;

/// What folders of ours under the system's temporary one are called.
const PREFIX: &str = "pycom-spool-";
/// Who holds a lock on this file uses the folder.
const LOCK: &str = "lock";
const WHOLE: &str = "spool";
const PART: &str = "part";

/// Bytes that are read in one go to go on with a part.
const READ: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Spool {
    chosen: Option<PathBuf>,
    most: u64,
    keep: Duration,
    used: AtomicU64,
    folder: Mutex<Option<Folder>>,
    /// Parts that somebody writes.
    busy: Mutex<HashSet<String>>,
    /// Parts that wait for somebody, since when, and their size.
    kept: Mutex<HashMap<String, (Instant, u64)>>,
    released: Notify,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Holds the lock while it is open.
    _lock: File,
    /// It goes with the service.
    is_ours: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spool {
    /// # Errors
    ///
    /// Where a folder was chosen that cannot be used.
    pub(super) fn new(limits: &TransferLimits) -> io::Result<Self> {
        let spool = Self {
            chosen: limits.spool.clone(),
            most: limits.spool_bytes,
            keep: limits.keep,
            used: AtomicU64::new(0),
            folder: Mutex::new(None),
            busy: Mutex::default(),
            kept: Mutex::default(),
            released: Notify::new(),
        };
        if spool.chosen.is_some() {
            for entry in std::fs::read_dir(spool.folder()?)?.flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|extension| extension == PART)
                    && let Some(key) = path.file_stem().and_then(|key| key.to_str())
                {
                    spool.keep_part(key, entry.metadata()?.len());
                }
            }
        }
        Ok(spool)
    }

    /// The folder; made, and cleaned, when it is first needed.
    fn folder(&self) -> io::Result<PathBuf> {
        let mut folder = lock(&self.folder);
        if let Some(folder) = &*folder {
            return Ok(folder.path.clone());
        }
        let made = match &self.chosen {
            Some(path) => open_chosen(path, self.keep)?,
            None => make_own(&std::env::temp_dir())?,
        };
        let path = made.path.clone();
        *folder = Some(made);
        Ok(path)
    }

    fn part_path(&self, key: &str) -> io::Result<PathBuf> {
        Ok(self.folder()?.join(format!("{key}.{PART}")))
    }

    /// A part that nobody writes any more: kept for who sends the same again, where it may outlive them.
    fn release(&self, key: &str) {
        let Ok(path) = self.part_path(key) else { return };
        match std::fs::metadata(&path) {
            Ok(metadata) if self.chosen.is_some() => self.keep_part(key, metadata.len()),
            Ok(_) => {
                let _ = std::fs::remove_file(path);
            }
            Err(_) => {}
        }
    }

    fn keep_part(&self, key: &str, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        lock(&self.kept).insert(key.to_owned(), (Instant::now(), bytes));
    }

    /// It is somebody's again, and counted as such.
    fn unkeep(&self, key: &str) {
        if let Some((_, bytes)) = lock(&self.kept).remove(key) {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    fn remove_part(&self, key: &str) {
        self.unkeep(key);
        if let Ok(path) = self.part_path(key) {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Gives up the oldest part that waits for somebody; false where there is none.
    fn give_up_one(&self) -> bool {
        let oldest = lock(&self.kept).iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone());
        oldest.inspect(|key| self.remove_part(key)).is_some()
    }

    /// Removes parts that have waited for too long.
    pub(super) fn expire(&self, now: Instant) {
        let is_old = |since: Instant| now.saturating_duration_since(since) > self.keep;
        let old: Vec<String> =
            lock(&self.kept).iter().filter(|(_, (since, _))| is_old(*since)).map(|(key, _)| key.clone()).collect();
        old.iter().for_each(|key| self.remove_part(key));
    }

    pub(super) fn keeps_parts(&self) -> bool {
        !lock(&self.kept).is_empty()
    }

    /// A new file; blocks.
    pub(super) fn create(&self) -> io::Result<(File, PathBuf)> {
        let path = self.folder()?.join(format!("{:032x}.{WHOLE}", crate::random::bits128()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        Ok((file, path))
    }

    /// Room for `bytes`.
    ///
    /// # Errors
    ///
    /// What is said where there is none.
    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Room, String> {
        let mut room = Room { spool: self.clone(), bytes: 0 };
        loop {
            match room.grow(bytes) {
                Ok(()) => return Ok(room),
                // What comes now is worth more than what may never be continued.
                Err(text) if !self.give_up_one() => return Err(text),
                Err(_) => {}
            }
        }
    }

    /// Opens what has arrived of an attachment, at most `most` bytes of it, for the one who writes on;
    /// whoever did so before has been told to stop.
    pub(super) async fn open_part(self: Arc<Self>, key: String, most: u64) -> io::Result<Part> {
        loop {
            let released = self.released.notified();
            let mut released = std::pin::pin!(released);
            released.as_mut().enable();
            if lock(&self.busy).insert(key.clone()) {
                break;
            }
            released.await;
        }
        let claim = Claim { spool: self.clone(), key };
        tokio::task::spawn_blocking(move || {
            let path = self.part_path(&claim.key)?;
            self.unkeep(&claim.key);
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            let (length, hasher) = read_part(&file, most)?;
            Ok(Part { file, path, length, hasher, _claim: claim })
        })
        .await?
    }
}

/// What has arrived of an attachment that is being sent again.
pub(super) struct Part {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) length: u64,
    pub(super) hasher: Hasher,
    pub(super) _claim: Claim,
}

/// Nobody else writes this part.
pub(super) struct Claim {
    spool: Arc<Spool>,
    key: String,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.spool.release(&self.key);
        lock(&self.spool.busy).remove(&self.key);
        self.spool.released.notify_waiters();
    }
}

fn read_part(file: &File, most: u64) -> io::Result<(u64, Hasher)> {
    use std::os::unix::fs::FileExt;
    let length = file.metadata()?.len();
    let mut hasher = Hasher::default();
    if length > most {
        file.set_len(0)?;
        return Ok((0, hasher));
    }
    let mut buffer = vec![0; READ];
    let mut at = 0;
    while at < length {
        let wanted = READ.min(usize::try_from(length - at).unwrap_or(READ));
        file.read_exact_at(&mut buffer[..wanted], at)?;
        hasher.update(&buffer[..wanted]);
        at += wanted as u64;
    }
    Ok((length, hasher))
}

/// Space in the spool, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    spool: Arc<Spool>,
    bytes: u64,
}

impl Room {
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), String> {
        let most = self.spool.most;
        let add = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= most);
        match self.spool.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(used) => Err(format!(
                "no room for {bytes} bytes more of attachments: {used} of {most} bytes are taken (limit TransferLimits::spool_bytes); try again later, or raise it"
            )),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.spool.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A folder that is used by nobody else, once it is locked.
fn try_lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path.join(LOCK))?;
    // SAFETY: a descriptor that is open, and no memory.
    match unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } {
        0 => Ok(file),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A new folder under the temporary one; those of processes that were killed go.
fn make_own(temporary: &Path) -> io::Result<Folder> {
    for entry in std::fs::read_dir(temporary)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.path().join(LOCK).exists() {
            // Where it can be locked, its process is gone.
            if let Ok(_lock) = try_lock(&entry.path()) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
    let path = temporary.join(format!("{PREFIX}{}-{:016x}", std::process::id(), crate::random::bits64()));
    DirBuilder::new().mode(0o700).create(&path)?;
    let lock = try_lock(&path)?;
    Ok(Folder { path, _lock: lock, is_ours: true })
}

/// The folder that was asked for; what a killed process left there goes, but for parts that are not
/// old.
fn open_chosen(path: &Path, keep: Duration) -> io::Result<Folder> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)?;
    let lock = try_lock(path).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::new(error.kind(), "another service uses it; give each its own"),
        _ => error,
    })?;
    for entry in std::fs::read_dir(path)?.flatten() {
        let file = entry.path();
        let is_old = || entry.metadata()?.modified()?.elapsed().map(|age| age > keep).map_err(io::Error::other);
        let goes = match file.extension().and_then(|extension| extension.to_str()) {
            Some(WHOLE) => true,
            Some(PART) => is_old().unwrap_or(false),
            _ => false,
        };
        if goes {
            let _ = std::fs::remove_file(file);
        }
    }
    Ok(Folder { path: path.to_owned(), _lock: lock, is_ours: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(folder: &Path, most: u64) -> io::Result<Spool> {
        let limits = TransferLimits { spool: Some(folder.into()), spool_bytes: most, ..TransferLimits::default() };
        Spool::new(&limits)
    }

    #[test]
    fn room_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(spool(folder.path(), 100).unwrap());
        let mut room = spool.reserve(60).unwrap();
        assert!(
            spool.reserve(41).unwrap_err().contains("60 of 100 bytes are taken (limit TransferLimits::spool_bytes)")
        );
        assert!(room.grow(u64::MAX).is_err());
        room.grow(40).unwrap();
        drop(room);
        assert!(spool.reserve(100).is_ok());
    }

    #[tokio::test]
    async fn parts_take_room_until_it_is_needed_or_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.part"), "12345").unwrap();
        let first = Arc::new(spool(folder.path(), 10).unwrap());
        drop(first.clone().open_part("a".into(), 10).await.unwrap());
        assert!(first.keeps_parts() && first.reserve(5).is_ok());
        assert!(folder.path().join("a.part").exists());
        let _room = first.reserve(6).unwrap();
        assert!(!folder.path().join("a.part").exists() && !first.keeps_parts());
        drop(first.clone().open_part("b".into(), 10).await.unwrap());
        first.expire(Instant::now() + Duration::from_secs(25 * 3600));
        assert!(!folder.path().join("b.part").exists() && !first.keeps_parts());
    }

    #[test]
    fn a_folder_belongs_to_one_and_is_cleaned() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["left.spool", "kept.part", "other.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let first = spool(folder.path(), 1).unwrap();
        assert!(spool(folder.path(), 1).unwrap_err().to_string().contains("another service"));
        drop(first);
        spool(folder.path(), 1).unwrap();
        let there = |name: &str| folder.path().join(name).exists();
        assert_eq!((there("left.spool"), there("kept.part"), there("other.txt")), (false, true, true));
    }

    #[test]
    fn a_folder_of_our_own_goes_and_so_do_those_of_the_dead() {
        let temporary = tempfile::tempdir().unwrap();
        let dead = temporary.path().join("pycom-spool-1-0");
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join(LOCK), "").unwrap();
        let own = make_own(temporary.path()).unwrap();
        assert!(!dead.exists() && own.path.exists());
        let other = make_own(temporary.path()).unwrap();
        assert!(own.path.exists(), "one in use stays");
        drop((own, other));
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_part_is_written_by_one_at_a_time_and_goes_on_where_it_ended() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(spool(folder.path(), 100).unwrap());
        let mut part = spool.clone().open_part("k".into(), 10).await.unwrap();
        part.file.write_all(b"hello").unwrap();
        let again = tokio::spawn(spool.clone().open_part("k".into(), 10));
        tokio::task::yield_now().await;
        assert!(!again.is_finished());
        drop(part);
        let part = again.await.unwrap().unwrap();
        let mut hasher = Hasher::default();
        hasher.update(b"hello");
        assert_eq!((part.length, part.hasher.checksum()), (5, hasher.checksum()));
        drop(part);
        assert_eq!(spool.open_part("k".into(), 4).await.unwrap().length, 0, "longer than the whole: it is another");
    }
}
