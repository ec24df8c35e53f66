//! How a call finds an instance that answers it: which one is asked first, and what becomes of the
//! call where that one does not answer.
//!
//! A call that surely did not run goes to another instance. One that may have run does so only
//! where its method is idempotent. An idempotent call that is not answered within its share of the
//! time is sent to a second instance as well, and the first answer counts: so one that hangs does
//! not take all the time, and one that is slow is still heard.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::attend::attend;
use super::call::{To, attempt};
use super::component::Component;
use super::events::Event;
use super::group::Group;
use super::health::Trouble;
use super::instance::Instance;
use super::locate;
use crate::error::{Error, Outcome, Tried};
use crate::reply::Reply;
use crate::request::Request;

/// Instances that one call tries at most.
const MOST: usize = 16;

/// Into how many shares the time of an idempotent call is divided at most.
const SHARES: usize = 3;

/// How often an idempotent call begins anew where nobody could answer, and after which time first.
const ROUNDS: u32 = 3;
const ROUND_WAIT: Duration = Duration::from_millis(100);

/// A call in search of an instance.
struct Search<'c> {
    component: &'c Component,
    group: &'c Arc<Group>,
    request: &'c Request,
    deadline: Instant,
    strict: bool,
    idempotent: bool,
    failed: Vec<Failed>,
    asked_again: bool,
}

/// One instance that did not answer the call.
struct Failed {
    instance: Arc<Instance>,
    error: Error,
    /// Not in this round.
    former: bool,
}

/// What follows from what one instance said.
enum Verdict {
    /// That is the answer.
    Final(Result<Reply, Error>),
    /// Another may be asked.
    Elsewhere(Error),
}

/// Sends a request to one of the group's instances.
pub(super) async fn spread(
    component: &Component,
    group: &Arc<Group>,
    request: &Request,
    deadline: Instant,
    strict: bool,
) -> Result<Reply, Error> {
    attend(&component.context, group);
    let session = component.session.instance();
    if let Some(instance) = session {
        // Boxed, as all that is rare: the usual call is to be small.
        return Box::pin(stay(component, group, &instance, request, deadline, strict)).await;
    }
    let idempotent = request.idempotent || group.knows_idempotent(&request.method);
    let mut search =
        Search { component, group, request, deadline, strict, idempotent, failed: Vec::new(), asked_again: false };
    if idempotent && group.count() > 1 { Box::pin(search.overlapping()).await } else { search.in_turn().await }
}

/// Sends a request of a session to where the session is kept.
async fn stay(
    component: &Component,
    group: &Arc<Group>,
    instance: &Arc<Instance>,
    request: &Request,
    deadline: Instant,
    strict: bool,
) -> Result<Reply, Error> {
    let result = {
        let _busy = instance.begin(Instant::now());
        attempt(component, To::Instance(instance), request, deadline, strict).await
    };
    let trouble = learn(component, group, instance, &result);
    match (result, trouble) {
        (Err(Error::ServiceNotAvailable(failure)), Some(Trouble::Gone)) if failure.outcome == Outcome::NotRun => {
            // Whether it is gone for good, the nameserver knows.
            let asked = Box::pin(refresh(component, group, deadline)).await;
            let listed = |members: &[Arc<Instance>]| {
                members.iter().any(|i| Arc::ptr_eq(i, instance) || i.address == instance.address)
            };
            if !asked || listed(group.members().instances()) {
                let hint = "; its session is kept there: try again later, or begin anew with fresh_session";
                let mut failure = failure;
                failure.reason.push_str(hint);
                return Err(Error::ServiceNotAvailable(failure));
            }
            let id = component.session.id().unwrap_or_default();
            component.session.expired(&id);
            let text = format!(
                "Session '{}' has expired: {}, which kept it, is gone ({})",
                crate::names::escaped(&id),
                instance.service,
                failure.reason
            );
            Err(Error::from_code(crate::error::code::SESSION_EXPIRED, text, failure.at))
        }
        (result, _) => result,
    }
}

/// Asks the nameservers anew; says whether one of them answered.
async fn refresh(component: &Component, group: &Arc<Group>, deadline: Instant) -> bool {
    // Boxed: asking is itself a call.
    let asked = Box::pin(locate::ask(&component.context, group.interface(), group.wanted(), deadline)).await;
    match asked {
        Ok(found) => group.told(found),
        Err(Error::ServiceNotFound(_)) => group.told(Vec::new()),
        Err(_) => return false,
    }
    true
}

/// What a reply, or the lack of one, says of the instance.
fn learn(
    component: &Component,
    group: &Group,
    instance: &Arc<Instance>,
    result: &Result<Reply, Error>,
) -> Option<Trouble> {
    let error = match result {
        Ok(reply) => reply.error().filter(|error| matches!(error, Error::Overloaded(_))),
        Err(error) => Some(error),
    };
    let trouble = error.and_then(|error| match error {
        Error::Overloaded(_) => Some(Trouble::Full),
        Error::ServiceNotAvailable(_) => Some(Trouble::Gone),
        Error::Timeout { failure, .. } if failure.outcome == Outcome::NotRun => Some(Trouble::Gone),
        Error::Timeout { .. } => Some(Trouble::Late),
        _ => None,
    });
    let (Some(trouble), Some(error)) = (trouble, error) else {
        if result.is_ok() {
            group.budget.earn();
            if instance.answered() {
                component.context.listeners().tell(|| Event::Back { address: instance.address.clone() });
            }
        }
        return None;
    };
    note(component, group, instance, trouble, error);
    Some(trouble)
}

fn note(component: &Component, group: &Group, instance: &Instance, trouble: Trouble, error: &Error) {
    let reason = reason(error);
    if let Some(wait) = instance.failed(trouble, reason, Instant::now()) {
        tracing::debug!(service = %instance.service, address = %instance.address, reason, ?wait, "set aside");
        let address = || instance.address.clone();
        let event = || Event::SetAside { address: address(), reason: reason.to_owned(), wait };
        component.context.listeners().tell(event);
        group.doubt.notify_one();
    }
}

/// Why an instance did not answer, without where and whether it ran.
fn reason(error: &Error) -> &str {
    match error {
        Error::ServiceNotAvailable(failure) | Error::NotSent(failure) | Error::Timeout { failure, .. } => {
            &failure.reason
        }
        other => other.text().unwrap_or("it did not answer"),
    }
}

impl Search<'_> {
    /// The next instance to be tried.
    async fn next(&mut self) -> Option<Arc<Instance>> {
        loop {
            let now = Instant::now();
            if self.failed.len() >= MOST || now >= self.deadline {
                return None;
            }
            let failed = &self.failed;
            let tried = |i: &Arc<Instance>| failed.iter().any(|f| !f.former && Arc::ptr_eq(&f.instance, i));
            if let Some(instance) = self.group.choose(self.component.balance(self.request), tried, now) {
                return Some(instance);
            }
            if std::mem::replace(&mut self.asked_again, true) {
                return None;
            }
            // Nobody of those that are known: the nameserver may know others by now.
            let asked = refresh(self.component, self.group, self.deadline);
            if !Box::pin(asked).await {
                return None;
            }
        }
    }

    fn judge(&self, instance: &Arc<Instance>, result: Result<Reply, Error>) -> Verdict {
        let Some(trouble) = learn(self.component, self.group, instance, &result) else {
            return Verdict::Final(result);
        };
        let error = match &result {
            Err(error) => error.clone(),
            Ok(reply) => match reply.error() {
                Some(error) => error.clone(),
                None => return Verdict::Final(result),
            },
        };
        let surely_not_run = error.outcome() != Outcome::MayHaveRun;
        let elsewhere = match trouble {
            // It costs nobody anything.
            Trouble::Gone if surely_not_run => true,
            Trouble::Full => self.group.budget.spend(),
            Trouble::Gone | Trouble::Late => self.idempotent && self.group.budget.spend(),
        };
        if elsewhere { Verdict::Elsewhere(error) } else { Verdict::Final(result) }
    }

    /// One instance after the other.
    async fn in_turn(&mut self) -> Result<Reply, Error> {
        let mut round = 0;
        loop {
            let Some(instance) = self.next().await else {
                if self.begin_round(&mut round).await {
                    continue;
                }
                return Err(self.nobody());
            };
            let result = {
                let _busy = instance.begin(Instant::now());
                attempt(self.component, To::Instance(&instance), self.request, self.deadline, self.strict).await
            };
            match self.judge(&instance, result) {
                Verdict::Final(result) => return self.with_tried(result),
                Verdict::Elsewhere(error) => self.failed.push(Failed { instance, error, former: false }),
            }
        }
    }

    /// Whether everyone is to be tried again, which an idempotent call does a few times.
    async fn begin_round(&mut self, round: &mut u32) -> bool {
        let wait = ROUND_WAIT.saturating_mul(1 << *round).mul_f64(0.5 + fastrand::f64() / 2.0);
        *round += 1;
        if !self.idempotent || self.failed.is_empty() || *round > ROUNDS || Instant::now() + wait >= self.deadline {
            return false;
        }
        tokio::time::sleep(wait).await;
        self.failed.iter_mut().for_each(|failed| failed.former = true);
        self.asked_again = false;
        true
    }

    /// The next instance as well, where one has had its share of the time.
    async fn overlapping(&mut self) -> Result<Reply, Error> {
        type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;
        let (component, request, deadline, strict) = (self.component, self.request, self.deadline, self.strict);
        let mut running: Vec<(Arc<Instance>, Attempt<'_>)> = Vec::new();
        let (mut round, mut more) = (0, true);
        loop {
            let next = match (more, running.is_empty()) {
                (false, _) => None,
                (true, true) => self.next().await,
                (true, false) if self.group.budget.spend() => self.next_beside(&running),
                (true, false) => None,
            };
            more = next.is_some();
            if let Some(instance) = next {
                let to = instance.clone();
                let attempt = Box::pin(async move {
                    let _busy = to.begin(Instant::now());
                    attempt(component, To::Instance(&to), request, deadline, strict).await
                });
                running.push((instance, attempt));
            } else if running.is_empty() {
                if self.begin_round(&mut round).await {
                    more = true;
                    continue;
                }
                return Err(self.nobody());
            }
            let untried = self.group.count().saturating_sub(self.failed.len() + running.len()) + 1;
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(untried.clamp(1, SHARES)).unwrap_or(1);
            let mut patience = pin!(more.then(|| tokio::time::sleep(share)));
            let ended = poll_fn(|cx| {
                let ended =
                    running.iter_mut().enumerate().find_map(|(place, (_, attempt))| match attempt.as_mut().poll(cx) {
                        Poll::Ready(result) => Some((place, result)),
                        Poll::Pending => None,
                    });
                match (ended, patience.as_mut().as_pin_mut()) {
                    (Some(ended), _) => Poll::Ready(Some(ended)),
                    (None, Some(patience)) => patience.poll(cx).map(|()| None),
                    (None, None) => Poll::Pending,
                }
            })
            .await;
            let Some((place, result)) = ended else {
                // The one that was asked last is late; it goes on, beside another.
                if let Some((late, _)) = running.last() {
                    let error = Error::overdue(late.site(&component.interface, &request.method), share);
                    note(component, self.group, late, Trouble::Late, &error);
                }
                continue;
            };
            let (instance, _) = running.swap_remove(place);
            match self.judge(&instance, result) {
                Verdict::Final(Err(error)) if !running.is_empty() => {
                    self.failed.push(Failed { instance, error, former: false });
                    more = false;
                }
                Verdict::Final(result) => return self.with_tried(result),
                Verdict::Elsewhere(error) => {
                    self.failed.push(Failed { instance, error, former: false });
                    more = true;
                }
            }
        }
    }

    /// The next instance beside those that have not answered yet.
    fn next_beside<A>(&self, running: &[(Arc<Instance>, A)]) -> Option<Arc<Instance>> {
        let failed = &self.failed;
        let tried = |i: &Arc<Instance>| {
            failed.iter().any(|f| !f.former && Arc::ptr_eq(&f.instance, i))
                || running.iter().any(|(running, _)| Arc::ptr_eq(running, i))
        };
        let now = Instant::now();
        let next = self.group.choose(self.component.balance(self.request), tried, now)?;
        next.may_try(now).then_some(next)
    }

    /// The error where nobody answered: the last one, with those before it.
    fn nobody(&mut self) -> Error {
        match self.failed.pop() {
            Some(last) => self.told(last.error),
            None if Instant::now() >= self.deadline => {
                Error::overdue(self.component.site(Some(&self.request.method)), Duration::ZERO)
            }
            None => locate::not_found(self.group.interface()),
        }
    }

    fn with_tried(&mut self, result: Result<Reply, Error>) -> Result<Reply, Error> {
        if self.failed.is_empty() {
            return result;
        }
        match result {
            Err(error) => Err(self.told(error)),
            // A refusal of the last one says what it is; others were tried too.
            Ok(reply) => match reply.error() {
                Some(error @ Error::Overloaded(_)) => Err(self.told(error.clone())),
                _ => Ok(reply),
            },
        }
    }

    /// An error that names everyone who was tried before.
    fn told(&mut self, error: Error) -> Error {
        let tried = std::mem::take(&mut self.failed).into_iter().map(|failed| Tried {
            service: failed.instance.service.shared(),
            address: failed.instance.address.clone(),
            reason: reason(&failed.error).to_owned(),
            outcome: failed.error.outcome(),
        });
        error.with_tried(tried.collect())
    }
}
