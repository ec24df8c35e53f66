//! PyCOM for Rust: the transport, so far.

pub mod transport;
