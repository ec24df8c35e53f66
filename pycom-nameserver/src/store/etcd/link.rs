//! The connection to one node at a time.
//!
//! etcd's own client spreads calls over all nodes, and goes on trying one that hangs. So each node has a client of its own,
//! and one is used: the leader where it answers, because a renewal by way of another costs three times as much.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::Duration;

use etcd_client::{Client, ConnectOptions, Error, LeaseKeepAliveStream, LeaseKeeper};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::store::{LeaseId, Renewed, StoreError};

/// How long one call may take.
pub(super) const CALL: Duration = Duration::from_secs(1);

/// How long a node that answers waits for the leader to answer too.
const LEADER: Duration = Duration::from_millis(150);

/// Between two attempts to find a node.
const PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked whether the node is still the leader.
const LOOK: Duration = Duration::from_secs(30);

/// Renewals that wait to be sent.
const RENEWALS: usize = 1024;

/// Term of the lease that a stream of renewals begins with, in seconds.
const FIRST_LEASE: i64 = 5;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Away(String),
    Refused(String),
    NoLease,
    LeaseExists,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Away(reason) => StoreError::Away(reason),
            Fault::Refused(reason) => StoreError::Refused(reason),
            Fault::NoLease => StoreError::Refused("the lease is gone".into()),
            Fault::LeaseExists => StoreError::Refused("the lease is there already".into()),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let Error::GRpcStatus(status) = &error else { return Fault::Away(error.to_string()) };
        // By their texts, which are the same since etcd 3.0: the codes are used for other things too.
        match status.message() {
            "etcdserver: requested lease not found" => return Fault::NoLease,
            "etcdserver: lease already exists" => return Fault::LeaseExists,
            _ => {}
        }
        // Codes of gRPC: invalid argument, not found, already exists, permission denied, failed precondition, out of
        // range, unimplemented, unauthenticated.
        match status.code() as i32 {
            3 | 5 | 6 | 7 | 9 | 11 | 12 | 16 => Fault::Refused(status.message().to_owned()),
            _ => Fault::Away(status.message().to_owned()),
        }
    }
}

/// The node in use.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) client: Client,
    node: String,
    leader: u64,
    leads: bool,
    renewals: mpsc::Sender<(LeaseId, oneshot::Sender<Renewed>)>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.node)
    }
}

/// All nodes, and the one in use.
#[derive(Debug)]
pub(super) struct Links {
    shared: Arc<Shared>,
    started: Once,
}

struct Shared {
    nodes: Vec<String>,
    options: ConnectOptions,
    current: watch::Sender<Option<Arc<Link>>>,
    /// Rung when the one in use has failed.
    broken: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

impl Links {
    pub(super) fn new(nodes: Vec<String>, options: ConnectOptions) -> Self {
        let shared = Shared { nodes, options, current: watch::channel(None).0, broken: Notify::new() };
        Self { shared: Arc::new(shared), started: Once::new() }
    }

    /// The node in use, and etcd's number of its leader.
    pub(super) fn status(&self) -> (Option<String>, Option<String>) {
        let current = self.shared.current.borrow();
        let link = current.as_ref();
        (link.map(|link| link.node.clone()), link.map(|link| format!("{:x}", link.leader)))
    }

    /// Told when another node is used.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<Arc<Link>>> {
        self.start();
        self.shared.current.subscribe()
    }

    /// The link in use; waits a moment for one.
    pub(super) async fn link(&self) -> Result<Arc<Link>, Fault> {
        let mut current = self.subscribe();
        let found = tokio::time::timeout(CALL, current.wait_for(Option::is_some)).await;
        match found {
            Ok(Ok(link)) => link.clone().ok_or_else(|| Fault::Away("no node answers".into())),
            _ => Err(Fault::Away(format!("no node of {} answers", self.shared.nodes.join(", ")))),
        }
    }

    /// Calls the node in use, once. Where it does not answer another is used from then on.
    pub(super) async fn call<T, F>(&self, call: impl FnOnce(Client) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let link = self.link().await?;
        let fault = match tokio::time::timeout(CALL, call(link.client.clone())).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Fault::from(error),
            Err(_) => Fault::Away(format!("{} did not answer within {CALL:?}", link.node)),
        };
        if let Fault::Away(_) = fault {
            self.leave(&link);
        }
        Err(fault)
    }

    /// Renews a lease on the stream that all renewals share.
    pub(super) async fn renew(&self, lease: LeaseId) -> Result<Renewed, Fault> {
        let link = self.link().await?;
        let (answer, renewed) = oneshot::channel();
        let renew = async {
            link.renewals.send((lease, answer)).await.ok()?;
            renewed.await.ok()
        };
        match tokio::time::timeout(CALL, renew).await {
            Ok(Some(renewed)) => Ok(renewed),
            _ => {
                self.leave(&link);
                Err(Fault::Away(format!("{} did not answer within {CALL:?}", link.node)))
            }
        }
    }

    /// Stops using a node.
    pub(super) fn leave(&self, link: &Arc<Link>) {
        self.shared.leave(link);
    }

    fn start(&self) {
        self.started.call_once(|| {
            tokio::spawn(keep(Arc::downgrade(&self.shared)));
        });
    }
}

impl Shared {
    fn leave(&self, link: &Arc<Link>) {
        let left = self.current.send_if_modified(|current| {
            let is_current = current.as_ref().is_some_and(|current| Arc::ptr_eq(current, link));
            if is_current {
                *current = None;
            }
            is_current
        });
        if left {
            tracing::debug!(node = link.node, "another node of etcd is tried");
            self.broken.notify_one();
        }
    }

    /// The leader; or whoever answers, where that does not.
    async fn choose(self: &Arc<Self>) -> Option<Arc<Link>> {
        let mut tries = JoinSet::new();
        for node in &self.nodes {
            tries.spawn(try_node(node.clone(), self.options.clone()));
        }
        let mut best: Option<(Client, String, u64, bool)> = None;
        loop {
            let next = match best {
                None => tries.join_next().await,
                Some(_) => tokio::time::timeout(LEADER, tries.join_next()).await.unwrap_or(None),
            };
            match next {
                None => break,
                Some(Ok(Some(found))) if found.3 => {
                    best = Some(found);
                    break;
                }
                Some(Ok(Some(found))) => best = best.or(Some(found)),
                Some(_) => {}
            }
        }
        let (client, node, leader, leads) = best?;
        let (renewals, received) = mpsc::channel(RENEWALS);
        let link = Arc::new(Link { client, node, leader, leads, renewals });
        tokio::spawn(renewals_of(Arc::downgrade(self), link.client.clone(), Arc::downgrade(&link), received));
        Some(link)
    }
}

/// Keeps a link to some node until nobody wants one.
async fn keep(shared: Weak<Shared>) {
    let mut reported = false;
    loop {
        let Some(strong) = shared.upgrade() else { return };
        let current = strong.current.borrow().clone();
        match current {
            None => match strong.choose().await {
                Some(link) => {
                    tracing::info!(node = link.node, leads = link.leads, "using this node of etcd");
                    reported = false;
                    strong.current.send_replace(Some(link));
                }
                None => {
                    if !std::mem::replace(&mut reported, true) {
                        tracing::warn!(nodes = ?strong.nodes, "no node of etcd answers; is etcd running there?");
                    }
                    drop(strong);
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(link) => {
                let broken = async { strong.broken.notified().await };
                if tokio::time::timeout(LOOK, broken).await.is_err()
                    && !still_leads(&link).await
                    && let Some(better) = strong.choose().await
                    && better.leads
                {
                    strong.current.send_replace(Some(better));
                }
            }
        }
    }
}

async fn still_leads(link: &Link) -> bool {
    let mut client = link.client.clone();
    match tokio::time::timeout(CALL, client.status()).await {
        Ok(Ok(status)) => status.header().is_some_and(|header| header.member_id() == status.leader()),
        _ => false,
    }
}

async fn try_node(node: String, options: ConnectOptions) -> Option<(Client, String, u64, bool)> {
    let connect = async {
        let mut client = Client::connect([&node], Some(options)).await?;
        let status = client.status().await?;
        Ok::<_, Error>((client, status))
    };
    match tokio::time::timeout(CALL, connect).await {
        Ok(Ok((client, status))) if status.leader() != 0 => {
            let leads = status.header().is_some_and(|header| header.member_id() == status.leader());
            Some((client, node, status.leader(), leads))
        }
        Ok(Ok(_)) => {
            tracing::debug!(node, "a node of etcd has no leader");
            None
        }
        Ok(Err(error)) => {
            tracing::debug!(node, %error, "a node of etcd cannot be used");
            None
        }
        Err(_) => None,
    }
}

type Waiting = Arc<Mutex<HashMap<i64, Vec<oneshot::Sender<Renewed>>>>>;

fn lock(waiting: &Waiting) -> MutexGuard<'_, HashMap<i64, Vec<oneshot::Sender<Renewed>>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends all renewals on one stream, which etcd's client has for one lease each, and leaves the node where it ends.
async fn renewals_of(
    shared: Weak<Shared>,
    mut client: Client,
    link: Weak<Link>,
    mut renewals: mpsc::Receiver<(LeaseId, oneshot::Sender<Renewed>)>,
) {
    let Some((mut keeper, stream)) = open(&mut client).await else {
        if let (Some(shared), Some(link)) = (shared.upgrade(), link.upgrade()) {
            shared.leave(&link);
        }
        return;
    };
    let waiting = Waiting::default();
    let mut reader = tokio::spawn(read(stream, waiting.clone()));
    loop {
        tokio::select! {
            _ = &mut reader => break,
            next = renewals.recv() => {
                let Some((lease, answer)) = next else { break };
                lock(&waiting).entry(lease.0).or_default().push(answer);
                keeper.id = lease.0;
                if keeper.keep_alive().await.is_err() {
                    break;
                }
            }
        }
    }
    reader.abort();
    // Those who wait see at once that nothing comes.
    lock(&waiting).clear();
    if let (Some(shared), Some(link)) = (shared.upgrade(), link.upgrade()) {
        shared.leave(&link);
    }
}

/// A stream begins with a lease that is there: one that nobody else uses, and that ends by itself.
async fn open(client: &mut Client) -> Option<(LeaseKeeper, LeaseKeepAliveStream)> {
    let open = async {
        let lease = client.lease_grant(FIRST_LEASE, None).await?;
        client.lease_keep_alive(lease.id()).await
    };
    tokio::time::timeout(CALL, open).await.ok()?.ok()
}

async fn read(mut stream: LeaseKeepAliveStream, waiting: Waiting) {
    while let Ok(Some(answer)) = stream.message().await {
        let renewed = match u64::try_from(answer.ttl()) {
            Ok(seconds) if seconds > 0 => Renewed::Until(Duration::from_secs(seconds)),
            _ => Renewed::Lost,
        };
        for asked in lock(&waiting).remove(&answer.id()).into_iter().flatten() {
            // Whoever has given up needs no answer.
            let _ = asked.send(renewed);
        }
    }
}
