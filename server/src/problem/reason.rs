//! Reasons of a terminal's state as sentences for its owner.

use sandbox::EngineError;
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
        Reason::EngineUnavailable => EngineError::Unavailable(String::new()),
        Reason::ImageMissing => EngineError::NoImage(String::new()),
        Reason::ImageRefused { why } => EngineError::RefusedImage(String::new(), why.clone()),
        Reason::NoContainer => EngineError::NoContainer,
        Reason::ProfileMismatch { difference } => EngineError::Differs(difference.clone()),
        Reason::GuestUnresponsive => EngineError::NoGuest(String::new()),
        Reason::EngineRefused => EngineError::Failed(String::new()),
    };
    sentence(&error).detail
}
