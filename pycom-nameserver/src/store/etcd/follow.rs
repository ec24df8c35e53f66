//! The snapshot, and the watch that goes on from it without a gap.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use etcd_client::{EventType, GetOptions, KeyValue, WatchOptions, WatchResponse, WatchStream};
use tokio::sync::mpsc;

use super::keys::Key;
use super::link::{CALL, Fault, Link};
use super::{Inner, unsigned};
use crate::registry::FrontId;
use crate::store::{Change, Record, Revision};

/// Records of one page, all read at one revision.
const PAGE: i64 = 2_000;

/// How long a page may take.
const PAGE_TIME: Duration = Duration::from_secs(10);

/// A page of the largest records there can be is larger than what gRPC takes by default.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// After so long without a word, etcd is asked how far its history goes; after as long again it is taken for hung.
const SILENCE: Duration = Duration::from_secs(2);

/// How long no watch may be had before the engine counts as away.
const LOST: Duration = Duration::from_secs(2);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Where in which history one is.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// The last revision of which all has been told.
    revision: Revision,
    cluster: u64,
    term: u64,
}

/// Why a watch ended.
enum End {
    /// Nobody listens any more.
    Unheard,
    /// Another node is used now.
    Moved,
    /// What would come next is gone from the history.
    Compacted,
    Failed(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        End::Failed(fault)
    }
}

/// Tells the listener everything until it is gone, or the store.
pub(super) async fn follow(store: Weak<Inner>, listener: mpsc::Sender<Change>) {
    let mut follower = Follower { listener, position: None, away: false, fronts: BTreeSet::new(), lost: None };
    while let Some(store) = store.upgrade() {
        let end = match follower.run(&store).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        match end {
            End::Unheard => return,
            End::Moved => {}
            End::Compacted => {
                tracing::info!("the history was compacted meanwhile; reading everything anew");
                follower.position = None;
            }
            End::Failed(fault) => {
                tracing::debug!(?fault, "the watch of etcd ended");
                let lost = follower.lost.get_or_insert_with(Instant::now).elapsed();
                if !follower.away && lost >= LOST {
                    follower.away = true;
                    if follower.tell(Change::Away).await.is_err() {
                        return;
                    }
                }
                drop(store);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

struct Follower {
    listener: mpsc::Sender<Change>,
    position: Option<Position>,
    away: bool,
    fronts: BTreeSet<FrontId>,
    /// Since when there is no watch.
    lost: Option<Instant>,
}

impl Follower {
    async fn tell(&self, change: Change) -> Result<(), End> {
        self.listener.send(change).await.map_err(|_| End::Unheard)
    }

    async fn run(&mut self, store: &Arc<Inner>) -> Result<std::convert::Infallible, End> {
        let mut links = store.links.subscribe();
        let link = store.links.link().await?;
        links.mark_unchanged();
        let head = self.head(store, &link).await?;
        let position = match self.position {
            Some(position) if position.leads_to(&head) => position,
            _ => self.snapshot(store, &link).await?,
        };
        self.position = Some(Position { term: head.term, ..position });

        let from = i64::try_from(position.revision + 1).unwrap_or(i64::MAX);
        let options = WatchOptions::new().with_prefix().with_start_revision(from);
        let mut client = link.client.watch_client().max_decoding_message_size(MOST_BYTES);
        let watch = tokio::time::timeout(CALL, client.watch(store.keys.all(), Some(options))).await;
        let mut stream = watch.map_err(|_| silent())?.map_err(Fault::from)?;
        stream.request_progress().await.map_err(Fault::from)?;
        let mut asked = true;
        loop {
            let message = tokio::select! {
                message = tokio::time::timeout(SILENCE, stream.message()) => message,
                () = store.progress.notified() => {
                    stream.request_progress().await.map_err(Fault::from)?;
                    continue;
                }
                _ = links.changed() => return Err(End::Moved),
            };
            match message {
                Ok(Ok(Some(message))) => {
                    asked = false;
                    self.take(store, &message).await?;
                    if message.header().is_some_and(|header| unsigned(header.revision()) >= head.revision) {
                        self.back().await?;
                    }
                }
                Ok(Ok(None)) => return Err(Fault::Away("the watch ended".into()).into()),
                Ok(Err(error)) => return Err(Fault::from(error).into()),
                Err(_) if asked => {
                    store.links.leave(&link);
                    return Err(silent());
                }
                Err(_) => {
                    ask(&mut stream).await?;
                    asked = true;
                }
            }
        }
    }

    async fn back(&mut self) -> Result<(), End> {
        self.lost = None;
        if std::mem::replace(&mut self.away, false) {
            self.tell(Change::Back).await?;
        }
        Ok(())
    }

    /// How far the history goes, as a majority of the nodes knows it.
    async fn head(&self, store: &Inner, link: &Arc<Link>) -> Result<Position, End> {
        let mut client = link.client.clone();
        let options = GetOptions::new().with_count_only();
        let answer = tokio::time::timeout(CALL, client.get(store.keys.services(), Some(options))).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                store.links.leave(link);
                return Err(Fault::from(error).into());
            }
            Err(_) => {
                store.links.leave(link);
                return Err(silent());
            }
        };
        let header = answer.header().ok_or_else(|| Fault::Away("an answer without a header".into()))?;
        Ok(Position { revision: unsigned(header.revision()), cluster: header.cluster_id(), term: header.raft_term() })
    }

    /// Tells all there is, page by page, as it was at one moment.
    async fn snapshot(&mut self, store: &Inner, link: &Link) -> Result<Position, End> {
        let mut pages = Pages::new(store.keys.services(), None);
        let mut at = None;
        while let Some(page) = pages.next(link).await? {
            if at.is_none() {
                at = pages.at;
                self.tell(Change::Begin(pages.at.map_or(0, |at| at.revision))).await?;
            }
            let records = page.iter().filter_map(|kv| record(store, kv)).collect();
            self.tell(Change::Part(records)).await?;
        }
        let at = at.ok_or_else(|| Fault::Away("an answer without a header".into()))?;
        let fronts = Pages::new(store.keys.fronts(), Some(at)).all(link).await?;
        self.fronts = fronts
            .iter()
            .filter_map(|kv| match store.keys.read(kv.key()) {
                Some(Key::Front(front)) => Some(front),
                _ => None,
            })
            .collect();
        self.tell(Change::Fronts(self.fronts.iter().copied().collect())).await?;
        self.tell(Change::Whole).await?;
        Ok(at)
    }

    /// Tells what a message of the watch says.
    async fn take(&mut self, store: &Inner, message: &WatchResponse) -> Result<(), End> {
        if message.canceled() {
            return Err(match message.compact_revision() {
                0 => End::Failed(Fault::Away(format!("the watch was ended: {}", message.cancel_reason()))),
                _ => End::Compacted,
            });
        }
        let mut last = 0;
        for event in message.events() {
            let Some(kv) = event.kv() else { continue };
            let revision = unsigned(kv.mod_revision());
            last = last.max(revision);
            match (store.keys.read(kv.key()), event.event_type()) {
                (Some(Key::Service(_)), EventType::Put) => {
                    if let Some((record, revision)) = record(store, kv) {
                        self.tell(Change::Put(record, revision)).await?;
                    }
                }
                (Some(Key::Service(name)), EventType::Delete) => self.tell(Change::Gone(name, revision)).await?,
                (Some(Key::Front(front)), kind) => {
                    match kind {
                        EventType::Put => self.fronts.insert(front),
                        EventType::Delete => self.fronts.remove(&front),
                    };
                    self.tell(Change::Fronts(self.fronts.iter().copied().collect())).await?;
                }
                (None, _) => {}
            }
        }
        if let Some(position) = &mut self.position {
            // By events alone: an answer to a question about the progress may overtake them.
            position.revision = position.revision.max(last);
        }
        if let Some(header) = message.header().filter(|_| !message.created()) {
            self.tell(Change::Heard(unsigned(header.revision()))).await?;
        }
        Ok(())
    }
}

impl Position {
    /// Whether one history leads from here to there. An engine that was emptied has another cluster, an earlier term, or
    /// fewer revisions.
    fn leads_to(&self, head: &Position) -> bool {
        self.cluster == head.cluster && self.term <= head.term && self.revision <= head.revision
    }
}

async fn ask(stream: &mut WatchStream) -> Result<(), End> {
    Ok(stream.request_progress().await.map_err(Fault::from)?)
}

fn silent() -> End {
    Fault::Away("the node is silent".into()).into()
}

/// The record of a key, with the revision that wrote it; what is none is passed over.
fn record(store: &Inner, kv: &KeyValue) -> Option<(Record, Revision)> {
    let Some(Key::Service(name)) = store.keys.read(kv.key()) else { return None };
    match serde_json::from_slice::<Record>(kv.value()) {
        Ok(record) if record.service == name => Some((record, unsigned(kv.mod_revision()))),
        Ok(_) => {
            tracing::warn!(service = %name, "passing over a record under another's name");
            None
        }
        Err(error) => {
            tracing::warn!(service = %name, %error, "passing over a record that cannot be read");
            None
        }
    }
}

/// All keys with a prefix, a page at a time.
struct Pages {
    next: Option<Vec<u8>>,
    end: Vec<u8>,
    at: Option<Position>,
}

impl Pages {
    fn new(prefix: String, at: Option<Position>) -> Self {
        let start = prefix.into_bytes();
        let mut end = start.clone();
        // All prefixes end with a slash, so this is the first key after all that begin with it.
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        Self { next: Some(start), end, at }
    }

    /// The next page; at least one, which may be empty.
    async fn next(&mut self, link: &Link) -> Result<Option<Vec<KeyValue>>, End> {
        let Some(start) = self.next.take() else { return Ok(None) };
        let mut options = GetOptions::new().with_range(self.end.clone()).with_limit(PAGE);
        if let Some(at) = self.at {
            options = options.with_revision(i64::try_from(at.revision).unwrap_or(i64::MAX));
        }
        let mut client = link.client.kv_client().max_decoding_message_size(MOST_BYTES);
        let answer = tokio::time::timeout(PAGE_TIME, client.get(start, Some(options))).await;
        let mut answer = answer.map_err(|_| silent())?.map_err(Fault::from)?;
        if self.at.is_none() {
            self.at = answer.header().map(|header| Position {
                revision: unsigned(header.revision()),
                cluster: header.cluster_id(),
                term: header.raft_term(),
            });
        }
        let page = answer.take_kvs();
        if let Some(last) = page.last().filter(|_| answer.more()) {
            self.next = Some([last.key(), &[0]].concat());
        }
        Ok(Some(page))
    }

    async fn all(mut self, link: &Link) -> Result<Vec<KeyValue>, End> {
        let mut all = Vec::new();
        while let Some(page) = self.next(link).await? {
            all.extend(page);
        }
        Ok(all)
    }
}
