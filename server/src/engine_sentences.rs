//! Sentences about the engine: for problem documents, and for reasons that are stored as data. They are in a lower
//! layer than `problem`, because use-cases put the sentence of a reason into the terminals that they return.

use protocol::{Problem, ProblemKind};
use sandbox::EngineError;
use store::Reason;

/// The problem document without the log line, for reasons that are shown repeatedly.
pub fn engine_sentence(error: &EngineError) -> Problem {
    use EngineError as E;
    match error {
        E::Unavailable(_) | E::Cancelled => Problem::new(
            ProblemKind::Unavailable,
            "The container engine does not answer. Nothing is left half made; try again in a moment, or tell your \
                 administrator.",
        )
        .with_retry_after(10),
        E::ImageMissing(_) => Problem::new(
            ProblemKind::Unprocessable,
            "The engine does not have this image. Choose another one, or ask an administrator to provide it.",
        )
        .with_field("image"),
        E::ImageRefused(_, why) => Problem::new(
            ProblemKind::Unprocessable,
            format!("This image may not be used: {why}. Choose another one, or ask an administrator to change it."),
        )
        .with_field("image"),
        E::NoContainer => Problem::new(
            ProblemKind::NotRunning,
            "The terminal has no container and no home any more. Delete it and make a new one.",
        ),
        E::ProfileMismatch(what) => Problem::new(
            ProblemKind::Internal,
            format!(
                "What the engine made is not what the hardening profile says ({what}), so it was not let to run. \
                     Tell your administrator."
            ),
        ),
        E::GuestUnresponsive(_) => Problem::new(
            ProblemKind::Unavailable,
            "The terminal did not come up in time, so it was taken down. The machine may be busy; try again in a \
                 moment.",
        )
        .with_retry_after(10),
        E::Failed(_) | E::LimitBelowUsage(_) => Problem::new(
            ProblemKind::Internal,
            "The container engine refused. Try again; if it stays like that, tell your administrator, whose log \
                 has its words.",
        ),
    }
}

/// The sentence for the owner of the terminal.
pub fn reason_text(reason: &Reason) -> String {
    let error = match reason {
        Reason::Paused => return "Its container was paused on the engine. Start it, and its shells go on.".to_owned(),
        Reason::Lost => {
            return "Its container and its home are gone from the engine. Delete it and make a new one.".to_owned();
        }
        Reason::NotOffered { field } => {
            return format!(
                "The {field} of this terminal is not offered any more. Ask an administrator, or choose another {field}."
            );
        }
        Reason::Other { text } => return text.clone(),
        Reason::EngineUnavailable => EngineError::Unavailable(String::new()),
        Reason::ImageMissing => EngineError::ImageMissing(String::new()),
        Reason::ImageRefused { why } => EngineError::ImageRefused(String::new(), why.clone()),
        Reason::NoContainer => EngineError::NoContainer,
        Reason::ProfileMismatch { difference } => EngineError::ProfileMismatch(difference.clone()),
        Reason::GuestUnresponsive => EngineError::GuestUnresponsive(String::new()),
        Reason::EngineRefused => EngineError::Failed(String::new()),
    };
    engine_sentence(&error).detail
}
