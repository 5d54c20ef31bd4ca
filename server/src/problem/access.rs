//! Problems of denied access and of revoked leases.

use access::{Denied, Revocation};
use protocol::{Problem, ProblemKind, terminals::Phase};
use store::StoreError;

use super::{ToProblem, store::NO_ANSWER};

impl ToProblem for Denied {
    fn problem(&self) -> Problem {
        let problem = |detail: &str| Problem::new(denied_kind(self), detail);
        match self {
            Self::NotLoggedIn => problem("Your login has ended. Sign in again."),
            Self::NotFound => problem("There is no such terminal, or it is not yours. Go back to your terminals."),
            Self::NotRunning(Phase::Running) => problem("The terminal's container has ended. Start it, then connect."),
            Self::NotRunning(Phase::Pending | Phase::Starting) => {
                problem("The terminal is being started. Connect when it is running.")
            }
            Self::NotRunning(phase) => {
                problem(&format!("The terminal is {}. Start it, then connect.", phase.state().as_str()))
            }
            Self::Locked => problem("Enter a code of your authenticator app to use it, or to remove the lock."),
            Self::Unavailable(error) => match error.0.downcast_ref::<StoreError>() {
                Some(error) => error.problem(),
                None => problem(NO_ANSWER),
            },
        }
    }
}

/// The kind of problem for a denial.
pub const fn denied_kind(denied: &Denied) -> ProblemKind {
    match denied {
        Denied::NotLoggedIn => ProblemKind::NotLoggedIn,
        Denied::NotFound => ProblemKind::NotFound,
        Denied::NotRunning(_) => ProblemKind::NotRunning,
        Denied::Locked => ProblemKind::Locked,
        Denied::Unavailable(_) => ProblemKind::Unavailable,
    }
}

/// The kind of problem for the end of a lease.
pub const fn revocation_kind(reason: Revocation) -> ProblemKind {
    match reason {
        Revocation::Locked | Revocation::GrantEnded => ProblemKind::Locked,
        Revocation::Deleted => ProblemKind::NotFound,
        Revocation::Stopped => ProblemKind::NotRunning,
        Revocation::Unavailable => ProblemKind::Unavailable,
        Revocation::LoginEnded | Revocation::TokenReplaced => ProblemKind::NotLoggedIn,
    }
}
