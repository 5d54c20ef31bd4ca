//! The second factor: enrolment, codes, recovery codes, backoff after failures, verification.

mod backoff;
mod counter;
pub mod enrol;
mod error;
pub mod recovery;
pub mod totp;
mod verify;

pub use error::{CodeError, CodeFormat};
pub use verify::{FactorPurpose, SecondFactor, TargetTerminal, Verification, can_decrypt};
