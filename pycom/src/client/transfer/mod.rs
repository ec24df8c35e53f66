//! Attachments in chunks, on the caller's side.
//!
//! | file | owns |
//! | --- | --- |
//! | `link` | one command to one address, and what can become of it; what is known of the address |
//! | `pipeline` | commands under way, answered in their order |
//! | `upload` | one attachment that goes, chunk by chunk |
//! | `download` | one attachment that comes, chunk by chunk |

mod download;
mod link;
mod pipeline;
mod upload;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;

use self::download::Download;
pub(super) use self::link::Peers;
use self::link::{LONG, Link, ResetOnDrop, Trouble};
use self::upload::{Stop, Upload};
use super::Component;
use crate::attachment::{Attachment, Attachments};
use crate::error::{Error, Outcome};
use crate::protocol::{self, OfferedAttachments, PrepareAnswer, Prepared, RefusedTransfer};
use crate::request::Request;
use crate::transport::{Address, keep_freed_memory};
use crate::wire::{Body, CallIdRequest, Command};

/// Largest attachment that goes with its call in one frame, unless the context says otherwise.
pub(super) const THRESHOLD: usize = 1024 * 1024;

/// How often a call is prepared anew with a service that was started anew.
const ATTEMPTS: u32 = 3;

/// Waits after a loss.
const PAUSE: Duration = Duration::from_millis(50);

/// How the attachments of a call have gone.
pub(super) enum Gone {
    /// Not yet: they go with the call, in one frame.
    InFrame(Option<Bytes>),
    /// In chunks; this is the answer to the call.
    InChunks(Body),
}

/// Sends the attachments of a request, and with them the call, where they do not fit into its frame.
pub(super) async fn send(
    component: &Component,
    address: &Address,
    request: &Request,
    session: Option<&str>,
    strict: bool,
    deadline: Instant,
) -> Result<Gone, Error> {
    let entries = request.attachments.entries();
    if entries.is_empty() {
        return Ok(Gone::InFrame(None));
    }
    let link = Link::new(component, address, &request.method, deadline);
    if let [only] = entries
        && only.implied
        && let Some(data) =
            in_memory(&only.attachment, component.context.chunks_above()).await.map_err(|e| link.unread(e))?
    {
        return Ok(Gone::InFrame(Some(data)));
    }
    let call = Call { request, session, strict, link };
    let mut attempt = 1;
    loop {
        if call.link.peer.takes_one_frame_only() {
            return call.in_one_frame().await.map(|data| Gone::InFrame(Some(data)));
        }
        match call.in_chunks().await {
            Ok(Some(body)) => return Ok(Gone::InChunks(body)),
            Ok(None) => call.link.peer.set_one_frame_only(),
            Err(Stop::Forgotten(error)) if attempt >= ATTEMPTS || !call.is_rewindable() => return Err(error),
            Err(Stop::Forgotten(_)) => attempt += 1,
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

/// The data, where there are no more than `most` bytes. What is a stream can be read as before.
async fn in_memory(attachment: &Attachment, most: usize) -> Result<Option<Bytes>, Error> {
    if let Some(data) = attachment.as_bytes() {
        return Ok((data.len() <= most).then(|| data.clone()));
    }
    match attachment.size() {
        Some(size) if size > most as u64 => Ok(None),
        _ => attachment.read_ahead(most).await,
    }
}

/// A call whose attachments do not go in its frame.
struct Call<'a> {
    request: &'a Request,
    session: Option<&'a str>,
    strict: bool,
    link: Link,
}

impl Call<'_> {
    fn is_rewindable(&self) -> bool {
        self.request.attachments.are_rewindable()
    }

    /// To a service that does not know chunks.
    async fn in_one_frame(&self) -> Result<Bytes, Error> {
        let most = self.link.max_frame();
        let [only] = self.request.attachments.entries() else {
            let count = self.request.attachments.entries().len();
            let reason =
                format!("the service takes one attachment with a call, and there are {count}; send them one by one");
            return Err(self.link.not_sent(reason));
        };
        match in_memory(&only.attachment, most).await.map_err(|error| self.link.unread(error))? {
            Some(data) => Ok(data),
            None => {
                let size = only.attachment.size().map_or_else(|| "more".to_owned(), |size| format!("{size}"));
                let reason = format!(
                    "the attachment has {size} bytes, over the limit of {most} bytes for one frame, and the service takes no chunks; send less, or raise max_message_size on both sides"
                );
                Err(self.link.not_sent(reason))
            }
        }
    }

    fn announced(&self) -> Prepared {
        let entries = self.request.attachments.entries();
        let attachments = entries.iter().map(|entry| (entry.name.to_string(), entry.attachment.size())).collect();
        let resume: BTreeMap<_, _> = entries
            .iter()
            .filter(|entry| entry.attachment.is_rewindable())
            .filter_map(|entry| Some((entry.name.to_string(), entry.attachment.resume_token()?.to_owned())))
            .collect();
        Prepared { attachments, early: true, resume }
    }

    /// `None` where the service does not know chunks.
    async fn in_chunks(&self) -> Result<Option<Body>, Stop> {
        keep_freed_memory();
        let announced = self.announced();
        if let Some(token) = announced.resume.values().find(|token| token.is_empty() || token.len() > 255) {
            let reason = format!("a token to resume by has 1 to 255 bytes, not {}", token.len());
            return Err(Stop::Failed(self.link.not_sent(reason)));
        }
        let prepare = protocol::write_prepare(self.request, self.session, self.strict, &announced);
        // What has arrived before is read through, to know its checksum.
        let time = if announced.resume.is_empty() { self.link.timeout } else { LONG };
        let body = match self.link.ask(prepare, time, Outcome::NotRun).await {
            Ok(body) => body,
            Err(Trouble::Lost { error, .. } | Trouble::Failed(error)) => return Err(Stop::Failed(error)),
        };
        match self.link.read(&body) {
            Err(error) if protocol::takes_one_frame_only(&error) => return Ok(None),
            // As any refusal of a call: read where those are.
            Err(Error::BadReply(failure)) => return Err(Stop::Failed(Error::BadReply(failure))),
            Err(_) => return Ok(Some(body)),
            Ok(_) => {}
        }
        let Some((call_id, answer)) = protocol::read_prepared(&body) else {
            return Err(Stop::Failed(self.link.bad_reply("the answer to PREPARE has no call_id".into())));
        };
        let call_id: Arc<str> = call_id.into();
        let open = ResetOnDrop::new(&self.link, call_id.clone());
        let body = self.transfer(&call_id, &answer).await?;
        // The answer to an early one is kept until RESET tells that it has come. What waits to be fetched is reset by
        // those who fetch it.
        if !answer.early || protocol::read_prepared(&body).is_some() {
            open.keep();
        }
        Ok(Some(body))
    }

    /// Sends the attachments and runs the call.
    async fn transfer(&self, call_id: &Arc<str>, answer: &PrepareAnswer) -> Result<Body, Stop> {
        let link = if answer.early { self.link.once(Outcome::MayHaveRun) } else { self.link.clone() };
        let mut sending: Vec<Sending<'_>> = Vec::new();
        let is_over = Arc::new(AtomicBool::new(false));
        for entry in self.request.attachments.entries() {
            let offset = answer.offsets.get(&*entry.name).copied().unwrap_or(0);
            let upload = Upload::new(&link, call_id, &entry.name, entry.attachment.clone(), answer, &is_over);
            sending.push(Box::pin(upload.run(offset)));
        }
        let mut sent = Box::pin(all(sending));
        if !answer.early {
            sent.await?;
            return self.execute(call_id, self.link.timeout).await;
        }
        let mut executed = Box::pin(self.execute_through_losses(call_id));
        tokio::select! {
            biased;
            // A method that needs no more of them has ended. What it has taken is told before.
            answer = &mut executed => {
                is_over.store(true, Ordering::Relaxed);
                let _ = poll_fn(|cx| Poll::Ready(sent.as_mut().poll(cx))).await;
                return answer;
            }
            outcome = &mut sent => match outcome {
                // It has begun: to begin anew would run it twice.
                Err(Stop::Forgotten(error)) if !self.request.idempotent => return Err(Stop::Failed(error)),
                outcome => outcome?,
            },
        }
        match tokio::time::timeout(self.link.timeout, executed).await {
            Ok(answer) => answer,
            Err(_) => Err(Stop::Failed(link.stalled())),
        }
    }

    async fn execute(&self, call_id: &str, time: Duration) -> Result<Body, Stop> {
        let left = self.link.until(time).saturating_duration_since(Instant::now()).as_millis();
        let execute = CallIdRequest { call_id: call_id.into(), timeout: Some(left as f64), again: false };
        let execute = protocol::write_command(Command::Exec, execute.write(), None);
        match self.link.ask(execute, time, Outcome::MayHaveRun).await {
            Ok(body) => Ok(body),
            Err(Trouble::Lost { error, .. } | Trouble::Failed(error)) => Err(Stop::Failed(error)),
        }
    }

    /// Runs the call while its attachments are sent, and waits for its answer, over as many connections as that takes.
    async fn execute_through_losses(&self, call_id: &str) -> Result<Body, Stop> {
        let (mut link, mut again, mut lost) = (self.link.clone(), false, None);
        loop {
            let execute = CallIdRequest { call_id: call_id.into(), timeout: None, again };
            let execute = protocol::write_command(Command::Exec, execute.write(), None);
            match link.ask(execute, LONG, Outcome::MayHaveRun).await {
                Ok(body) if again && self.is_unknown(&body) => {
                    let reason = "the service does not know the call any more: it was started anew, or the call rested for too long";
                    return Err(Stop::Failed(link.gone(reason)));
                }
                Ok(body) => return Ok(body),
                Err(Trouble::Failed(error)) => return Err(Stop::Failed(error)),
                Err(Trouble::Lost { error, sent }) => {
                    if sent {
                        (again, lost) = (true, None);
                        link = self.link.once(Outcome::MayHaveRun);
                    }
                    if lost.get_or_insert_with(Instant::now).elapsed() > self.link.timeout {
                        return Err(Stop::Failed(error));
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Whether an answer says that the service does not know the call.
    fn is_unknown(&self, body: &Body) -> bool {
        let said = self.link.read_reply(body).ok();
        said.and_then(|received| protocol::transfer_of::<RefusedTransfer>(received.reply.extensions()))
            .is_some_and(|refused| refused.unknown)
    }
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

/// Waits for all, or for the first that fails.
async fn all(mut sending: Vec<Sending<'_>>) -> Result<(), Stop> {
    poll_fn(|cx| {
        let mut failed = None;
        sending.retain_mut(|one| match one.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(stop)) => {
                failed = Some(stop);
                false
            }
        });
        match failed {
            Some(stop) => Poll::Ready(Err(stop)),
            None if sending.is_empty() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await
}

/// The attachments of a reply that wait to be fetched: they are fetched as they are read.
pub(super) fn fetch(
    component: &Component,
    address: &Address,
    method: &Arc<str>,
    offered: OfferedAttachments,
) -> Attachments {
    keep_freed_memory();
    let deadline = Instant::now() + component.timeout;
    let link = Link::new(component, address, method, deadline).once(Outcome::Answered);
    let OfferedAttachments { call_id, sizes, how } = offered;
    let call_id: Arc<str> = call_id.into();
    let open = Arc::new(ResetOnDrop::new(&link, call_id));
    let mut attachments = Attachments::default();
    for (place, (name, size)) in sizes.into_iter().enumerate() {
        let download = Download::new(link.clone(), open.clone(), &name, size, &how);
        attachments.set(name, Attachment::from_chunks(Box::new(download), size), place == 0);
    }
    attachments
}
