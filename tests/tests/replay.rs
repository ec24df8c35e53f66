//! What the originals answered when they were recorded is asked again: of our probe and our nameserver, over real
//! sockets, by a client that knows nothing but frames.
//!
//! Both transcripts hold the same requests. We answer as 0.6.0 does; wherever that needs a word (the two originals differ,
//! or we differ from both) [`RULES`] has it, and nothing else may.

use std::collections::BTreeMap;

use tests::dialect::Value;
use tests::programs::Network;
use tests::raw::{Frames, RawClient};
use tests::transcript::{self, Entry, Peer, RECORDED};

/// How we answer one entry where the transcripts alone do not say it.
enum Ours {
    /// As 0.6.0 did, to the letter.
    As060,
    /// As 0.4.1 did, to the letter.
    As041,
    /// With this code, and a text that starts like this; what follows are our own words.
    Error(i64, &'static str),
    /// With a result that has all that 0.6.0's has, and more keys in its objects.
    More,
    /// With a result that this finds right, given 0.6.0's.
    Result(fn(&Value, &Value)),
}

use Ours::{As041, As060, Error, More, Result};

/// Entry, how we answer it, and why: the only deviations there are.
const RULES: &[(&str, Ours, &str)] = &[
    ("named-missing", As060, "0.4.1 names neither the interface nor the method"),
    ("named-null", As060, "null counts as {}, so the first required argument is what is missing"),
    ("named-list", As060, "0.4.1 names neither the interface nor the method"),
    ("counter-unknown-session", As060, "0.4.1 silently starts another session"),
    (
        "introspect",
        Result(described),
        "0.4.1 knows the other name only; ours lists both, and types under keys of its own",
    ),
    ("__introspect__", Result(described_as_by_introspect), "0.6.0 knows the other name only; ours answers both"),
    (
        "unknown-command",
        Error(4, "Field attachments is required"),
        "it is PREPARE, which ours know, and lacks what it prepares",
    ),
    ("lowercase-command", Error(4, "Unknown command: 'call'"), "the originals show it as a literal of Python"),
    ("bad-json", Error(4, "Cannot decode response: "), "what follows are the words of the JSON reader"),
    ("empty-json", Error(4, "Cannot decode response: "), "what follows are the words of the JSON reader"),
    ("json-array", Error(4, "Expected a JSON object, got '[1,2]'"), "the originals die of it"),
    ("json-number", Error(4, "Expected a JSON object, got '1'"), "the originals die of it"),
    ("one-frame", Error(4, "Expected 2-3 parts, got 1"), "the originals die of it"),
    (
        "unserializable",
        Error(1, "The result of com.foo.example.unserializable cannot be written as JSON: "),
        "the originals die of it",
    ),
    ("attachment-on-plain", As060, "0.4.1 has no attachments"),
    ("blob-length", As060, "0.4.1 has no attachments"),
    ("blob-encode", As060, "0.4.1 has no attachments"),
    ("blob-mirror", As060, "0.4.1 has no attachments"),
    ("blob-mirror-none", As060, "0.4.1 has no attachments"),
    ("blob-introspect", Result(described), "0.4.1 has no attachments; ours adds types under keys of its own"),
    ("ns-stat", More, "ours has statistics"),
    ("ns-list", Result(listed), "0.4.1 lists service and interface, 0.6.0 service, address and interfaces; ours all"),
    ("ns-list-empty", Result(listed), "as ns-list"),
    ("ns-list-regex", Result(listed), "0.4.1 ignores the filter; otherwise as ns-list"),
    (
        "ns-list-bad-regex",
        Error(4, "Invalid regular expression in argument 'service': "),
        "0.4.1 ignores the filter; what follows are the words of the engine for expressions",
    ),
    ("ns-locate", As060, "0.4.1 gives no interfaces"),
    ("ns-locate-service", As060, "0.4.1 gives no interfaces"),
    ("ns-locate-as-list", Result(one_in_a_list), "as 0.4.1, which has the argument, with the keys of 0.6.0"),
    ("ns-locate-no-interface", As060, "0.4.1 names neither the interface nor the method"),
    ("ns-register-041", As041, "0.6.0 refuses the form with one interface; ours takes both"),
    ("ns-register-060", As060, "0.4.1 refuses the form with a list of interfaces; ours takes both"),
    (
        "ns-register-missing",
        Error(4, "Argument 'service' is required for org.pycom.nameserver.register"),
        "of two that are missing ours names the one that both forms need",
    ),
    ("ns-register-other-address", As060, "0.4.1 lets anybody take any name"),
    (
        "ns-register-bad-type",
        Error(4, "Invalid argument 'address' for org.pycom.nameserver.register: "),
        "0.4.1 breaks, 0.6.0 names types of Python",
    ),
    (
        "ns-introspect",
        Result(nameserver_described),
        "ours takes the arguments of both originals, and has methods of its own",
    ),
    (
        "ns-__introspect__",
        Result(nameserver_described_as_by_introspect),
        "0.6.0 knows the other name only; ours answers both",
    ),
];

/// A reply, taken apart.
#[derive(Debug, Clone, PartialEq)]
struct Reply {
    status: Vec<u8>,
    code: Value,
    error: Option<Value>,
    result: Option<Value>,
    session_id: Option<Value>,
    attachment: Option<Vec<u8>>,
}

impl Reply {
    fn read(frames: &Frames) -> Self {
        assert!((2..=3).contains(&frames.len()), "a reply has two or three frames, not {}", frames.len());
        let json = Value::read_frame(&frames[1]);
        let mut fields = json.fields().clone();
        let reply = Self {
            status: frames[0].clone(),
            code: fields.remove("code").expect("a reply has a code"),
            error: fields.remove("error"),
            result: fields.remove("result"),
            session_id: fields.remove("session_id"),
            attachment: frames.get(2).cloned(),
        };
        fields.remove("extensions");
        assert!(fields.is_empty(), "a reply has no other fields than these: {fields:?}");
        reply
    }

    fn without_session(&self) -> Self {
        Self { session_id: None, ..self.clone() }
    }
}

fn number(n: i64) -> Value {
    Value::Number(n.to_string())
}

/// Both introspecting methods, and no other than the original's; each with all that the original says of it. The
/// originals' own docstring of the introspecting method is theirs.
fn described(ours: &Value, original: &Value) {
    assert_eq!((ours.get("name"), ours.get("docstring")), (original.get("name"), original.get("docstring")));
    assert_eq!(ours.get("data"), original.get("data"));
    let (methods, expected) = (methods(ours), methods(original));
    let mut names: Vec<&String> = expected.keys().collect();
    let both = "__introspect__".to_owned();
    names.insert(0, &both);
    assert_eq!(methods.keys().collect::<Vec<_>>(), names);
    for (name, method) in &expected {
        let mut method = method.fields().clone();
        if name == "introspect" {
            method.remove("docstring");
        }
        assert!(methods[name].has(&Value::Object(method.clone())), "{name}: {:?}\nis not {method:?}", methods[name]);
    }
    assert_eq!(methods["__introspect__"], methods["introspect"]);
}

fn methods(description: &Value) -> BTreeMap<String, Value> {
    description.get("methods").expect("a description has methods").fields().clone()
}

fn recorded(name: &str, version: &str) -> Value {
    let entry = transcript::read(version).into_iter().find(|entry| entry.name == name).expect("an entry");
    Reply::read(&entry.reply().expect("a reply")).result.expect("a result")
}

fn described_as_by_introspect(ours: &Value, _: &Value) {
    described(ours, &recorded("introspect", "0.6.0"));
    // What 0.4.1 said under this name is in it too.
    let of_041 = methods(&recorded("__introspect__", "0.4.1"));
    for (name, method) in of_041.iter().filter(|(name, _)| *name != "__introspect__") {
        assert!(methods(ours)[name].has(method), "{name}");
    }
}

/// The same services, in whatever order, with the keys of both originals.
fn listed(ours: &Value, original: &Value) {
    let (mut ours, mut expected) = (ours.items().to_vec(), original.items().to_vec());
    expected.sort_by_key(|entry| entry.get("address").cloned());
    ours.sort_by_key(|entry| entry.get("address").cloned());
    assert!(Value::Array(ours.clone()).has(&Value::Array(expected.clone())), "{ours:?}\nis not {expected:?}");
    for entry in ours {
        let interfaces = entry.get("interfaces").expect("the key of 0.6.0").items();
        assert!(interfaces.contains(entry.get("interface").expect("the key of 0.4.1")), "{entry:?}");
    }
}

fn one_in_a_list(ours: &Value, original: &Value) {
    assert_eq!(ours.items(), std::slice::from_ref(original));
}

/// Each method of the originals, which knows each of their arguments; none is required that was not.
fn nameserver_described(ours: &Value, original: &Value) {
    assert_eq!(ours.get("name"), original.get("name"));
    let (methods, expected) = (methods(ours), methods(original));
    assert!(methods.contains_key("introspect") && methods.contains_key("__introspect__"));
    let names = |method: &Value, keys: &[&str]| -> Vec<Value> {
        keys.iter().flat_map(|key| method.get(key).expect("a list of names").items().to_vec()).collect()
    };
    for (name, original) in &expected {
        let ours = &methods[name];
        let known = names(ours, &["required_arguments", "optional_arguments"]);
        assert!(names(original, &["required_arguments", "optional_arguments"]).iter().all(|name| known.contains(name)));
        let required = names(original, &["required_arguments"]);
        assert!(names(ours, &["required_arguments"]).iter().all(|name| required.contains(name)), "{name}");
    }
}

fn nameserver_described_as_by_introspect(ours: &Value, _: &Value) {
    nameserver_described(ours, &recorded("ns-introspect", "0.6.0"));
    nameserver_described(ours, &recorded("ns-__introspect__", "0.4.1"));
}

/// A probe and a nameserver under test, and somebody else who uses them meanwhile.
struct Bench {
    network: Network,
    service: RawClient,
    nameserver: RawClient,
    others: [RawClient; 2],
    session: String,
}

impl Bench {
    fn new() -> Self {
        let network = Network::start();
        let (probe, nameserver) = (network.probe.address.clone(), network.nameserver.address.clone());
        Self {
            network,
            service: RawClient::req(&probe),
            nameserver: RawClient::req(&nameserver),
            others: [RawClient::req(&probe), RawClient::req(&nameserver)],
            session: "<session>".into(),
        }
    }

    fn address(&self, peer: Peer) -> &str {
        match peer {
            Peer::Service => &self.network.probe.address,
            Peer::Nameserver => &self.network.nameserver.address,
        }
    }

    /// The frames as they are sent here, from those that were recorded.
    fn translate(&self, frames: Frames) -> Frames {
        let replace = |frame: Vec<u8>| match String::from_utf8(frame) {
            Ok(mut text) => {
                for (peer, recorded) in RECORDED {
                    text = text.replace(&format!("\"{recorded}\""), &format!("\"{}\"", self.address(peer)));
                }
                text.replace("<session>", &self.session).into_bytes()
            }
            Err(binary) => binary.into_bytes(),
        };
        frames.into_iter().map(replace).collect()
    }

    /// Asks again, and remembers the session that came.
    fn ask(&mut self, entry: &Entry) -> Reply {
        let client = match entry.to {
            Peer::Service => &self.service,
            Peer::Nameserver => &self.nameserver,
        };
        let mut reply = Reply::read(&client.ask(self.translate(entry.request())));
        if let Some(Value::Text(session)) = &reply.session_id {
            assert!(!session.is_empty());
            self.session = session.clone();
            reply.session_id = Some(Value::text("<session>"));
        }
        reply
    }

    fn recorded(&self, entry: &Entry) -> Option<Reply> {
        let frames = entry.reply()?;
        let keep_session = |frame: &[u8]| String::from_utf8_lossy(frame).contains("<session>");
        let translated = self.translate(frames.clone());
        // A placeholder in a reply stays one: it stands for whatever id came.
        let frames = frames.into_iter().zip(translated).map(|(old, new)| if keep_session(&old) { old } else { new });
        Some(Reply::read(&frames.collect()))
    }

    /// Somebody else is served as if nothing had happened.
    fn others_are_served(&self, after: &str) {
        for (other, call) in self.others.iter().zip([
            r#"{"interface": "com.foo.example", "method": "create", "args": 42}"#,
            r#"{"interface": "org.pycom.nameserver", "method": "stat"}"#,
        ]) {
            assert_eq!(Reply::read(&other.ask(["CALL", call])).code, number(0), "after {after}");
        }
    }
}

#[test]
fn every_recorded_request_is_answered_as_the_rules_say() {
    let mut bench = Bench::new();
    let [of_041, of_060] = ["0.4.1", "0.6.0"].map(transcript::read);
    assert_eq!(of_060.len(), 61);
    for (old, new) in of_041.iter().zip(&of_060) {
        assert_eq!((&old.name, old.request()), (&new.name, new.request()), "both transcripts hold the same requests");
    }
    let mut problems = Vec::new();
    for (old, new) in of_041.iter().zip(&of_060) {
        let ours = bench.ask(new);
        let (old, new, name) = (bench.recorded(old), bench.recorded(new), &new.name);
        let verdict = std::panic::catch_unwind(|| judge(name, &ours, old.as_ref(), new.as_ref()));
        if verdict.is_err() {
            problems.push(format!("{name}: {ours:?}"));
        }
        bench.others_are_served(name);
    }
    assert!(problems.is_empty(), "{} answers are not as they should be:\n{}", problems.len(), problems.join("\n"));
}

fn judge(name: &str, ours: &Reply, old: Option<&Reply>, new: Option<&Reply>) {
    assert_eq!(ours.status, b"OK");
    match RULES.iter().find(|(entry, ..)| *entry == name).map(|(_, rule, _)| rule) {
        None => {
            let new = new.expect("an original that died needs a rule");
            assert_eq!(Some(new.without_session()), old.map(Reply::without_session), "a difference needs a rule");
            assert_eq!(ours, new);
        }
        Some(As060) => assert_eq!(Some(ours), new),
        // Its sessions are not part of it: there every interface has them (protocol.md, "Sessions").
        Some(As041) => assert_eq!(Some(ours.without_session()), old.map(Reply::without_session)),
        Some(Error(code, start)) => {
            assert_eq!((&ours.code, &ours.result), (&number(*code), &None));
            let text = ours.error.as_ref().expect("an error has a text").as_text();
            assert!(text.starts_with(start) && !text.contains('\n'), "{text}");
            if let Some(new) = new {
                assert_eq!(new.code, ours.code);
            }
        }
        Some(More) => {
            let (result, original) = (ours.result.as_ref(), new.and_then(|new| new.result.as_ref()));
            assert!(result.expect("a result").has(original.expect("a result")));
        }
        Some(Result(check)) => {
            assert_eq!((&ours.code, &ours.error, &ours.session_id), (&number(0), &None, &None));
            // 0.6.0 answers `__introspect__` with an error: there the check finds what to compare with by itself.
            let original = new.and_then(|new| new.result.as_ref()).unwrap_or(&Value::Null);
            check(ours.result.as_ref().expect("a result"), original);
        }
    }
}

#[test]
fn each_rule_is_about_an_entry_and_no_entry_has_two() {
    let entries: Vec<String> = transcript::read("0.6.0").into_iter().map(|entry| entry.name).collect();
    let mut names: Vec<&str> = RULES.iter().map(|(name, ..)| *name).collect();
    assert!(names.iter().all(|name| entries.iter().any(|entry| entry == name)), "{names:?}");
    assert!(RULES.iter().all(|(.., reason)| !reason.is_empty()));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

#[test]
fn whatever_is_sent_is_answered_with_code_4_and_others_are_served() {
    let bench = Bench::new();
    let deep =
        format!("{{\"interface\": \"com.foo.example\", \"method\": \"create\", \"args\": {}", "[".repeat(100_000));
    let long = format!("{{\"interface\": \"{}\", \"method\": \"create\"}}", "x".repeat(10_000));
    let call: &[u8] = br#"{"interface": "com.foo.example", "method": "create", "args": 42}"#;
    let malformed: &[(&[&[u8]], &str)] = &[
        (&[b"", b"CALL", call, b"blob", b"more"], "Expected 2-3 parts, got 4"),
        (&[b"", b"CALL"], "Expected 2-3 parts, got 1"),
        (&[b""], "Expected 2-3 parts, got 0"),
        (&[b"CALL", call], "Expected an empty frame before the command"),
        (&[b"CALL"], "Expected an empty frame before the command"),
        (&[b"id", b"", b"", b""], "Unknown command: ''"),
        (&[b"", b"\xff\xfe", call], "Unknown command: "),
        (&[b"", b"CALL", b"null"], "Expected a JSON object, got 'null'"),
        (&[b"", b"CALL", b"\"text\""], "Expected a JSON object, got "),
        (&[b"", b"CALL", b"{\"interface\": 1, \"method\": \"create\"}"], "Cannot decode response: "),
        (&[b"", b"CALL", b"{\"interface\": \"com.foo.example\", \"method\": null}"], "Field method is required"),
        (&[b"", b"CALL", b"{\"interface\": \"com.foo.example\", \"method\": \"\\ud800\"}"], "Cannot decode response: "),
        (&[b"", b"CALL", deep.as_bytes()], "Cannot decode response: "),
        (&[b"", b"CALL", long.as_bytes()], "Field interface is longer than 255 bytes"),
        (&[b"", b"CALL", b"\xff\xff"], "Invalid encoding, expected UTF-8"),
    ];
    let dealer = RawClient::dealer(&bench.network.probe.address);
    for (frames, start) in malformed {
        let answer = dealer.ask(*frames);
        let empty = answer.iter().position(Vec::is_empty).expect("an empty frame stands before the answer");
        let reply = Reply::read(&answer[empty + 1..].to_vec());
        let text = reply.error.expect("an error").as_text().to_owned();
        assert_eq!((reply.status, reply.code), (b"OK".to_vec(), number(4)), "{text}");
        assert!(text.starts_with(start), "{text}\ndoes not start with\n{start}");
        assert!(text.len() < 500, "what was sent is not sent back whole: {text}");
        bench.others_are_served(start);
    }
}

#[test]
fn the_envelope_comes_back_unchanged_whatever_the_order_of_the_answers() {
    let network = Network::start();
    let dealer = RawClient::dealer(&network.probe.address);
    let envelopes: [&[&[u8]]; 3] = [&[b"one"], &[b"\x00\xff", b"two"], &[]];
    for (place, envelope) in envelopes.iter().enumerate() {
        let call = format!(r#"{{"interface": "com.foo.example", "method": "create", "args": {place}}}"#);
        dealer.send(envelope.iter().copied().chain([&b""[..], b"CALL", call.as_bytes()]));
    }
    let mut seen = [false; 3];
    for _ in 0..3 {
        let answer = dealer.receive();
        let empty = answer.iter().position(Vec::is_empty).expect("an empty frame stands before the answer");
        let result = Reply::read(&answer[empty + 1..].to_vec()).result.expect("a result");
        let Some(Value::Number(place)) = result.get("field1") else { panic!("{result:?}") };
        let place: usize = place.parse().expect("the number that was sent");
        assert_eq!(answer[..empty], *envelopes[place]);
        assert!(!std::mem::replace(&mut seen[place], true));
    }
}

#[test]
fn failures_of_a_method_say_no_more_than_the_originals_do() {
    let network = Network::start();
    let client = RawClient::req(&network.probe.address);
    let ask = |method: &str, args: &str| {
        let call = format!(r#"{{"interface": "com.foo.example", "method": "{method}", "args": {args}}}"#);
        let reply = Reply::read(&client.ask(["CALL", &call]));
        (reply.code, reply.error.expect("an error").as_text().to_owned())
    };
    assert_eq!(ask("fail_bug", "null"), (number(1), "Unknown error during request".into()));
    assert_eq!(ask("fail_code", "-5"), (number(-5), "custom failure".into()));
    assert_eq!(ask("fail_code", "0"), (number(1), "custom failure".into()), "0 would be success");
}
