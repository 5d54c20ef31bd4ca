//! Who may do what with a terminal, and how access ends.
//!
//! [`TerminalGate::authorize`] is the only function that decides. It returns an [`Authorized`] value as proof.
//! Use-cases about a terminal and the store writes that carry their requests take one; what the server does by itself
//! (records of the reconciler, times of input) has no caller and takes none. A proof for [`Attach`] carries a
//! [`Lease`], which ends when the terminal is locked, when the credential ends, or when its time is over.
//!
//! This crate depends on no HTTP, database or engine code. Facts come through [`FactsSource`], revocations through
//! [`Revocations`].
#![forbid(unsafe_code)]

mod action;
mod caller;
mod clock;
mod denied;
mod expiry;
mod facts;
mod gate;
mod lease;
mod policy;
mod revocation;
mod watchdog;

pub use action::{
    Action, Administer, AllowsDelete, AllowsStop, Attach, Authorized, Delete, InputRight, Operate, ResizeRight, Rights,
    View,
};
pub use caller::{Caller, Credential};
pub use clock::Clock;
pub use denied::{CurrentLock, Denied};
pub use expiry::{ExpiryTracker, MaxDurations};
pub use facts::{Facts, FactsError, FactsSource, GrantFacts, SessionFacts, TerminalFacts};
pub use gate::TerminalGate;
pub use lease::{Lease, LoginLease};
pub use revocation::{Release, Revocation, RevocationRegistry, Revocations, Scope};
pub use watchdog::watch_database;
