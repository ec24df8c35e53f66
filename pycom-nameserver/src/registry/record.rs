//! What is known about a service, and what a service says of itself.

use std::time::Instant;
use std::{fmt, str::FromStr};

use crate::names::{Address, InterfaceName, ServiceName};

/// What the registry knows about one service.
///
/// Records never change: a service that says something new gets a new record. So they are handed
/// out in an `Arc` and can be kept, sent and compared at leisure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The name it is registered under.
    pub service: ServiceName,
    /// Where it is reached.
    pub address: Address,
    /// What it provides, each once, in the order it gave.
    pub interfaces: Box<[InterfaceName]>,
    /// Which run of the service this is, where it said so.
    pub instance: Option<Instance>,
    /// How the registry learns that it is still there.
    pub upkeep: Upkeep,
    /// When this run of the service was first heard of.
    pub since: Instant,
}

impl Record {
    /// Whether the service provides this interface.
    pub fn provides(&self, interface: &InterfaceName) -> bool {
        self.interfaces.contains(interface)
    }
}

/// What a service asks to be known as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The name it asks for.
    pub service: ServiceName,
    /// Where it is reached.
    pub address: Address,
    /// What it provides; one named twice counts once.
    pub interfaces: Vec<InterfaceName>,
    /// Which run of the service this is. The originals do not say.
    pub instance: Option<Instance>,
    /// How the registry is to learn that it is still there.
    pub upkeep: Upkeep,
}

/// How the registry learns that a service is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upkeep {
    /// It registers again before its term is over, as 0.6.0 does.
    Renews,
    /// It registers once and never again, as 0.4.1 does: it must be asked.
    Probed,
}

/// One run of a service: new at each start, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instance([u8; 16]);

/// A text that is no [`Instance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an instance is written as 32 hexadecimal digits")]
pub struct InstanceError;

impl From<[u8; 16]> for Instance {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Instance {
    type Err = InstanceError;

    fn from_str(text: &str) -> Result<Self, InstanceError> {
        // `from_str_radix` alone would take a sign too.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InstanceError);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| InstanceError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_written_as_it_was_read() {
        let text = "00c0ffee00000000000000000000beef";
        let instance: Instance = text.parse().unwrap();
        assert_eq!(instance.to_string(), text);
    }

    #[test]
    fn what_is_not_32_digits_is_no_instance() {
        for text in ["", "c0ffee", "+0c0ffee00000000000000000000beef", "zz"] {
            assert_eq!(text.parse::<Instance>(), Err(InstanceError), "{text}");
        }
    }
}
