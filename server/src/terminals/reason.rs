//! Reasons of a terminal's state: from errors of the engine, and as sentences for people.

use sandbox::RuntimeError;
use store::Reason;

use super::error::engine_sentence;

/// The reason that an error of the engine is stored as.
pub(super) fn of_engine_error(error: &RuntimeError) -> Reason {
    match error {
        RuntimeError::Unavailable(_) => Reason::EngineUnavailable,
        RuntimeError::NoImage(_) => Reason::ImageMissing,
        RuntimeError::RefusedImage(_, why) => Reason::ImageRefused { why: why.clone() },
        RuntimeError::NoContainer => Reason::NoContainer,
        RuntimeError::Differs(difference) => Reason::ProfileMismatch { difference: difference.clone() },
        RuntimeError::NoGuest(_) => Reason::GuestUnresponsive,
        RuntimeError::Engine(_) => Reason::EngineRefused,
    }
}

/// The sentence that the owner reads.
pub(super) fn text(reason: &Reason) -> String {
    let error = match reason {
        Reason::Paused => return "Its container was paused on the engine. Start it, and its shells go on.".to_owned(),
        Reason::Lost => {
            return "Its container and its home are gone from the engine. Delete it and make a new one.".to_owned();
        }
        Reason::Other { text } => return text.clone(),
        Reason::EngineUnavailable => RuntimeError::Unavailable(String::new()),
        Reason::ImageMissing => RuntimeError::NoImage(String::new()),
        Reason::ImageRefused { why } => RuntimeError::RefusedImage(String::new(), why.clone()),
        Reason::NoContainer => RuntimeError::NoContainer,
        Reason::ProfileMismatch { difference } => RuntimeError::Differs(difference.clone()),
        Reason::GuestUnresponsive => RuntimeError::NoGuest(String::new()),
        Reason::EngineRefused => RuntimeError::Engine(String::new()),
    };
    engine_sentence(&error).detail
}
