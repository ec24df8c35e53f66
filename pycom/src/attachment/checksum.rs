//! The checksum over the whole of an attachment.

use std::fmt;

use twox_hash::XxHash3_128;

/// XXH3 with 128 bits, in one pass over the pieces.
///
/// It finds what lines, disks and programs corrupt, at the speed of memory; it is no protection
/// against somebody who wants two contents to look alike.
pub(crate) struct Hasher(Box<XxHash3_128>);

impl Default for Hasher {
    fn default() -> Self {
        Self(Box::new(XxHash3_128::new()))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.write(piece);
    }

    /// Of all pieces so far.
    pub(crate) fn checksum(&self) -> Checksum {
        Checksum(format!("{}{:032x}", Checksum::KIND, self.0.finish_128()))
    }
}

/// As it travels: `xxh3-128:` and 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum(String);

impl Checksum {
    const KIND: &'static str = "xxh3-128:";

    /// Takes one that came; says what is wrong with it.
    pub(crate) fn received(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(Self::KIND).filter(|digits| digits.len() == 32);
        match digits {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(Self(text.to_ascii_lowercase())),
            _ => Err(format!("checksum {} is not {} and 32 hex digits", crate::names::shown(text), Self::KIND)),
        }
    }

    pub(crate) fn hex(&self) -> &str {
        &self.0[Self::KIND.len()..]
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_whole_however_it_is_cut() {
        let data: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let mut whole = Hasher::default();
        whole.update(&data);
        let mut cut = Hasher::default();
        data.chunks(777).for_each(|piece| cut.update(piece));
        assert_eq!(whole.checksum(), cut.checksum());
        cut.update(b"x");
        assert_ne!(whole.checksum(), cut.checksum());
    }

    #[test]
    fn it_is_the_published_one() {
        // XXH3_128bits of nothing, from the specification's own test vectors.
        assert_eq!(Hasher::default().checksum().as_str(), "xxh3-128:99aa06d3014798d86001c324468d497f");
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        for text in ["", "xxh3-128:", "md5:00", "xxh3-128:99aa06d3014798d86001c324468d497g"] {
            assert!(Checksum::received(text).is_err(), "{text}");
        }
        let received = Checksum::received("xxh3-128:99AA06D3014798D86001C324468D497F").unwrap();
        assert_eq!(received, Hasher::default().checksum());
    }
}
