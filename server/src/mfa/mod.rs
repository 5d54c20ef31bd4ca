//! The second factor: codes, recovery codes, waits, and the one place where a code becomes a proof. Refuses to know
//! what a proof is used for.

pub mod enrol;
pub mod recovery;
pub mod totp;
mod verify;
mod waits;

pub use verify::{AboutTerminal, Challenge, CodeRefused, Place, SecondFactor};
