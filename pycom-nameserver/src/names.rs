//! The names that the registry deals in.

pub(crate) use pycom::{Address, InterfaceName, ServiceName};
