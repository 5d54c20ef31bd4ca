//! The second factor: codes, recovery codes, waits, and the one place where a code becomes a proof. Refuses to know
//! what a proof is used for.

pub mod enrol;
pub mod recovery;
mod refused;
pub mod totp;
mod verify;
mod waits;

pub use refused::{CodeRefused, Given};
pub use verify::{AboutTerminal, FactorPurpose, SecondFactor, Verification, opens};
