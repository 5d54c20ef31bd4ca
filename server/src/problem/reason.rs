//! Reasons of a terminal's state as sentences for its owner.

use sandbox::RuntimeError;
use store::Reason;

use super::engine::sentence;

/// The sentence that the owner reads.
pub fn reason_text(reason: &Reason) -> String {
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
    sentence(&error).detail
}
