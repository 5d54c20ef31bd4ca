//! Reasons of a terminal's state, from errors of the engine.

use sandbox::RuntimeError;
use store::Reason;

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
