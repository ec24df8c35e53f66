use thiserror::Error;

/// An address that cannot be used, and what to write instead. Each variant carries the text, escaped and cut short.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Longer than 255 bytes.
    #[error("the address \"{0}\" is longer than 255 bytes; give a shorter one")]
    TooLong(String),
    /// Control characters or spaces in it.
    #[error("the address \"{0}\" has control characters or spaces in it; remove them")]
    BadCharacter(String),
    /// Not a scheme of ours.
    #[error("the address \"{0}\" has an unknown scheme; use tcp://, ipc:// or inproc://")]
    UnknownScheme(String),
    /// The host is missing or cannot be one.
    #[error(
        "the address \"{0}\" has no usable host; write tcp://HOST:PORT, for example tcp://127.0.0.1:2012 or tcp://[::1]:2012"
    )]
    BadHost(String),
    /// The port is missing or cannot be one.
    #[error("the address \"{0}\" has no usable port; write tcp://HOST:PORT with a port from 0 to 65535")]
    BadPort(String),
    /// Nothing after `ipc://` or `inproc://`.
    #[error("the address \"{0}\" names nothing; write ipc:///path/of/a/socket or inproc://name")]
    Empty(String),
    /// The port is left to the system.
    #[error("one cannot connect to \"{0}\", which lets the system choose; give the real port or path")]
    NotChosen(String),
    /// All interfaces are no place to connect to.
    #[error(
        "\"{0}\" stands for all interfaces of a machine; give the host under which others reach it (for a service: --advertise HOST)"
    )]
    Wildcard(String),
    /// A group, not a host.
    #[error("one cannot connect to \"{0}\", a multicast or broadcast address; give the address of one host")]
    Multicast(String),
    /// `ipc://` where it is not allowed.
    #[error("the address \"{0}\" is local to its machine; register a tcp:// address, or allow ipc:// here")]
    LocalToMachine(String),
    /// `inproc://` never leaves its process.
    #[error("the address \"{0}\" is local to its process; register a tcp:// address")]
    LocalToProcess(String),
}

/// At most this many bytes of a foreign text are shown.
const SHOWN: usize = 128;

/// `text` as it may stand in a message: escaped, so that it cannot forge log lines or steer a terminal, and cut short.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let before = shown.len();
        shown.extend(character.escape_debug());
        if shown.len() > SHOWN {
            shown.truncate(before);
            shown.push('…');
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut_short() {
        assert_eq!(excerpt("a\nb\u{1b}[0m\"é"), "a\\nb\\u{1b}[0m\\\"é");
        let long = excerpt(&"\u{202e}".repeat(100));
        assert!(long.len() <= SHOWN + '…'.len_utf8(), "{long}");
        assert!(long.starts_with("\\u{202e}") && long.ends_with("}…"), "{long}");
    }
}
