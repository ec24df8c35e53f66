//! What the example programs share.

mod blobs;
mod demo;
mod python_repr;

pub use blobs::{Blob, Blobs, BlobsClient};
pub use demo::{Demo, DemoClient};
pub use python_repr::python_repr;
