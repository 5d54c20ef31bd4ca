//! Errors of terminals: create, change, power, delete, lock, attach, event streams.

use protocol::{Problem, ProblemKind, limits, terminals::Phase};
use sandbox::EngineError;
use terminal::AttachError;

use super::ToProblem;
use crate::{
    events::TooManyStreams,
    terminals::{Choice, TerminalError, lock::LockError},
};

impl ToProblem for TerminalError {
    fn problem(&self) -> Problem {
        match self {
            Self::Denied(denied) => denied.problem(),
            Self::Store(error) => error.problem(),
            Self::Engine(error) => error.problem(),
            Self::Failed(sentence) => Problem::new(ProblemKind::Unavailable, sentence.clone()),
            Self::StopFailed(error) => {
                rates::limited!(suppressed => tracing::warn!(suppressed, %error, "a container could not be stopped; the reconciler tries again"));
                Problem::new(
                    ProblemKind::Unavailable,
                    "The terminal is closed and nobody can connect, but the container engine did not stop its \
                     container. That is done as soon as the engine answers; you need do nothing.",
                )
            }
            Self::Code(error) => error.problem(),
            Self::Quota(max) => Problem::new(
                ProblemKind::QuotaReached,
                format!("You may have {max} terminals and have them. Delete one, or ask an administrator for more."),
            ),
            Self::Choice(choice) => Problem::new(ProblemKind::Unprocessable, rule(choice)).with_field(choice.field()),
            Self::Phase(Phase::Failed) => {
                Problem::new(ProblemKind::Conflict, "The terminal is not running, because it failed. Start it instead.")
            }
            Self::Phase(phase) => Problem::new(
                ProblemKind::Conflict,
                format!("The terminal is {}. Wait until that is over, then try again.", phase_text(*phase)),
            ),
            Self::CodeNeeded => Problem::new(
                ProblemKind::Locked,
                "Deleting a locked terminal needs a code of your authenticator app. Send it with the request.",
            )
            .with_field("code"),
            Self::TooManyStreams(error) => error.problem(),
        }
    }
}

/// What a terminal is doing in a phase of transition.
const fn phase_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "waiting to start",
        Phase::Deleting => "being deleted",
        other => other.as_str(),
    }
}

/// Why a value cannot be used, and which one can.
fn rule(choice: &Choice) -> String {
    match choice {
        Choice::UnknownImage => "There is no such image. GET /api/images lists what may be launched.".into(),
        Choice::UnknownTier => "There is no such tier. GET /api/tiers lists them.".into(),
        Choice::TierTooSmall => {
            "The terminal uses more than that tier allows at the moment. End some programs, or stop it first.".into()
        }
        Choice::Only { only, .. } => format!("Only `{only}` exists in this version. Leave it out."),
        Choice::NotOffered(what) => {
            format!(
                "The {what} of this terminal is not offered any more. Ask an administrator, or choose another {what}."
            )
        }
        Choice::Name(_, error) => error.0.into(),
    }
}

impl ToProblem for TooManyStreams {
    fn problem(&self) -> Problem {
        let (whose, max) = match self {
            Self::OfLogin => ("This login", limits::EVENT_STREAMS_MAX),
            Self::OfAccount => ("Your account", limits::ACCOUNT_EVENT_STREAMS_MAX),
        };
        let detail = format!(
            "{whose} has {max} event streams open, and may not have more. Close one, or a window of Rexec, \
             and try again."
        );
        Problem::new(ProblemKind::Throttled, detail)
    }
}

impl ToProblem for LockError {
    fn problem(&self) -> Problem {
        match self {
            Self::Denied(denied) => denied.problem(),
            Self::Code(error) => error.problem(),
            Self::NotLocked => {
                Problem::new(ProblemKind::Conflict, "The terminal is not locked. Connect to it; no code is needed.")
            }
            Self::Store(error) => error.problem(),
        }
    }
}

impl ToProblem for AttachError {
    fn problem(&self) -> Problem {
        match self {
            Self::TooManyPanes => Problem::new(ProblemKind::QuotaReached, "Too many panes. Close one and try again."),
            Self::TooManyClients => Problem::new(
                ProblemKind::QuotaReached,
                "Too many clients. Close one of the other windows and try again.",
            ),
            Self::GuestUnresponsive => Problem::new(
                ProblemKind::Unavailable,
                "The terminal does not answer. Try again in a moment. If it stays like that, restart the terminal; its \
                 files are kept.",
            ),
            Self::ShellNotStarted(errno) => Problem::new(
                ProblemKind::Unavailable,
                format!(
                    "The shell could not be started (errno {errno}). The image's login shell may be missing; restart \
                     the terminal."
                ),
            ),
            Self::ShuttingDown => Problem::new(
                ProblemKind::Unavailable,
                "The server is shutting down. Try again in a moment; the shell is not lost.",
            ),
        }
    }
}

/// The engine gave no guest link for a terminal that a client attaches to.
pub fn engine_unreachable(error: &EngineError) -> Problem {
    rates::limited!(suppressed => tracing::warn!(suppressed, %error, "no guest link for an attaching client"));
    Problem::new(
        ProblemKind::Unavailable,
        "The container engine does not answer for this terminal. Try again in a moment.",
    )
}
