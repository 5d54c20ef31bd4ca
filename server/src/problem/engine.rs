//! The container engine failed. Its own message goes to the log.

use protocol::{Problem, ProblemKind};
use sandbox::EngineError;

use super::ToProblem;

impl ToProblem for EngineError {
    fn problem(&self) -> Problem {
        tracing::warn!(error = %self, "the engine failed");
        sentence(self)
    }
}

/// The problem document without the log line, for reasons that are shown again and again.
pub(super) fn sentence(error: &EngineError) -> Problem {
    {
        use EngineError as E;
        match error {
            E::Unavailable(_) => Problem::new(
                ProblemKind::Unavailable,
                "The container engine does not answer. Nothing is left half made; try again in a moment, or tell your \
                 administrator.",
            )
            .retry_after(10),
            E::NoImage(_) => Problem::new(
                ProblemKind::Unprocessable,
                "The engine does not have this image. Choose another one, or ask an administrator to provide it.",
            )
            .at("image"),
            E::RefusedImage(_, why) => Problem::new(
                ProblemKind::Unprocessable,
                format!("This image may not be used: {why}. Choose another one, or ask an administrator to change it."),
            )
            .at("image"),
            E::NoContainer => Problem::new(
                ProblemKind::NotRunning,
                "The terminal has no container and no home any more. Delete it and make a new one.",
            ),
            E::Differs(what) => Problem::new(
                ProblemKind::Internal,
                format!(
                    "What the engine made is not what the hardening profile says ({what}), so it was not let to run. \
                     Tell your administrator."
                ),
            ),
            E::NoGuest(_) => Problem::new(
                ProblemKind::Unavailable,
                "The terminal did not come up in time, so it was taken down. The machine may be busy; try again in a \
                 moment.",
            )
            .retry_after(10),
            E::Failed(_) | E::LimitInUse(_) => Problem::new(
                ProblemKind::Internal,
                "The container engine refused. Try again; if it stays like that, tell your administrator, whose log \
                 has its words.",
            ),
        }
    }
}
