//! The guide's blocks of Rust, compiled and run as doc tests.

#[doc = include_str!("../../docs/src/first-service.md")]
pub struct FirstService;

#[doc = include_str!("../../docs/src/concepts.md")]
pub struct Concepts;

#[doc = include_str!("../../docs/src/macros.md")]
pub struct Macros;

#[doc = include_str!("../../docs/src/clients.md")]
pub struct Clients;

#[doc = include_str!("../../docs/src/errors.md")]
pub struct Errors;

#[doc = include_str!("../../docs/src/sessions.md")]
pub struct Sessions;

#[doc = include_str!("../../docs/src/attachments.md")]
pub struct Attachments;

#[doc = include_str!("../../docs/src/fleet.md")]
pub struct Fleet;

#[doc = include_str!("../../docs/src/registry.md")]
pub struct Registry;

#[doc = include_str!("../../docs/src/statistics.md")]
pub struct Statistics;

#[doc = include_str!("../../docs/src/command.md")]
pub struct Command;

#[doc = include_str!("../../docs/src/from-python.md")]
pub struct FromPython;

#[doc = include_str!("../../docs/src/from-others.md")]
pub struct FromOthers;

#[doc = include_str!("../../docs/src/protocol.md")]
pub struct Protocol;

#[doc = include_str!("../../docs/src/limits.md")]
pub struct Limits;
