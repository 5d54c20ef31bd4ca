//! Problems of rejected codes. The text does not disclose whether the code was wrong, used or too old.

use protocol::{Problem, ProblemKind};

use super::{ToProblem, internal};
use crate::{
    auth::password::HashError,
    mfa::{CodeError, CodeFormat},
};

impl ToProblem for CodeError {
    fn problem(&self) -> Problem {
        let problem = |detail: &str| Problem::new(kind(self), detail);
        match self {
            Self::Wrong(format) => problem(advice(*format)).with_field("code"),
            Self::Throttled(secs) => {
                problem(&format!("There were too many wrong codes. Wait {secs} seconds, then try again."))
                    .with_retry_after(*secs)
            }
            Self::Stopped => {
                problem("There were a hundred wrong codes in a row. Use a recovery code, or ask an administrator.")
                    .with_retry_after(3600)
            }
            Self::NoFactor => problem("Enable MFA first: Account settings, Security, Enable MFA."),
            Self::NothingPending => problem("No enrolment is under way, or it is too old. Start it again."),
            Self::Store(error) => error.problem(),
            Self::Hash(HashError::Busy) => {
                problem("Too many codes are being checked. Try again in a moment.").with_retry_after(5)
            }
            Self::Hash(error @ HashError::Failed(_)) => internal(error, "a recovery code could not be hashed"),
            Self::Key(error) => internal(error, "the secret of a factor could not be opened"),
        }
    }
}

const fn kind(error: &CodeError) -> ProblemKind {
    match error {
        CodeError::Wrong(_) => ProblemKind::WrongCode,
        CodeError::Throttled(_) | CodeError::Stopped => ProblemKind::Throttled,
        CodeError::NoFactor => ProblemKind::MfaRequired,
        CodeError::NothingPending => ProblemKind::Conflict,
        CodeError::Store(_) | CodeError::Hash(HashError::Busy) => ProblemKind::Unavailable,
        CodeError::Key(_) | CodeError::Hash(HashError::Failed(_)) => ProblemKind::Internal,
    }
}

/// What to do after a wrong code of this format. Valid codes that are never accepted usually mean a wrong clock.
const fn advice(format: CodeFormat) -> &'static str {
    match format {
        CodeFormat::Totp => {
            "Each code works once: wait for the next one in your app. If none is taken, let the phone set its clock by \
             itself; or use a recovery code."
        }
        CodeFormat::FirstTotp => {
            "Compare the key in your app with the one that is shown, or scan it again. If no code is taken, let the \
             phone set its clock by itself."
        }
        CodeFormat::Recovery => {
            "Each recovery code works once, and new ones end the old ones. Compare it letter by letter, take another \
             one, or use a code of your app."
        }
        CodeFormat::Unknown => "A code is six digits; a recovery code is four groups of four letters and digits.",
    }
}
