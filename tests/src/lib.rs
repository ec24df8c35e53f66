//! What the tests that cross crates stand on: programs as real processes, raw sockets, the Python originals.
//!
//! | file | owns |
//! | --- | --- |
//! | `patience` | waiting for a condition, with a deadline |
//! | `lines` | what a program has printed so far |
//! | `process` | a child process that never outlives its test |
//! | `ports` | ports for programs that cannot let the system choose |
//! | `programs` | the nameserver, the probe and the demo of this workspace, running |
//! | `cargo` | examples of this workspace, running |
//! | `originals` | where the Python originals are, and their services, running |
//! | `python_client` | the originals' client, driven from here |
//! | `raw` | frames in, frames out: a client that knows nothing of the protocol |
//! | `relay` | a relay whose connections the test cuts, in the middle of what passes |
//! | `base64` | bytes as text, for what crosses a line of JSON |
//! | `dialect` | JSON as Python writes it, compared to the last digit |
//! | `transcript` | what the originals answered when they were recorded |
//! | `guide` | the guide's blocks of Rust, as doc tests |
//! | `door` | calls that end when the test says so |
//! | `chaos` | a fleet that is disturbed while clients call it, and what was promised to them |
//! | `probe` | the service with one method for each thing a peer may meet |

pub mod base64;
pub mod cargo;
pub mod chaos;
pub mod dialect;
pub mod door;
pub mod etcd;
#[cfg(doctest)]
mod guide;
pub mod lines;
pub mod originals;
pub mod patience;
pub mod ports;
pub mod probe;
pub mod process;
pub mod programs;
pub mod python_client;
pub mod raw;
pub mod relay;
pub mod transcript;
