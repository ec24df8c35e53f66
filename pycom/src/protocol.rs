//! zerojson over messages: where requests and replies become frames, and frames become them.
//!
//! This is the seam for another protocol: what it would have to provide is exactly the functions of
//! this file. Above it nobody knows JSON's envelope, below it nobody knows what a call is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smallvec::SmallVec;

use crate::Json;
use crate::attachment::{Attachment, Checksum};
use crate::error::{CallSite, Error, UNKNOWN_TEXT, code};
use crate::names::{MAX_NAME_LENGTH, shown};
use crate::reply::Reply;
use crate::request::Request;
use crate::transport::Message;
use crate::wire::{self, Body, Call, CallWriter, Command, Envelope, Extensions, Malformed, OfCall, ReplyParts, key};
pub(crate) use crate::wire::{OfRefusal as RefusedTransfer, PrepareAnswer, Prepared};

/// A request as it came, with names still borrowed from its frame.
pub(crate) struct ReceivedCall<'a> {
    pub(crate) interface: &'a str,
    pub(crate) method: &'a str,
    pub(crate) session_id: Option<&'a str>,
    pub(crate) args: Json,
    pub(crate) extensions: Extensions,
    /// What ours say in the extensions.
    pub(crate) said: OfCall,
    pub(crate) attachment: Option<Attachment>,
}

/// Splits a request's message into the envelope for its reply and its body.
pub(crate) fn split_request(message: Message) -> (Envelope, Result<Body, Error>) {
    let (envelope, body) = wire::split(message);
    (envelope, body.map_err(bad_request))
}

fn bad_request(malformed: Malformed) -> Error {
    Error::bad_request(malformed.0)
}

/// What a request asks for: which of the functions below reads it.
pub(crate) fn command(body: &Body) -> Result<Command, Error> {
    Command::read(&body.word).map_err(bad_request)
}

/// Reads a call and hands it to `take`.
pub(crate) fn read_call<R>(body: Body, take: impl FnOnce(ReceivedCall<'_>) -> R) -> Result<R, Error> {
    let call = Call::parse(&body.json).map_err(bad_request)?;
    for (field, text) in [("interface", &call.interface), ("method", &call.method)] {
        if text.len() > MAX_NAME_LENGTH {
            return Err(Error::bad_request(format!(
                "Field {field} is longer than {MAX_NAME_LENGTH} bytes: {}",
                shown(text)
            )));
        }
    }
    let extensions = Extensions::received(call.extensions.map(|raw| piece(&body.json, raw)));
    Ok(take(ReceivedCall {
        interface: &call.interface,
        method: &call.method,
        session_id: call.session_id.as_deref(),
        args: piece(&body.json, call.args),
        said: extensions.of_call(),
        extensions,
        attachment: body.attachment.map(Attachment::from),
    }))
}

/// The id of the call that a `CANCEL` names: the one frame of its envelope.
pub(crate) fn read_cancel(body: &Body) -> Result<Vec<u8>, Error> {
    wire::cancelled_id(&body.json).map_err(bad_request)
}

/// A piece of a frame, shared with it.
fn piece(frame: &Bytes, text: &str) -> Json {
    let inside = frame.as_ptr_range().contains(&text.as_ptr());
    Json::from_checked(if inside { frame.slice_ref(text.as_bytes()) } else { Bytes::copy_from_slice(text.as_bytes()) })
}

/// When a call ends, by the time its caller says is left; now, if what it says is no time.
pub(crate) fn deadline(said: OfCall, now: Instant) -> Option<Instant> {
    const LONGEST: f64 = 1000.0 * 3600.0 * 24.0 * 365.0;
    let left = said.timeout?;
    Some(now + Duration::from_secs_f64(left.clamp(0.0, LONGEST) / 1000.0))
}

/// How the attachments of a reply travel.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// In the frame of the reply.
    pub(crate) frame: Option<Bytes>,
    /// To be fetched in chunks, with this call id.
    pub(crate) offered: Option<(Arc<str>, PrepareAnswer)>,
}

/// The message that carries a reply. Attachments that are offered are those in `reply`.
///
/// `at` names the method for the log: failures that are nobody's business but the service's go out
/// as code 1 without their text.
pub(crate) fn write_reply(envelope: Envelope, reply: Reply, session_id: Option<&str>, at: (&str, &str)) -> Message {
    write_carrying(envelope, reply, Carried::default(), session_id, at)
}

/// As [`write_reply`], with attachments.
pub(crate) fn write_carrying(
    envelope: Envelope,
    mut reply: Reply,
    carried: Carried,
    session_id: Option<&str>,
    at: (&str, &str),
) -> Message {
    let attachments = std::mem::take(&mut reply.attachments);
    let (writer, mut extensions) = reply.into_writer();
    match writer {
        Ok(mut writer) => {
            if let Some((call_id, how)) = &carried.offered {
                let sizes = attachments.entries().iter().map(|entry| (&*entry.name, entry.attachment.size()));
                writer.attachments(call_id, sizes);
                // An object of numbers is always JSON.
                let _ = extensions.insert(key::TRANSFER, how);
            }
            let json = writer.finish(session_id, &extensions);
            wire::answer(envelope, json.into(), carried.frame)
        }
        Err(error) => wire::answer(envelope, write_error(&error, session_id, &extensions, at), None),
    }
}

/// The code and the text that a caller gets for an error; `None` for a failure below the method, or an answer from
/// another service that says nothing about this one: its caller learns only that something failed.
fn told(error: &Error) -> Option<(i64, &str)> {
    let foreign_application_error = matches!(error, Error::Application { .. });
    match (error.code(), error.text()) {
        (Some(code), Some(text)) if error.is_own() || foreign_application_error => Some((code, text)),
        _ => None,
    }
}

/// The same answer under another envelope.
pub(crate) fn readdressed(message: Message, envelope: Envelope) -> Message {
    let body = message.into_frames().skip_while(|frame| !frame.is_empty());
    envelope.into_iter().chain(body).collect()
}

/// The JSON in the message of an answer.
pub(crate) fn json_of_answer(message: &Message) -> &[u8] {
    let after_envelope = message.frames().iter().skip_while(|frame| !frame.is_empty());
    after_envelope.skip(2).map(|frame| frame.as_ref()).next().unwrap_or_default()
}

/// The code that a reply goes out with.
pub(crate) fn code_of(reply: &Reply) -> i64 {
    reply.error().map_or(code::OK, |error| told(error).map_or(code::UNKNOWN, |(code, _)| code))
}

fn write_error(
    error: &Error,
    session_id: Option<&str>,
    extensions: &Extensions,
    (interface, method): (&str, &str),
) -> Bytes {
    let (code, text) = told(error).unwrap_or_else(|| {
        tracing::error!(interface, method, error = %error, "a method failed");
        (code::UNKNOWN, UNKNOWN_TEXT)
    });
    let data = match error {
        Error::Application { refusal, .. } => refusal.data.as_ref(),
        _ => None,
    };
    let mut extra: Vec<(&str, &dyn std::fmt::Display)> = Vec::new();
    let mut seconds = None;
    if let Error::Overloaded(refusal) = error
        && code == code::UNKNOWN
        && text != UNKNOWN_TEXT
    {
        extra.push((key::OVERLOADED, &true));
        seconds = refusal.retry_after.map(|after| after.as_secs() + u64::from(after.subsec_nanos() > 0));
    }
    if let Some(seconds) = &seconds {
        extra.push((key::UNAVAILABLE, seconds));
    }
    if let Some(data) = data {
        extra.push((key::ERROR_DATA, data));
    }
    let known = match error {
        Error::MethodNotFound(refusal) if code == code::METHOD_NOT_FOUND && !refusal.known.is_empty() => {
            const MOST: usize = 64;
            Json::from_value(&refusal.known[..refusal.known.len().min(MOST)]).ok()
        }
        _ => None,
    };
    if let Some(known) = &known {
        extra.push((key::KNOWN, known));
    }
    wire::error_reply(code, text, session_id, extensions, &extra)
}

/// Reads what `PREPARE` says beside the fields of a call.
pub(crate) fn read_prepare(body: &Body) -> Result<Prepared, Error> {
    wire::prepared(&body.json).map_err(bad_request)
}

/// An `EXEC`.
pub(crate) struct Execute {
    pub(crate) call_id: String,
    /// When its caller gives up.
    pub(crate) deadline: Option<Instant>,
    /// It may run already: the answer goes here.
    pub(crate) again: bool,
}

/// Reads an `EXEC`.
pub(crate) fn read_execute(body: &Body, now: Instant) -> Result<Execute, Error> {
    let read = wire::CallIdRequest::parse(&body.json).map_err(bad_request)?;
    let said = OfCall { timeout: read.timeout, ..OfCall::default() };
    Ok(Execute { call_id: read.call_id.into_owned(), deadline: deadline(said, now), again: read.again })
}

/// The call id of a `RESET`.
pub(crate) fn read_reset(body: &Body) -> Result<String, Error> {
    wire::CallIdRequest::parse(&body.json).map(|read| read.call_id.into_owned()).map_err(bad_request)
}

/// The answer to a `PREPARE`.
pub(crate) fn write_prepared(envelope: Envelope, call_id: &str, answer: &PrepareAnswer) -> Message {
    let mut reply = Reply::result(Json::EMPTY_OBJECT);
    // An object of numbers and names is always JSON.
    let _ = reply.extensions.insert(key::TRANSFER, answer);
    let (writer, extensions) = reply.into_writer();
    let json = writer.map(|mut writer| {
        writer.call_id(call_id);
        writer.finish(None, &extensions)
    });
    wire::answer(envelope, json.unwrap_or_default().into(), None)
}

/// The answer to a command that was done.
pub(crate) fn write_done(envelope: Envelope) -> Message {
    write_reply(envelope, Reply::result(Json::EMPTY_OBJECT), None, ("", ""))
}

/// The answer to an `FGET`.
pub(crate) fn write_chunk(envelope: Envelope, data: Bytes, checksum: Option<&Checksum>) -> Message {
    let mut reply = Reply::result(Json::EMPTY_OBJECT);
    if let Some(checksum) = checksum {
        // A text is always JSON.
        let _ = reply.extensions.insert(key::CHECKSUM, checksum.as_str());
    }
    write_carrying(envelope, reply, Carried { frame: Some(data), offered: None }, None, ("", ""))
}

/// The answer to a command of a transfer that cannot be done.
pub(crate) fn write_refusal(envelope: Envelope, error: Error, said: &RefusedTransfer) -> Message {
    let mut reply = Reply::failed(error);
    if *said != RefusedTransfer::default() {
        // An object of numbers is always JSON.
        let _ = reply.extensions.insert(key::TRANSFER, said);
    }
    write_reply(envelope, reply, None, ("", ""))
}

/// The frames of a request, before the envelope is known.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) command: Command,
    pub(crate) json: Bytes,
    pub(crate) attachment: Option<Bytes>,
}

/// Writes a request. `left` is the time until its deadline, `strict` asks the service to refuse
/// unknown arguments.
pub(crate) fn write_request(
    request: &Request,
    attachment: Option<Bytes>,
    session_id: Option<&str>,
    left: Duration,
    strict: bool,
) -> Outgoing {
    let mut writer = CallWriter::new(&request.interface, &request.method);
    if request.args != Json::NULL {
        writer.raw_args(request.args.as_str().as_bytes());
    }
    if let Some(id) = session_id {
        writer.session_id(id);
    }
    // No deadline is further away than that many milliseconds, and 128 bits are slow to write.
    let left = left.as_millis() as u64;
    let trace = request.trace.map(|parent| format!("\"{parent}\""));
    let mut extra: SmallVec<[(&str, &dyn std::fmt::Display); 4]> = SmallVec::new();
    extra.push((key::TIMEOUT, &left));
    if strict {
        extra.push((key::STRICT, &true));
    }
    if let Some(trace) = &trace {
        extra.push((key::TRACEPARENT, trace));
    }
    if request.takes_streams {
        extra.push((key::TRANSFER, &true));
    }
    writer.extensions(&request.extensions, &extra);
    Outgoing { command: Command::Call, json: writer.finish().into(), attachment }
}

/// Writes the request that prepares a call.
pub(crate) fn write_prepare(request: &Request, session_id: Option<&str>, strict: bool, said: &Prepared) -> Outgoing {
    let mut writer = CallWriter::new(&request.interface, &request.method);
    if request.args != Json::NULL {
        writer.raw_args(request.args.as_str().as_bytes());
    }
    if let Some(id) = session_id {
        writer.session_id(id);
    }
    writer.attachments(&said.attachments_json());
    let transfer = said.extension();
    let trace = request.trace.map(|parent| format!("\"{parent}\""));
    let mut extra: SmallVec<[(&str, &dyn std::fmt::Display); 4]> = SmallVec::new();
    extra.push((key::TRANSFER, &transfer));
    if strict {
        extra.push((key::STRICT, &true));
    }
    if let Some(trace) = &trace {
        extra.push((key::TRACEPARENT, trace));
    }
    writer.extensions(&request.extensions, &extra);
    Outgoing { command: Command::Prepare, json: writer.finish().into(), attachment: None }
}

/// Writes another command of a transfer.
pub(crate) fn write_command(command: Command, json: Vec<u8>, attachment: Option<Bytes>) -> Outgoing {
    Outgoing { command, json: json.into(), attachment }
}

/// The message of a request with the given id: it stands in the envelope and comes back.
pub(crate) fn address_request(id: u64, request: Outgoing) -> Message {
    let id = Bytes::copy_from_slice(&id.to_be_bytes());
    wire::request(Envelope::from_iter([id]), request.command, request.json, request.attachment)
}

/// Stands behind the id in the envelope of a `CANCEL`: the answer to it is known by that.
const OF_CANCEL: &[u8] = b"cancel";

/// The message that says that nobody waits for a call any more.
pub(crate) fn write_cancel(id: u64) -> Message {
    let id = id.to_be_bytes();
    let envelope = Envelope::from_iter([Bytes::copy_from_slice(&id), Bytes::from_static(OF_CANCEL)]);
    wire::request(envelope, Command::Cancel, wire::write_cancel(&id).into(), None)
}

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyTo {
    /// The request with this id.
    Request(u64),
    /// The `CANCEL` of some call.
    Cancel,
    /// Nothing of ours.
    Unknown,
}

/// What a reply answers, and its body.
pub(crate) fn split_reply(message: Message) -> (ReplyTo, Result<Body, Malformed>) {
    let (envelope, body) = wire::split(message);
    let to = match envelope.as_slice() {
        [id] => id.as_ref().try_into().map_or(ReplyTo::Unknown, |id| ReplyTo::Request(u64::from_be_bytes(id))),
        [_, mark] if *mark == OF_CANCEL => ReplyTo::Cancel,
        _ => ReplyTo::Unknown,
    };
    (to, body)
}

/// Whether the answer to a command says that there is no such command.
pub(crate) fn is_unknown_command(body: &Body) -> bool {
    ReplyParts::parse(&body.json).is_ok_and(|parts| parts.code == code::BAD_REQUEST)
}

/// A reply as it came.
#[derive(Debug)]
pub(crate) struct ReceivedReply {
    pub(crate) reply: Reply,
    pub(crate) session_id: Option<String>,
    /// Attachments that wait to be fetched.
    pub(crate) offered: Option<OfferedAttachments>,
}

/// Attachments of a reply that wait to be fetched.
#[derive(Debug)]
pub(crate) struct OfferedAttachments {
    pub(crate) call_id: String,
    pub(crate) sizes: Vec<(String, Option<u64>)>,
    /// In which chunks; zeros from a service that does not say.
    pub(crate) how: PrepareAnswer,
}

/// What an answer says of a transfer.
pub(crate) fn transfer_of<T: serde::de::DeserializeOwned>(extensions: &Extensions) -> Option<T> {
    extensions.get(key::TRANSFER).ok().flatten()
}

/// The checksum that comes with the last chunk.
pub(crate) fn checksum_of(extensions: &Extensions) -> Result<Option<Checksum>, String> {
    let text: Option<String> = extensions.get(key::CHECKSUM).ok().flatten();
    text.map(|text| Checksum::received(&text)).transpose()
}

/// The answer to a `PREPARE`, taken apart: the call id, and what else is said.
pub(crate) fn read_prepared(body: &Body) -> Option<(String, PrepareAnswer)> {
    let parts = ReplyParts::parse(&body.json).ok()?;
    let extensions = Extensions::received(parts.extensions.map(|raw| piece(&body.json, raw)));
    Some((parts.call_id?.into_owned(), transfer_of(&extensions).unwrap_or_default()))
}

/// Whether the answer to a `PREPARE` is that of a service that takes attachments in one frame only.
pub(crate) fn takes_one_frame_only(error: &Error) -> bool {
    matches!(error, Error::BadRequest(refusal) if refusal.text.starts_with("Unknown command"))
}

/// Reads a reply that came from `site`; `Err` says why it is none.
pub(crate) fn read_reply(body: &Body, site: &dyn Fn() -> CallSite) -> Result<ReceivedReply, String> {
    if body.word != b"OK".as_slice() {
        let (word, text) = (String::from_utf8_lossy(&body.word), String::from_utf8_lossy(&body.json));
        return Err(format!("the service itself broke: it answered {} {}", shown(&word), shown(&text)));
    }
    let parts = ReplyParts::parse(&body.json).map_err(|malformed| malformed.0)?;
    let extensions = Extensions::received(parts.extensions.map(|raw| piece(&body.json, raw)));
    let mut reply = if parts.code == code::OK {
        Reply::result(piece(&body.json, parts.result))
    } else {
        let text = parts.error.map_or_else(String::new, |text| text.into_owned());
        Reply::failed(received_error(parts.code, text, site, &extensions))
    };
    reply.extensions = extensions;
    if let Some(data) = &body.attachment {
        reply.attachments.set("", Attachment::from(data.clone()), true);
    }
    let offered = match (parts.call_id, parts.attachments) {
        (Some(call_id), Some(sizes)) => {
            let sizes = wire::sizes(sizes).map_err(|malformed| malformed.0)?;
            let how = transfer_of(&reply.extensions).unwrap_or_default();
            Some(OfferedAttachments { call_id: call_id.into_owned(), sizes, how })
        }
        _ => None,
    };
    Ok(ReceivedReply { reply, session_id: parts.session_id.map(|id| id.into_owned()), offered })
}

fn received_error(code: i64, text: String, site: &dyn Fn() -> CallSite, extensions: &Extensions) -> Error {
    let mut error = Error::from_code(code, text, site());
    match &mut error {
        Error::Unknown(_) if extensions.contains(key::OVERLOADED) => {
            if let Error::Unknown(mut refusal) = error {
                let seconds: Option<u32> = extensions.get(key::UNAVAILABLE).ok().flatten();
                refusal.retry_after = seconds.map(|seconds| Duration::from_secs(seconds.into()));
                error = Error::Overloaded(refusal);
            }
        }
        Error::Application { refusal, .. } => refusal.data = extensions.get_json(key::ERROR_DATA),
        Error::MethodNotFound(refusal) => refusal.known = extensions.get(key::KNOWN).ok().flatten().unwrap_or_default(),
        _ => {}
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(message: Message) -> Body {
        wire::split(message).1.unwrap()
    }

    #[test]
    fn a_request_arrives_as_it_was_written() {
        let mut request = Request::new("com.foo.example", "create", Json::from_value(&42).unwrap());
        request.extensions_mut().insert("com.foo.x", &[1]).unwrap();
        let frame = Some(Bytes::from_static(&[0, 255]));
        let written = write_request(&request, frame, Some("s"), Duration::from_millis(1500), false);
        let message = address_request(7, written);
        let (envelope, received) = split_request(message);
        assert_eq!(envelope.as_slice(), [Bytes::copy_from_slice(&7_u64.to_be_bytes())]);
        read_call(received.unwrap(), |call| {
            assert_eq!((call.interface, call.method, call.session_id), ("com.foo.example", "create", Some("s")));
            assert_eq!(call.args.as_str(), "42");
            assert_eq!(call.extensions.get::<Vec<u8>>("com.foo.x").unwrap(), Some(vec![1]));
            assert_eq!(call.attachment.unwrap().as_bytes().unwrap(), &[0, 255][..]);
            let now = Instant::now();
            assert_eq!(deadline(call.said, now), Some(now + Duration::from_millis(1500)));
        })
        .unwrap();
    }

    #[test]
    fn the_place_in_a_trace_travels() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut request = Request::new("com.foo.example", "create", Json::NULL);
        request.trace = Some(text.parse().unwrap());
        let message = address_request(7, write_request(&request, None, None, Duration::ZERO, true));
        read_call(body(message), |call| {
            assert_eq!((call.said.trace, call.said.strict), (request.trace, true));
            assert_eq!(call.extensions.get::<String>(key::TRACEPARENT).unwrap().as_deref(), Some(text));
        })
        .unwrap();
        let wrong = Json::from_text(r#"{"org.pycom.traceparent": "zzz"}"#).unwrap();
        assert_eq!(Extensions::received(Some(wrong)).of_call().trace, None);
    }

    #[test]
    fn no_number_of_a_timeout_is_dangerous() {
        for text in ["-1", "1e300", "0", "1e-300"] {
            let json = Json::from_text(format!("{{\"org.pycom.timeout\": {text}}}")).unwrap();
            assert!(deadline(Extensions::received(Some(json)).of_call(), Instant::now()).is_some());
        }
    }

    #[test]
    fn a_cancel_names_the_call_and_its_answer_is_known() {
        let (envelope, received) = split_request(write_cancel(7));
        let received = received.unwrap();
        assert_eq!(command(&received).unwrap(), Command::Cancel);
        assert_eq!(read_cancel(&received).unwrap(), 7_u64.to_be_bytes());
        let refusal = Reply::failed(Error::bad_request("Unknown command: 'CANCEL'"));
        let (to, answer) = split_reply(write_reply(envelope.clone(), refusal, None, ("", "")));
        assert!(to == ReplyTo::Cancel && is_unknown_command(&answer.unwrap()));
        let done = write_reply(envelope, Reply::result(Json::EMPTY_OBJECT), None, ("", ""));
        assert!(!is_unknown_command(&split_reply(done).1.unwrap()));
    }

    #[test]
    fn other_commands_are_refused_with_their_name() {
        let message = Message::from([Bytes::new(), Bytes::from_static(b"call"), Bytes::from_static(b"{}")]);
        let error = command(&body(message)).unwrap_err();
        assert_eq!((error.code(), error.text()), (Some(4), Some("Unknown command: 'call'")));
    }

    fn error_round_trip(error: Error) -> Error {
        let message = write_reply(Envelope::new(), Reply::failed(error), None, ("com.foo.example", "create"));
        let received = read_reply(&body(message), &CallSite::default).unwrap();
        received.reply.into_result().unwrap_err()
    }

    #[test]
    fn details_of_failures_stay_inside() {
        let error = error_round_trip(std::io::Error::other("the disk is full").into());
        assert_eq!((error.code(), error.text()), (Some(1), Some(UNKNOWN_TEXT)));
        let site = CallSite { interface: Some("com.foo.other".into()), ..CallSite::default() };
        let nested = error_round_trip(Error::from_code(2, "Method 'x' not found in interface y".into(), site));
        assert_eq!((nested.code(), nested.text()), (Some(1), Some(UNKNOWN_TEXT)));
    }

    #[test]
    fn errors_of_a_methods_own_keep_code_text_and_data() {
        let error = error_round_trip(Error::application(77, "custom failure"));
        assert_eq!((error.code(), error.text()), (Some(77), Some("custom failure")));
        let error = error_round_trip(Error::declared(17, "full".into(), Some(Json::from_value(&[5]).unwrap())));
        let Error::Application { code: 17, refusal } = error else { panic!("{error}") };
        assert_eq!(refusal.data.unwrap().as_str(), "[5]");
        assert!(matches!(error_round_trip(Error::overloaded("no room")), Error::Overloaded(_)));
        assert!(matches!(error_round_trip(Error::application(0, "x")), Error::Unknown(_)));
    }

    #[test]
    fn what_is_no_reply_is_said_so() {
        let fail = Message::from([Bytes::new(), Bytes::from_static(b"FAIL"), Bytes::from_static(b"x")]);
        assert!(read_reply(&body(fail), &CallSite::default).unwrap_err().contains("'FAIL' 'x'"));
        let bad = Message::from([Bytes::new(), Bytes::from_static(b"OK"), Bytes::from_static(b"[]")]);
        assert!(read_reply(&body(bad), &CallSite::default).is_err());
    }
}
