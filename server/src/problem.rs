//! Problem documents for errors of the library crates, which know no sentences.

use access::{Denied, Revocation};
use protocol::{Problem, ProblemKind, terminals::TerminalState};
use store::StoreError;

/// Errors that can be answered with a problem document.
pub trait ToProblem {
    /// What happened, why, and what to do next.
    fn problem(&self) -> Problem;
}

impl ToProblem for StoreError {
    /// The database's own message goes to the log.
    fn problem(&self) -> Problem {
        tracing::error!(error = self as &dyn std::error::Error, "the database failed");
        let words = if self.is_unwritable() {
            "The server cannot write to its database: its disk is full or read-only. Nothing was changed. Tell your administrator; \
             it passes when there is room again."
        } else {
            "The database does not answer. Nothing was changed; try again in a moment."
        };
        Problem::new(ProblemKind::Unavailable, words)
    }
}

impl ToProblem for Denied {
    fn problem(&self) -> Problem {
        let say = |why: &str| Problem::new(denied_kind(self), why);
        match self {
            Self::NotLoggedIn => say("Your login has ended. Sign in again."),
            Self::NotFound => say("There is no such terminal, or it is not yours. Go back to your terminals."),
            Self::NotRunning(TerminalState::Running) => {
                say("The terminal's container has ended. Start it, then connect.")
            }
            Self::NotRunning(TerminalState::Creating) => {
                say("The terminal is being started. Connect when it is running.")
            }
            Self::NotRunning(state) => say(&format!("The terminal is {}. Start it, then connect.", state.as_str())),
            Self::Locked => say("Enter a code of your authenticator app to use it, or to remove the lock."),
            Self::Unavailable(error) => match error.0.downcast_ref::<StoreError>() {
                Some(error) => error.problem(),
                None => say("The database does not answer. Nothing was changed; try again in a moment."),
            },
        }
    }
}

/// The kind of problem that a refusal of the gate is reported as.
pub const fn denied_kind(denied: &Denied) -> ProblemKind {
    match denied {
        Denied::NotLoggedIn => ProblemKind::NotLoggedIn,
        Denied::NotFound => ProblemKind::NotFound,
        Denied::NotRunning(_) => ProblemKind::NotRunning,
        Denied::Locked => ProblemKind::Locked,
        Denied::Unavailable(_) => ProblemKind::Unavailable,
    }
}

/// The kind of problem that the end of a lease is reported as.
pub const fn revocation_kind(reason: Revocation) -> ProblemKind {
    match reason {
        Revocation::Locked | Revocation::GrantEnded => ProblemKind::Locked,
        Revocation::Deleted => ProblemKind::NotFound,
        Revocation::Stopped => ProblemKind::NotRunning,
        Revocation::Unavailable => ProblemKind::Unavailable,
        Revocation::LoginEnded => ProblemKind::NotLoggedIn,
    }
}
