//! Maps that are looked into for every call.

use std::collections::HashMap;

/// A map for keys that the program itself chooses, or that are few: its hash is seeded and quick, and no defence against
/// keys that a stranger chooses by the million.
pub(crate) type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
