//! Attributes and signatures to the model. Nothing here gives up at the first error.
//!
//! | file | owns |
//! | --- | --- |
//! | `source` | the item as it was written, bodies unread |
//! | `keys` | which keys each attribute has, and how they are written |
//! | `entries` | what stood in one attribute |
//! | `interface` | the impl block or trait |
//! | `method` | one function |
//! | `parameter` | one parameter |
//! | `output` | the return type |
//! | `docs` | doc comments, `deprecated`, `cfg` |

pub(crate) mod docs;
mod entries;
mod interface;
mod keys;
mod method;
mod output;
mod parameter;
pub(crate) mod source;
#[cfg(test)]
mod tests;

pub(crate) use interface::interface;
