//! What the example programs share.

mod demo;
mod python_repr;

pub use demo::{Demo, DemoClient};
pub use python_repr::python_repr;
