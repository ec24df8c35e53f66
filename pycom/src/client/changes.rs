//! Who comes and goes among those that offer an interface, as a stream.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::watch;

use super::attend::attend;
use super::group::{Group, Members};
use super::instance::Instance;
use crate::names::ServiceName;
use crate::transport::Address;

/// A service has come to offer an interface, or offers it no more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It has come, or has been started anew.
    Added {
        /// Its name.
        service: ServiceName,
        /// Where it is.
        address: Address,
    },
    /// It is gone, or has been started anew.
    Removed {
        /// Its name.
        service: ServiceName,
        /// Where it was.
        address: Address,
    },
}

type Waiting = Pin<Box<dyn Future<Output = Option<watch::Receiver<Arc<Members>>>> + Send>>;

/// Changes as the nameserver tells them; comes from [`Context::watch`](crate::Context::watch).
///
/// Begins with everyone who is there. What is not read at once is put together: it never holds
/// more than the difference between what was told and what is, and misses no change that lasts.
/// It goes on while nameservers are away, and never ends.
pub struct Changes {
    /// Keeps the task that learns of changes.
    context: crate::Context,
    group: Arc<Group>,
    told: Vec<Arc<Instance>>,
    /// To be told.
    next: VecDeque<Change>,
    waiting: Waiting,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Changes({})", self.group.interface())
    }
}

impl Changes {
    pub(super) fn new(context: crate::Context, group: Arc<Group>) -> Self {
        let mut members = group.subscribe();
        members.mark_changed();
        Self { context, group, told: Vec::new(), next: VecDeque::new(), waiting: wait(members) }
    }

    /// The next change.
    pub async fn next(&mut self) -> Change {
        match std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await {
            Some(change) => change,
            // It never ends.
            None => std::future::pending().await,
        }
    }
}

fn wait(mut members: watch::Receiver<Arc<Members>>) -> Waiting {
    Box::pin(async move { members.changed().await.ok().map(|()| members) })
}

impl Stream for Changes {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        let this = &mut *self;
        attend(&this.context, &this.group);
        while this.next.is_empty() {
            let Some(mut members) = ready!(this.waiting.as_mut().poll(cx)) else { return Poll::Ready(None) };
            let current = members.borrow_and_update().listed().to_vec();
            this.next = difference(&this.told, &current);
            this.told = current;
            this.waiting = wait(members);
        }
        Poll::Ready(this.next.pop_front())
    }
}

/// Removals first: a service that has moved is gone before it has come.
fn difference(before: &[Arc<Instance>], after: &[Arc<Instance>]) -> VecDeque<Change> {
    let place = |instance: &Arc<Instance>| (instance.service.clone(), instance.address.clone());
    let among = |instances: &[Arc<Instance>]| instances.iter().map(Arc::as_ptr).collect::<HashSet<_>>();
    let (former, present) = (among(before), among(after));
    let removed = before.iter().filter(|instance| !present.contains(&Arc::as_ptr(instance))).map(place);
    let added = after.iter().filter(|instance| !former.contains(&Arc::as_ptr(instance))).map(place);
    let removed = removed.map(|(service, address)| Change::Removed { service, address });
    removed.chain(added.map(|(service, address)| Change::Added { service, address })).collect()
}
