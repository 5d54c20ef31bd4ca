//! Errors of the use-cases of terminals. Their texts are in `problem`.

use access::Denied;
use protocol::{names::InvalidText, terminals::Phase};
use sandbox::EngineError;
use store::StoreError;

use crate::{events::TooManyStreams, mfa::CodeError};

/// Why a terminal could not be created, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The gate denied access.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It could not be started; the sentence of the recorded reason.
    #[error("it could not be started")]
    Failed(String),
    /// No client can attach any more, but the engine has not stopped the container yet.
    #[error("the container could not be stopped yet: {0}")]
    StopFailed(EngineError),
    /// The code was refused.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The account has reached its quota.
    #[error("the quota of {0} is used up")]
    Quota(i64),
    /// A field has a value that cannot be used.
    #[error("invalid value: {0:?}")]
    Choice(Choice),
    /// The request does not match its phase.
    #[error("it is {}", .0.as_str())]
    Phase(Phase),
    /// Deleting a locked terminal needs a code.
    #[error("a code is needed")]
    CodeNeeded,
    /// The limit of event streams is reached.
    #[error(transparent)]
    TooManyStreams(#[from] TooManyStreams),
}

/// A field of a request, or of the record, names a value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// No image with this name is enabled.
    UnknownImage,
    /// No tier has this name.
    UnknownTier,
    /// The terminal uses more than the limits of the new tier.
    TierTooSmall,
    /// The field has one possible value.
    Only {
        /// Field of the request.
        field: &'static str,
        /// The value.
        only: String,
    },
    /// The image or tier of the record was removed from the catalogue; the field's name.
    NotOffered(&'static str),
    /// The value is not a valid name; the field and the rule.
    Name(&'static str, InvalidText),
}

impl Choice {
    /// Field of the request.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::UnknownImage => "image",
            Self::UnknownTier | Self::TierTooSmall => "tier",
            Self::Only { field, .. } | Self::NotOffered(field) | Self::Name(field, _) => field,
        }
    }
}
