//! The container engine failed. Its own message goes to the log.

use protocol::{Problem, ProblemKind};
use sandbox::RuntimeError;

use super::ToProblem;

impl ToProblem for RuntimeError {
    fn problem(&self) -> Problem {
        tracing::warn!(error = %self, "the engine failed");
        match self {
            Self::Unavailable(_) => Problem::new(
                ProblemKind::Unavailable,
                "The container engine does not answer. Nothing is left half made; try again in a moment, or tell your \
                 administrator.",
            )
            .retry_after(10),
            Self::NoImage(_) => Problem::new(
                ProblemKind::Unprocessable,
                "The engine does not have this image. Choose another one, or ask an administrator to provide it.",
            )
            .at("image"),
            Self::RefusedImage(_, why) => Problem::new(
                ProblemKind::Unprocessable,
                format!("This image may not be used: {why}. Choose another one, or ask an administrator to change it."),
            )
            .at("image"),
            Self::NoContainer => Problem::new(
                ProblemKind::NotRunning,
                "The terminal has no container and no home any more. Delete it and make a new one.",
            ),
            Self::Differs(what) => Problem::new(
                ProblemKind::Internal,
                format!(
                    "What the engine made is not what the hardening profile says ({what}), so it was not let to run. \
                     Tell your administrator."
                ),
            ),
            Self::NoGuest(_) => Problem::new(
                ProblemKind::Unavailable,
                "The terminal did not come up in time, so it was taken down. The machine may be busy; try again in a \
                 moment.",
            )
            .retry_after(10),
            Self::Engine(_) => Problem::new(
                ProblemKind::Internal,
                "The container engine refused. Try again; if it stays like that, tell your administrator, whose log \
                 has its words.",
            ),
        }
    }
}
