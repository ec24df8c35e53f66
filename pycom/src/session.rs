//! Sessions: what a stateful interface remembers of one caller.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Json;
use crate::error::Error;

/// Bounds of the sessions of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long an unused session is kept; 1 h, as the original.
    pub expiry: Duration,
    /// How many there are at most; 10,000. One more drops the one that was idle longest.
    pub count: usize,
    /// How many bytes of names and JSON one may hold; 64 KiB.
    pub size: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { expiry: Duration::from_secs(3600), count: 10_000, size: 64 * 1024 }
    }
}

#[derive(Debug, Default)]
struct Values {
    values: HashMap<String, (Json, u64)>,
    size: usize,
    /// Counts every change, so that `update` can tell whether another came between.
    version: u64,
    discarded: bool,
}

/// What a stateful interface remembers of one caller: values by name.
///
/// Take it as a parameter of a method of an interface declared `stateful`. Clones are the same
/// session; all methods may be called at once from several calls of one caller.
///
/// ```
/// # use pycom::{interface, Result, Session};
/// struct Counter;
///
/// #[interface("com.foo.counter", stateful)]
/// impl Counter {
///     #[method]
///     async fn next(&self, session: Session) -> Result<u64> {
///         session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Session {
    id: Arc<str>,
    values: Arc<Mutex<Values>>,
    limit: usize,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is a secret: who knows it is taken for the caller.
        f.write_str("Session")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held; and if something did, the values are whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    fn new(id: Arc<str>, limit: usize) -> Self {
        Self { id, values: Arc::default(), limit }
    }

    /// Its id, which only its caller knows: 128 random bits in hex.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The value of `name`, if there is one.
    ///
    /// # Errors
    ///
    /// Where the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let json = lock(&self.values).values.get(name).map(|(json, _)| json.clone());
        Ok(json.map(|json| json.parse()).transpose()?)
    }

    /// Sets `name`, replacing what was there.
    ///
    /// # Errors
    ///
    /// Where `value` cannot be written as JSON, or the session would be over its limit.
    pub fn insert<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), Error> {
        let json = Json::from_value(value)?;
        lock(&self.values).put(name, json, self.limit)
    }

    /// Sets `name` to what `change` makes of its value, as one step: if another call changed it
    /// meanwhile, `change` is called again with the new value. Returns what was set.
    ///
    /// # Errors
    ///
    /// As [`Session::get`] and [`Session::insert`].
    pub fn update<T, F>(&self, name: &str, mut change: F) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T,
    {
        loop {
            let seen = lock(&self.values).values.get(name).cloned();
            let version = seen.as_ref().map(|(_, version)| *version);
            let old = seen.map(|(json, _)| json.parse()).transpose()?;
            // No lock is held here: `change` is the user's.
            let new = change(old);
            let json = Json::from_value(&new)?;
            let mut values = lock(&self.values);
            if values.values.get(name).map(|(_, version)| *version) == version {
                values.put(name, json, self.limit)?;
                return Ok(new);
            }
        }
    }

    /// Removes `name`; says whether it was there.
    pub fn remove(&self, name: &str) -> bool {
        lock(&self.values).take(name)
    }

    /// Ends the session: its id is unknown from now on, and calls with it get code 6.
    pub fn discard(&self) {
        let mut values = lock(&self.values);
        values.values.clear();
        values.size = 0;
        values.discarded = true;
    }

    fn is_discarded(&self) -> bool {
        lock(&self.values).discarded
    }
}

impl Values {
    fn take(&mut self, name: &str) -> bool {
        match self.values.remove(name) {
            Some((json, _)) => {
                self.size -= name.len() + json.as_str().len();
                true
            }
            None => false,
        }
    }

    fn put(&mut self, name: &str, json: Json, limit: usize) -> Result<(), Error> {
        let old = self.values.get(name).map_or(0, |(json, _)| name.len() + json.as_str().len());
        let size = self.size - old + name.len() + json.as_str().len();
        if size > limit {
            return Err(Error::internal(format!(
                "a session would hold {size} bytes, the limit is {limit}; store less, or raise SessionLimits::size"
            )));
        }
        self.version += 1;
        self.size = size;
        self.values.insert(name.to_owned(), (json, self.version));
        Ok(())
    }
}

/// The sessions of one service: by id, and by when they were last used.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    limits: SessionLimits,
    by_id: HashMap<Arc<str>, (Session, (Instant, u64))>,
    by_use: BTreeMap<(Instant, u64), Arc<str>>,
    uses: u64,
}

impl Sessions {
    pub(crate) fn new(limits: SessionLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// A new session; the one idle longest makes room for it where there is none.
    pub(crate) fn start(&mut self, now: Instant) -> Session {
        self.expire(now);
        while self.by_id.len() >= self.limits.count.max(1) {
            self.drop_oldest();
        }
        let id: Arc<str> = format!("{:032x}", crate::random::bits128()).into();
        let session = Session::new(id.clone(), self.limits.size);
        let used = self.next_use(now);
        self.by_use.insert(used, id.clone());
        self.by_id.insert(id, (session.clone(), used));
        session
    }

    /// The session with this id, used now.
    ///
    /// # Errors
    ///
    /// Code 6 where there is none.
    pub(crate) fn find(&mut self, id: &str, now: Instant) -> Result<Session, Error> {
        self.expire(now);
        let next = self.next_use(now);
        let Some((session, used)) = self.by_id.get_mut(id) else {
            return Err(Error::session_expired(id));
        };
        let before = std::mem::replace(used, next);
        if session.is_discarded() {
            self.by_use.remove(&before);
            self.by_id.remove(id);
            return Err(Error::session_expired(id));
        }
        let session = session.clone();
        if let Some(id) = self.by_use.remove(&before) {
            self.by_use.insert(next, id);
        }
        Ok(session)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn next_use(&mut self, now: Instant) -> (Instant, u64) {
        self.uses += 1;
        (now, self.uses)
    }

    fn expire(&mut self, now: Instant) {
        while let Some((&(used, _), _)) = self.by_use.first_key_value() {
            if now.saturating_duration_since(used) < self.limits.expiry {
                break;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, id)) = self.by_use.pop_first() {
            self.by_id.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(count: usize) -> Sessions {
        Sessions::new(SessionLimits { count, expiry: Duration::from_secs(10), size: 30 })
    }

    #[test]
    fn a_session_is_found_until_it_was_idle_too_long() {
        let mut sessions = sessions(10);
        let start = Instant::now();
        let id = sessions.start(start).id().to_owned();
        assert!(sessions.find(&id, start + Duration::from_secs(9)).is_ok());
        assert!(sessions.find(&id, start + Duration::from_secs(18)).is_ok());
        let error = sessions.find(&id, start + Duration::from_secs(28)).unwrap_err();
        assert_eq!(error.text().unwrap(), format!("Session '{id}' has expired"));
        assert_eq!(sessions.len(), 0);
    }

    #[test]
    fn the_one_idle_longest_makes_room() {
        let mut sessions = sessions(2);
        let now = Instant::now();
        let (a, b) = (sessions.start(now), sessions.start(now));
        sessions.find(a.id(), now).unwrap();
        sessions.start(now);
        assert!(sessions.find(a.id(), now).is_ok());
        assert!(sessions.find(b.id(), now).is_err());
    }

    #[test]
    fn a_discarded_session_is_gone() {
        let mut sessions = sessions(2);
        let session = sessions.start(Instant::now());
        session.discard();
        assert_eq!(sessions.find(session.id(), Instant::now()).unwrap_err().code(), Some(6));
        assert_eq!(sessions.by_use.len(), 0);
    }

    #[test]
    fn the_size_of_a_session_is_bounded() {
        let session = sessions(1).start(Instant::now());
        session.insert("a", "0123456789").unwrap();
        session.insert("a", "0123456789012345").unwrap();
        assert!(session.insert("b", "0123456789").is_err());
        assert!(session.remove("a"));
        session.insert("b", "0123456789").unwrap();
    }

    #[test]
    fn updates_from_many_threads_are_all_counted() {
        let session = sessions(1).start(Instant::now());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap();
                    }
                });
            }
        });
        assert_eq!(session.get::<u32>("n").unwrap(), Some(2000));
    }
}
