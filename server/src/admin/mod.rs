//! Administration: people, invitations, settings, images and tiers, the trail, the system. Never a terminal's bytes.

pub mod catalogue;
pub mod housekeeping;
pub mod people;
pub mod settings;
pub mod system;

use protocol::{Problem, ProblemKind};

use crate::store::StoreError;

/// Why an administrator's wish was not met.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No account, link, image or tier of that name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It would leave nobody to administer.
    #[error("the last administrator must stay")]
    LastAdmin,
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
    Runtime(#[from] crate::runtime::RuntimeError),
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
            Self::Invalid { field, why } => Problem::new(ProblemKind::Unprocessable, why.clone()).at(field),
            Self::Store(_) => Problem::new(
                ProblemKind::Unavailable,
                "The database does not answer. Nothing was changed; try again in a moment.",
            ),
            Self::Runtime(error) => Problem::new(ProblemKind::Unavailable, format!("The engine failed: {error}.")),
        }
    }
}

/// What this module answers.
pub type Done<T> = Result<T, AdminError>;
