//! The beginning of a connection: both sides send a greeting and a READY command (RFC 37, "Greeting", "NULL").

use super::codec::{Broken, Decoded, Decoder, write_command};

/// Length of the greeting.
const GREETING: usize = 64;

const MECHANISM: &[u8] = b"NULL";

/// Which end of a connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Router,
    Dealer,
}

impl Role {
    fn socket_type(self) -> &'static str {
        match self {
            Role::Router => "ROUTER",
            Role::Dealer => "DEALER",
        }
    }

    /// The types that may be on the other side.
    fn peers(self) -> [&'static str; 3] {
        match self {
            Role::Router => ["DEALER", "REQ", "ROUTER"],
            Role::Dealer => ["ROUTER", "REP", "DEALER"],
        }
    }
}

/// What one end sends: all of it at once, the other side's greeting changes nothing.
pub(super) fn opening(role: Role) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * GREETING);
    // The signature, in which old versions see the length of an identity.
    bytes.extend_from_slice(&[0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f]);
    // Version 3.1.
    bytes.extend_from_slice(&[3, 1]);
    bytes.extend_from_slice(MECHANISM);
    bytes.resize(GREETING, 0);
    let mut properties = Vec::new();
    property(&mut properties, "Socket-Type", role.socket_type().as_bytes());
    property(&mut properties, "Identity", b"");
    write_command(&mut bytes, "READY", &properties);
    bytes
}

fn property(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.push(name.len() as u8);
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
    bytes.extend_from_slice(value);
}

/// What is still expected of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    Greeting(Role),
    Ready(Role),
    Done,
}

impl Handshake {
    /// Reads what of `input` belongs to the handshake, and tells how many bytes that is.
    pub(super) fn read(&mut self, input: &[u8]) -> Result<usize, Broken> {
        let mut taken = 0;
        if let Handshake::Greeting(role) = *self {
            check_greeting(input)?;
            if input.len() < GREETING {
                return Ok(0);
            }
            taken = GREETING;
            *self = Handshake::Ready(role);
        }
        if let Handshake::Ready(role) = *self
            && let Some((command, size)) = first_command(&input[taken..])?
        {
            check_ready(role, &command)?;
            taken += size;
            *self = Handshake::Done;
        }
        Ok(taken)
    }
}

/// Looks at as much of a greeting as there is: a stranger is known by its first bytes.
fn check_greeting(input: &[u8]) -> Result<(), Broken> {
    let differs = |at: usize, right: fn(u8) -> bool| input.get(at).is_some_and(|byte| !right(*byte));
    if differs(0, |byte| byte == 0xff) || differs(9, |byte| byte & 1 == 1) {
        return Err(Broken("it does not speak ZeroMQ's protocol".into()));
    }
    if differs(10, |major| major >= 3) {
        return Err(Broken("it speaks a version of ZeroMQ's protocol before 3 (libzmq before 4.0)".into()));
    }
    let mechanism = input.get(12..32).unwrap_or_default();
    if !mechanism.is_empty() && mechanism.split(|byte| *byte == 0).next() != Some(MECHANISM) {
        return Err(Broken(format!("it wants the security mechanism {}", shown(mechanism))));
    }
    Ok(())
}

/// The command at the beginning of `input` once it is whole, and its size.
fn first_command(input: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Broken> {
    let size = match input {
        [flags, length, ..] if flags & 0b10 == 0 => 2 + usize::from(*length),
        [_, a, b, c, d, e, f, g, h, ..] => usize::try_from(u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
            .unwrap_or(usize::MAX)
            .saturating_add(9),
        _ => return Ok(None),
    };
    let mut first = None;
    // Of one too long, or of what is no command, the decoder says what is wrong.
    let whole = &input[..size.min(input.len())];
    let taken = Decoder::new(0).decode(whole, |decoded| first = Some(decoded))?;
    match first {
        Some(Decoded::Command(body)) => Ok(Some((body, taken))),
        Some(Decoded::Message(_)) => Err(Broken("it sent a message before it was ready".into())),
        None => Ok(None),
    }
}

fn check_ready(role: Role, command: &[u8]) -> Result<(), Broken> {
    let (name, mut rest) = short(command).ok_or_else(malformed)?;
    match name {
        b"READY" => {}
        b"ERROR" => {
            let reason = short(rest).map_or(&b""[..], |(reason, _)| reason);
            return Err(Broken(format!("it refused the connection: {}", shown(reason))));
        }
        name => return Err(Broken(format!("it sent {} before it was ready", shown(name)))),
    }
    while !rest.is_empty() {
        let (name, after) = short(rest).ok_or_else(malformed)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or_else(malformed)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (value, after) = after.split_at_checked(length).ok_or_else(malformed)?;
        rest = after;
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            if role.peers().iter().any(|known| known.as_bytes() == value) {
                return Ok(());
            }
            return Err(Broken(format!("it is a {} socket; {} are met here", shown(value), role.peers().join(", "))));
        }
    }
    Err(Broken("it does not say what type of socket it is".into()))
}

/// A length of one byte and as many bytes, and what follows.
fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn malformed() -> Broken {
    Broken("it sent a malformed READY command".into())
}

fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 64;
    bytes[..bytes.len().min(MOST)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_understand_each_other_at_any_pace() {
        let (router, dealer) = (opening(Role::Router), opening(Role::Dealer));
        for (reader, bytes) in [(Role::Router, dealer), (Role::Dealer, router)] {
            for step in [1, 7, 64, bytes.len()] {
                let mut handshake = Handshake::Greeting(reader);
                let (mut arrived, mut left) = (0, Vec::new());
                while arrived < bytes.len() {
                    assert_ne!(handshake, Handshake::Done);
                    let end = (arrived + step).min(bytes.len());
                    left.extend_from_slice(&bytes[arrived..end]);
                    arrived = end;
                    let taken = handshake.read(&left).unwrap();
                    left.drain(..taken);
                }
                assert_eq!((handshake, left.len()), (Handshake::Done, 0));
            }
        }
    }

    #[test]
    fn what_follows_the_handshake_is_left_alone() {
        let mut bytes = opening(Role::Dealer);
        let own = bytes.len();
        bytes.extend_from_slice(b"\0\x05hello");
        assert_eq!(Handshake::Greeting(Role::Router).read(&bytes), Ok(own));
    }

    fn refusal(input: &[u8]) -> String {
        Handshake::Greeting(Role::Router).read(input).unwrap_err().to_string()
    }

    #[test]
    fn strangers_are_known_by_their_first_bytes() {
        assert_eq!(refusal(b"GET / HTTP/1.1\r\n"), "it does not speak ZeroMQ's protocol");
        let with = |at: usize, byte: u8| {
            let mut bytes = opening(Role::Dealer);
            bytes[at] = byte;
            refusal(&bytes)
        };
        assert!(with(10, 1).contains("before 3"));
        assert_eq!(
            with(12, b'P'),
            "it wants the security mechanism PULL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
        );
    }

    #[test]
    fn sockets_of_another_type_are_refused_with_their_name() {
        let mut bytes = opening(Role::Dealer)[..GREETING].to_vec();
        let mut properties = Vec::new();
        property(&mut properties, "Socket-Type", b"SUB");
        write_command(&mut bytes, "READY", &properties);
        assert_eq!(refusal(&bytes), "it is a SUB socket; DEALER, REQ, ROUTER are met here");
        let mut bytes = opening(Role::Dealer)[..GREETING].to_vec();
        write_command(&mut bytes, "ERROR", b"\x03no!");
        assert_eq!(refusal(&bytes), "it refused the connection: no!");
    }
}
