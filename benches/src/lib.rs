//! PyCOM for Rust and what people would use instead, measured in one run. See README.md.

pub mod allocations;
pub mod load;
pub mod peers;
pub mod plot;
pub mod process;
pub mod rows;
pub mod runtime;
pub mod streams;
pub mod targets;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;
