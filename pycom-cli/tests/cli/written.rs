//! The contracts as `pycom generate` writes them, compiled.

#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/blob.rs"]
pub mod blob;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/counter.rs"]
pub mod counter;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/example.rs"]
pub mod example;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/nameserver.rs"]
pub mod nameserver;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/schemas.rs"]
pub mod schemas;
