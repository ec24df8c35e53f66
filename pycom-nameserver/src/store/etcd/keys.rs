//! Names as keys of etcd, and back.

use crate::names::ServiceName;
use crate::registry::FrontId;

/// The keys of one fleet.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

/// What a key stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    Service(ServiceName),
    Front(FrontId),
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.trim_end_matches('/').to_owned() }
    }

    /// What all of them begin with.
    pub(super) fn all(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// What those of services begin with.
    pub(super) fn services(&self) -> String {
        format!("{}/service/", self.prefix)
    }

    /// What those of fronts begin with.
    pub(super) fn fronts(&self) -> String {
        format!("{}/front/", self.prefix)
    }

    pub(super) fn service(&self, name: &ServiceName) -> String {
        let mut key = self.services();
        for &byte in name.as_str().as_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => key.push(char::from(byte)),
                byte => key.push_str(&format!("%{byte:02X}")),
            }
        }
        key
    }

    pub(super) fn front(&self, front: FrontId) -> String {
        format!("{}{front:016x}", self.fronts())
    }

    /// What a key stands for; `None` for those of others.
    pub(super) fn read(&self, key: &[u8]) -> Option<Key> {
        let key = std::str::from_utf8(key).ok()?.strip_prefix(&self.prefix)?;
        if let Some(front) = key.strip_prefix("/front/") {
            return u64::from_str_radix(front, 16).ok().map(Key::Front);
        }
        let mut bytes = key.strip_prefix("/service/")?.bytes();
        let mut name = Vec::new();
        while let Some(byte) = bytes.next() {
            name.push(match byte {
                b'%' => {
                    let digits = [bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                byte => byte,
            });
        }
        ServiceName::new(String::from_utf8(name).ok()?).ok().map(Key::Service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let keys = Keys::new("/pycom/v1");
        for name in ["/com/foo/svc", "/a%2F b", "/ж/%", "/auto/0123", "x"] {
            let name = ServiceName::new(name).unwrap();
            assert_eq!(keys.read(keys.service(&name).as_bytes()), Some(Key::Service(name)));
        }
        assert_eq!(keys.service(&ServiceName::new("/a/b").unwrap()), "/pycom/v1/service/%2Fa%2Fb");
        assert_eq!(keys.read(keys.front(u64::MAX).as_bytes()), Some(Key::Front(u64::MAX)));
        for foreign in
            ["", "/other", "/pycom/v1/service/%2", "/pycom/v1/service/", "/pycom/v1/front/x", "/pycom/v1/x/y"]
        {
            assert_eq!(keys.read(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(keys.read(&[0xff]), None);
    }
}
