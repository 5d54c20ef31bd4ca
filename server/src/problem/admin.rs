//! Errors of administration.

use protocol::{Problem, ProblemKind};

use super::ToProblem;
use crate::{
    admin::{AdminError, InvalidValue},
    audit::SearchError,
    budgets::AUDIT_SEARCH_TIME,
};

impl ToProblem for AdminError {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound(entity) => {
                Problem::new(ProblemKind::NotFound, format!("There is no such {entity} any more."))
            }
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
                 terminals. Let the person unlock them, or delete them first; that takes a code of your own \
                 authenticator app.",
            ),
            Self::Invalid(value) => Problem::new(ProblemKind::Unprocessable, rule(value)).with_field(value.field()),
            Self::Store(error) => error.problem(),
            Self::Engine(error) => Problem::new(ProblemKind::Unavailable, format!("The engine failed: {error}.")),
        }
    }
}

impl ToProblem for SearchError {
    fn problem(&self) -> Problem {
        match self {
            Self::TimeLimit => Problem::new(
                ProblemKind::Unprocessable,
                format!(
                    "The search took longer than {} seconds. Narrow it: choose a shorter time, or another filter.",
                    AUDIT_SEARCH_TIME.as_secs()
                ),
            ),
            Self::Busy => Problem::new(
                ProblemKind::Throttled,
                "Other searches of the audit log are running. Try again in a moment.",
            )
            .with_retry_after(AUDIT_SEARCH_TIME.as_secs()),
            Self::Store(error) => error.problem(),
        }
    }
}

/// The rule that a value breaks.
fn rule(value: &InvalidValue) -> String {
    match value {
        InvalidValue::DefaultImageDisabled => "The image that is offered first must be enabled.".into(),
        InvalidValue::NoDefaultImage => "One image is always offered first: choose another one instead.".into(),
        InvalidValue::NoDefaultTier => "One tier is always offered first: choose another one instead.".into(),
        InvalidValue::TierMemory => "A tier has 512 MB to 4 GB of memory.".into(),
        InvalidValue::TierCpu => "A tier has 0.1 to 8 cores.".into(),
        InvalidValue::Text { min, max, .. } => format!("Write {min} to {max} characters on one line."),
        InvalidValue::ImageReference => "Write an image reference such as rexec/debian:1.".into(),
        InvalidValue::OutOfRange { range, unit, .. } => format!("Choose {} to {} {unit}.", range.start(), range.end()),
        InvalidValue::SessionIdle => "The idle time must not be longer than the whole login.".into(),
        InvalidValue::GrantIdle => "The idle time must not be longer than the whole grant.".into(),
        InvalidValue::AccountQuota { max } => format!("An account may have 0 to {max} terminals."),
    }
}
