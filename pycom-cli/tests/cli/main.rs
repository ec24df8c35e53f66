//! The command as a process, against services of ours and both originals.
//!
//! What it says is kept in `snapshots/`; `INSTA_UPDATE=always cargo test -p pycom-cli` writes them anew.

#![allow(missing_docs)]

mod bench;
mod call;
mod completion;
mod context;
mod describe;
mod doctor;
mod fleet;
mod generate;
mod guide;
mod list;
mod new;
mod originals;
mod serve;
mod support;
#[allow(deprecated, dead_code)]
mod written;
