//! The one decision: who may know of a terminal, and who may touch its bytes.
//!
//! Everything that moves a byte takes a [`TerminalAccess`]; only `gate.rs` can make one. This module refuses to
//! know HTTP, engines and pages.

mod clocks;
mod gate;
mod lease;
mod policy;
mod watch;

pub use clocks::{LifeClock, Longest};
pub use gate::{Denied, TerminalAccess, TerminalGate, VisibleTerminal};
pub use lease::{Cut, Cuts, Drained, Lease, LoginLease};
pub use watch::watch;
