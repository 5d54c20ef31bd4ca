//! Administration: people, invitations, settings, images and tiers, the trail, the system. Never a terminal's bytes.

pub mod catalogue;
pub mod housekeeping;
pub mod preflight;
pub mod settings;
pub mod system;
pub mod users;

use protocol::{Problem, ProblemKind};
use store::StoreError;

use crate::problem::ToProblem as _;

/// Why an administrator's wish was not met.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No account, link, image or tier of that name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It would leave nobody to administer.
    #[error("the last administrator must stay")]
    LastAdmin,
    /// An administrator's own factor is no other's: it is removed by a code, in the account's own settings.
    #[error("the own factor is removed by a code")]
    OwnFactor,
    /// Password and factor set anew by an administrator would open locked terminals to them.
    #[error("locked terminals would open to an administrator")]
    WouldOpenLocked,
    /// A value does not work; which, and what would.
    #[error("{field}: {why}")]
    Invalid {
        /// Field of the request.
        field: &'static str,
        /// What would work.
        why: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Runtime(#[from] sandbox::EngineError),
}

impl AdminError {
    fn invalid(field: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { field, why: why.into() }
    }

    /// The refusal this is reported as.
    pub fn problem(&self) -> Problem {
        match self {
            Self::NotFound(what) => Problem::new(ProblemKind::NotFound, format!("There is no such {what} any more.")),
            Self::LastAdmin => Problem::new(
                ProblemKind::Conflict,
                "This is the last administrator. Make somebody else an administrator first.",
            ),
            Self::OwnFactor => Problem::new(
                ProblemKind::Conflict,
                "This is your own account: disable MFA in Account settings, Security, with a code or a recovery code.",
            ),
            Self::WouldOpenLocked => Problem::new(
                ProblemKind::TerminalsLocked,
                "With a new password and without its factor, whoever holds the link could open this account's locked \
                 terminals. Let the person unlock them, or delete them first; that takes a code of your own authenticator app.",
            ),
            Self::Invalid { field, why } => Problem::new(ProblemKind::Unprocessable, why.clone()).at(field),
            Self::Store(error) => error.problem(),
            Self::Runtime(error) => Problem::new(ProblemKind::Unavailable, format!("The engine failed: {error}.")),
        }
    }
}

/// What this module answers.
pub type Done<T> = Result<T, AdminError>;
