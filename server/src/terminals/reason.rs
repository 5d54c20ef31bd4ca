//! Reasons of a terminal's state, from errors of the engine.

use sandbox::EngineError;
use store::Reason;

/// The reason that an error of the engine is stored as.
pub(super) fn from_engine_error(error: &EngineError) -> Reason {
    match error {
        EngineError::Unavailable(_) | EngineError::Cancelled => Reason::EngineUnavailable,
        EngineError::ImageMissing(_) => Reason::ImageMissing,
        EngineError::ImageRefused(_, why) => Reason::ImageRefused { why: why.clone() },
        EngineError::NoContainer => Reason::NoContainer,
        EngineError::ProfileMismatch(difference) => Reason::ProfileMismatch { difference: difference.clone() },
        EngineError::GuestUnresponsive(_) => Reason::GuestUnresponsive,
        EngineError::Failed(_) | EngineError::LimitBelowUsage(_) => Reason::EngineRefused,
    }
}
