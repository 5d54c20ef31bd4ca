//! What can go wrong with a terminal, and the words for it: what happened, why, what to do.

use access::Denied;
use protocol::{Problem, ProblemKind, limits, terminals::TerminalState};
use sandbox::EngineError;
use store::StoreError;

use crate::problem::ToProblem as _;
use crate::{events::TooManyStreams, mfa::CodeRefused};

/// Why a terminal could not be made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Not the caller's, or not signed in.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Runtime(#[from] EngineError),
    /// The record says stopped and nobody gets in; the engine has not stopped the container yet.
    #[error("the container could not be stopped yet: {0}")]
    StillUp(EngineError),
    /// The code was refused.
    #[error(transparent)]
    Code(#[from] CodeRefused),
    /// The account has as many as it may.
    #[error("the quota of {0} is used up")]
    Quota(i64),
    /// A field names something that is not there.
    #[error("{field}: {why}")]
    Choice {
        /// The field.
        field: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// What was asked does not fit its state.
    #[error("it is {}", .0.as_str())]
    State(TerminalState),
    /// Deleting a locked terminal needs a code.
    #[error("a code is needed")]
    CodeNeeded,
    /// The login follows what happens as often as it may.
    #[error(transparent)]
    TooManyStreams(#[from] TooManyStreams),
}

impl TerminalError {
    /// The refusal as it travels.
    pub fn problem(self) -> Problem {
        match self {
            Self::Denied(denied) => denied.problem(),
            Self::Store(error) => error.problem(),
            Self::Runtime(error) => engine_problem(&error),
            Self::StillUp(error) => {
                tracing::warn!(%error, "a container could not be stopped; mending will");
                Problem::new(
                    ProblemKind::Unavailable,
                    "The terminal is closed and nobody can connect, but the container engine did not stop its container. That is done as soon as the engine answers; you need do nothing.",
                )
            }
            Self::Code(refused) => refused.problem(),
            Self::Quota(max) => Problem::new(
                ProblemKind::QuotaReached,
                format!("You may have {max} terminals and have them. Delete one, or ask an administrator for more."),
            ),
            Self::Choice { field, why } => Problem::new(ProblemKind::Unprocessable, why).at(field),
            Self::State(state) => Problem::new(
                ProblemKind::Conflict,
                format!("The terminal is {}. Wait until that is over, then try again.", state.as_str()),
            ),
            Self::CodeNeeded => Problem::new(
                ProblemKind::Locked,
                "Deleting a locked terminal needs a code of your authenticator app. Send it with the request.",
            )
            .at("code"),
            Self::TooManyStreams(of) => {
                let (whose, most) = match of {
                    TooManyStreams::OfLogin => ("This login", limits::EVENT_STREAMS_MAX),
                    TooManyStreams::OfAccount => ("Your account", limits::ACCOUNT_EVENT_STREAMS_MAX),
                };
                let detail = format!(
                    "{whose} has {most} event streams open, and may not have more. Close one, or a window of Rexec, and try again."
                );
                Problem::new(ProblemKind::Throttled, detail)
            }
        }
    }
}

/// The engine's own words go to the log; people get what it means for them.
pub fn engine_problem(error: &EngineError) -> Problem {
    tracing::warn!(%error, "the engine failed");
    match error {
        EngineError::Unavailable(_) => Problem::new(
            ProblemKind::Unavailable,
            "The container engine does not answer. Nothing is left half made; try again in a moment, or tell your administrator.",
        )
        .retry_after(10),
        EngineError::NoImage(_) => Problem::new(
            ProblemKind::Unprocessable,
            "The engine does not have this image. Choose another one, or ask an administrator to provide it.",
        )
        .at("image"),
        EngineError::RefusedImage(_, why) => Problem::new(
            ProblemKind::Unprocessable,
            format!("This image may not be used: {why}. Choose another one, or ask an administrator to change it."),
        )
        .at("image"),
        EngineError::NoContainer => Problem::new(
            ProblemKind::NotRunning,
            "The terminal has no container and no home any more. Delete it and make a new one.",
        ),
        EngineError::Differs(what) => Problem::new(
            ProblemKind::Internal,
            format!("What the engine made is not what the hardening profile says ({what}), so it was not let to run. Tell your administrator."),
        ),
        EngineError::NoGuest(_) => Problem::new(
            ProblemKind::Unavailable,
            "The terminal did not come up in time, so it was taken down. The machine may be busy; try again in a moment.",
        )
        .retry_after(10),
        EngineError::Failed(_) | EngineError::LimitInUse(_) => Problem::new(
            ProblemKind::Internal,
            "The container engine refused. Try again; if it stays like that, tell your administrator, whose log has its words.",
        ),
    }
}
