//! The chaos run: a fleet whose members are killed, stopped and started again while clients call it, and what was
//! promised to these clients, checked against what the services wrote down.
//!
//! | file | owns |
//! | --- | --- |
//! | `schedule` | which member is disturbed when, and how, from a seed; pure |
//! | `ledger` | the service: it writes down each call before it answers, where a kill cannot undo it |
//! | `fleet` | the processes, and what happens to them |
//! | `load` | the clients, and what became of each call |
//! | `left` | what a process holds: tasks, memory, open files |
//! | `verdict` | which promises broke; pure |
//! | `run` | one run, from start to verdict |

pub mod fleet;
pub mod ledger;
pub mod left;
pub mod load;
pub mod run;
pub mod schedule;
pub mod verdict;
