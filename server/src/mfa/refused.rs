//! Why a code proves nothing, and the words for it. Never says which of wrong, spent and too old it was.

use protocol::{Problem, ProblemKind};
use secrets::KeyError;
use store::StoreError;

use crate::auth::password::HashError;
use crate::problem::ToProblem as _;

/// What was given as a code. Whoever typed it knows, so the words may fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// Six digits.
    Digits,
    /// Anything, where the first code of a new secret is asked for.
    First,
    /// What looks like a recovery code.
    Recovery,
    /// What looks like no code.
    Neither,
}

impl Given {
    const fn advice(self) -> &'static str {
        // Six digits that never fit are most often those of a clock that is off.
        match self {
            Self::Digits => {
                "Each code works once: wait for the next one in your app. If none is taken, let the phone set its clock by itself; or use a recovery code."
            }
            Self::First => {
                "Compare the key in your app with the one that is shown, or scan it again. If no code is taken, let the phone set its clock by itself."
            }
            Self::Recovery => {
                "Each recovery code works once, and new ones end the old ones. Compare it letter by letter, take another one, or use a code of your app."
            }
            Self::Neither => "A code is six digits; a recovery code is four groups of four letters and digits.",
        }
    }
}

/// Why a code proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum CodeRefused {
    /// Wrong, spent or too old; which one is not said.
    #[error("the code is wrong")]
    Wrong(Given),
    /// Not looked at.
    #[error("too many wrong codes; wait {0} s")]
    Throttled(u64),
    /// Six-digit codes are not looked at any more.
    #[error("too many wrong codes; the factor is stopped")]
    Stopped,
    /// The account has no confirmed factor.
    #[error("the account has no factor")]
    NoFactor,
    /// Nothing waits for its first code, or not any more.
    #[error("no enrolment is under way")]
    NothingPending,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret does not open.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The recovery code could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl CodeRefused {
    /// The refusal this is reported as.
    pub const fn kind(&self) -> ProblemKind {
        match self {
            Self::Wrong(_) => ProblemKind::WrongCode,
            Self::Throttled(_) | Self::Stopped => ProblemKind::Throttled,
            Self::NoFactor => ProblemKind::MfaRequired,
            Self::NothingPending => ProblemKind::Conflict,
            Self::Store(_) | Self::Hash(HashError::Busy) => ProblemKind::Unavailable,
            Self::Key(_) | Self::Hash(HashError::Broken(_)) => ProblemKind::Internal,
        }
    }

    /// The refusal as it travels, with why and what to do.
    pub fn problem(&self) -> Problem {
        let say = |why: &str| Problem::new(self.kind(), why);
        match self {
            Self::Wrong(given) => say(given.advice()).at("code"),
            Self::Throttled(secs) => {
                say(&format!("There were too many wrong codes. Wait {secs} seconds, then try again."))
                    .retry_after(*secs)
            }
            Self::Stopped => {
                say("There were a hundred wrong codes in a row. Use a recovery code, or ask an administrator.")
                    .retry_after(3600)
            }
            Self::NoFactor => say("Enable MFA first: Account settings, Security, Enable MFA."),
            Self::NothingPending => say("No enrolment is under way, or it is too old. Start it again."),
            Self::Store(error) => error.problem(),
            Self::Hash(HashError::Busy) => {
                say("Too many codes are being checked. Try again in a moment.").retry_after(5)
            }
            Self::Hash(error @ HashError::Broken(_)) => internal(error),
            Self::Key(error) => internal(error),
        }
    }
}

/// Logged once, never sent.
fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "a code could not be checked");
    Problem::new(ProblemKind::Internal, "This is our mistake. Tell your administrator the request id.")
}
