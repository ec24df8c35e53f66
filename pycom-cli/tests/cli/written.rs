//! The contracts as `pycom generate` writes them, compiled.

#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/blob.rs"]
pub mod blob;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/counter.rs"]
pub mod counter;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/demo.rs"]
pub mod demo;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/doorman.rs"]
pub mod doorman;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/example.rs"]
pub mod example;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/ledger.rs"]
pub mod ledger;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/nameserver.rs"]
pub mod nameserver;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/probe.rs"]
pub mod probe;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/python_0_4_1.rs"]
pub mod python_0_4_1;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/python_0_6_0.rs"]
pub mod python_0_6_0;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/schemas.rs"]
pub mod schemas;
#[rustfmt::skip] // compared byte for byte with what the command writes
#[path = "../generated/stat.rs"]
pub mod stat;
