//! What the originals answered when they were recorded: `fixtures/wire/*.json`.

use std::path::Path;

use serde::Deserialize;

use crate::raw::Frames;

/// One message, and what came back.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Its name, the same in every transcript.
    pub name: String,
    /// Who it was sent to.
    pub to: Peer,
    request: Vec<Frame>,
    reply: Option<Vec<Frame>>,
    /// Whether the original still answered afterwards.
    pub peer_alive_after: bool,
}

/// Who a message was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// The probe, `/com/foo/probe`.
    Service,
    /// The nameserver it was registered with.
    Nameserver,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Frame {
    Text(String),
    Base64(String),
}

impl Entry {
    /// The frames that were sent, without the empty one.
    pub fn request(&self) -> Frames {
        self.request.iter().map(Frame::bytes).collect()
    }

    /// The frames that came back, without the empty one; `None` where the original died of the request.
    pub fn reply(&self) -> Option<Frames> {
        self.reply.as_ref().map(|frames| frames.iter().map(Frame::bytes).collect())
    }
}

impl Frame {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Frame::Text(text) => text.clone().into_bytes(),
            Frame::Base64(text) => crate::base64::decode(text),
        }
    }
}

/// Where the nameserver and the probe were when the transcripts were taken.
pub const RECORDED: [(Peer, &str); 2] =
    [(Peer::Nameserver, "tcp://127.0.0.1:2012"), (Peer::Service, "tcp://127.0.0.1:2013")];

/// The transcript of one version.
///
/// # Panics
///
/// Where it cannot be read.
pub fn read(version: &str) -> Vec<Entry> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/wire/pycom-{version}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
