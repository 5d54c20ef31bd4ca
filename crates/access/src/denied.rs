//! Why the gate denies access.

use protocol::{TerminalId, terminals::Phase};

use crate::{FactsError, Revocation};

/// Why the gate denies access.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The credential is missing, incomplete, expired or rotated away, or its account is disabled.
    #[error("not signed in")]
    NotLoggedIn,
    /// The terminal does not exist, or the caller may not see it. The two are indistinguishable.
    #[error("no such terminal")]
    NotFound,
    /// The terminal does not run.
    #[error("the terminal is {}", .0.as_str())]
    NotRunning(Phase),
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
            Revocation::Stopped => Self::NotRunning(Phase::Stopped),
            // While the database does not answer, a terminal counts as locked.
            Revocation::Locked | Revocation::GrantEnded | Revocation::Unavailable => Self::Locked,
        }
    }
}

/// The lock of a terminal, as read for a list or a status query.
#[derive(Debug, Clone, Copy)]
pub struct CurrentLock {
    /// The terminal.
    pub terminal: TerminalId,
    /// Its lock epoch.
    pub epoch: i64,
}
