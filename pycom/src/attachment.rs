//! Binary data beside the JSON of a call or a reply.

use std::fmt;

use bytes::Bytes;

/// Binary data that travels beside the JSON, in a frame of its own: never through base64.
///
/// Cloning shares the data.
///
/// ```
/// let attachment = pycom::Attachment::from(&b"\x00\xff"[..]);
/// assert_eq!(attachment.len(), 2);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Attachment(Bytes);

impl Attachment {
    /// Takes data without copying it.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self(data.into())
    }

    /// The data.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The data, without copying it.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({} bytes)", self.len())
    }
}

impl AsRef<[u8]> for Attachment {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Attachment {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Attachment {
    fn from(data: Bytes) -> Self {
        Self(data)
    }
}

impl From<Vec<u8>> for Attachment {
    fn from(data: Vec<u8>) -> Self {
        Self(data.into())
    }
}

impl From<&[u8]> for Attachment {
    fn from(data: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(data))
    }
}

impl From<String> for Attachment {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}
