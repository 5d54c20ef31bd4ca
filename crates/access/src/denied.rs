//! Refusals of the gate.

use protocol::{TerminalId, terminals::TerminalState};

use crate::{FactsError, Revocation};

/// Why the gate refuses.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The credential is missing, incomplete, expired or rotated away, or its account is disabled.
    #[error("not signed in")]
    NotLoggedIn,
    /// The terminal does not exist, or the caller may not know that it does. The two cannot be told apart.
    #[error("no such terminal")]
    NotFound,
    /// The terminal has no shell that could be reached.
    #[error("the terminal is {}", .0.as_str())]
    NotRunning(TerminalState),
    /// The terminal is locked and this login session has no valid grant.
    #[error("locked with MFA")]
    Locked,
    /// The facts could not be read. Nothing is allowed without facts.
    #[error("the facts could not be read")]
    Unavailable(#[from] FactsError),
}

impl From<Revocation> for Denied {
    fn from(reason: Revocation) -> Self {
        match reason {
            Revocation::LoginEnded | Revocation::TokenReplaced => Self::NotLoggedIn,
            Revocation::Deleted => Self::NotFound,
            Revocation::Stopped => Self::NotRunning(TerminalState::Stopped),
            // While the database does not answer, a terminal counts as locked.
            Revocation::Locked | Revocation::GrantEnded | Revocation::Unavailable => Self::Locked,
        }
    }
}

/// The lock that is set on a terminal, as a list or status query found it.
#[derive(Debug, Clone, Copy)]
pub struct CurrentLock {
    /// The terminal.
    pub terminal: TerminalId,
    /// Its lock epoch.
    pub epoch: i64,
}
