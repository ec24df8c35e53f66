//! Random events for the model: few names and addresses, so that they meet often.

use proptest::prelude::*;

use super::{ProbeFailure, Upkeep};

#[derive(Debug, Clone)]
pub(super) enum Event {
    Register {
        name: usize,
        port: usize,
        interfaces: Vec<usize>,
        instance: Option<u8>,
        upkeep: Upkeep,
    },
    Single {
        name: usize,
        port: usize,
        interface: usize,
    },
    Deregister {
        name: usize,
        port: usize,
    },
    Wait {
        milliseconds: u64,
    },
    /// Takes the probes that are due; `report` says by position how each ends, or that nobody
    /// tells.
    Probe {
        report: Vec<Option<Result<(), ProbeFailure>>>,
    },
    Expire,
}

const NAMES: usize = 6;
const PORTS: usize = 4;
pub(super) const INTERFACES: usize = 5;

fn failure() -> impl Strategy<Value = ProbeFailure> {
    prop_oneof![Just(ProbeFailure::Silent), Just(ProbeFailure::Denied)]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let upkeep = prop_oneof![4 => Just(Upkeep::Renews), 1 => Just(Upkeep::Probed)];
    let instance = proptest::option::of(0..3_u8);
    let interfaces = proptest::collection::vec(0..INTERFACES, 0..4);
    let report = prop_oneof![
        1 => Just(None),
        2 => Just(Some(Ok(()))),
        4 => failure().prop_map(|failure| Some(Err(failure))),
    ];
    prop_oneof![
        6 => (0..NAMES, 0..PORTS, interfaces, instance, upkeep).prop_map(
            |(name, port, interfaces, instance, upkeep)| Event::Register {
                name, port, interfaces, instance, upkeep
            }
        ),
        3 => (0..NAMES, 0..PORTS, 0..INTERFACES)
            .prop_map(|(name, port, interface)| Event::Single { name, port, interface }),
        1 => (0..NAMES, 0..PORTS).prop_map(|(name, port)| Event::Deregister { name, port }),
        4 => (0..25_000_u64).prop_map(|milliseconds| Event::Wait { milliseconds }),
        4 => proptest::collection::vec(report, PORTS).prop_map(|report| Event::Probe { report }),
        1 => Just(Event::Expire),
    ]
}
