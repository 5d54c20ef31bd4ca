//! Reasons of a terminal's state, from errors of the engine.

use sandbox::EngineError;
use store::Reason;

/// The reason that an error of the engine is stored as.
pub(super) fn of_engine_error(error: &EngineError) -> Reason {
    match error {
        EngineError::Unavailable(_) | EngineError::Cancelled => Reason::EngineUnavailable,
        EngineError::NoImage(_) => Reason::ImageMissing,
        EngineError::RefusedImage(_, why) => Reason::ImageRefused { why: why.clone() },
        EngineError::NoContainer => Reason::NoContainer,
        EngineError::Differs(difference) => Reason::ProfileMismatch { difference: difference.clone() },
        EngineError::NoGuest(_) => Reason::GuestUnresponsive,
        EngineError::Failed(_) | EngineError::LimitInUse(_) => Reason::EngineRefused,
    }
}
