//! Administration: users, invitations, settings, images and tiers, the system. It has no access to the bytes of a
//! terminal.

pub mod catalogue;
pub mod housekeeping;
pub mod preflight;
pub mod settings;
pub mod system;
pub mod users;

use std::ops::RangeInclusive;

use store::StoreError;

/// Why a use-case of administration failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The entity does not exist.
    #[error("there is no such {0}")]
    NotFound(Entity),
    /// No enabled administrator would be left.
    #[error("the last administrator must stay")]
    LastAdmin,
    /// Administrators remove their own factor with a code, in the settings of their account.
    #[error("the own factor is removed by a code")]
    OwnFactor,
    /// A reset of both password and factor would give the administrator access to locked terminals.
    #[error("locked terminals would open to an administrator")]
    WouldOpenLocked,
    /// A field has a value that cannot be used.
    #[error("invalid value: {0:?}")]
    Invalid(InvalidValue),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] sandbox::EngineError),
}

/// Result of a use-case of administration.
pub type AdminResult<T> = Result<T, AdminError>;

/// What a request names that may not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// An account.
    Account,
    /// An invitation or a reset link.
    Link,
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Link => "link",
        })
    }
}

/// A value that cannot be used, by the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidValue {
    /// The default image must be enabled.
    DefaultImageDisabled,
    /// One image must stay the default.
    NoDefaultImage,
    /// One tier must stay the default.
    NoDefaultTier,
    /// Memory of a tier, outside of [`protocol::limits::TIER_MEMORY_BYTES`].
    TierMemory,
    /// CPU of a tier, outside of [`protocol::limits::TIER_CPU_MILLIS`].
    TierCpu,
    /// A text of the wrong length, or with control characters.
    Text {
        /// Field of the request.
        field: &'static str,
        /// Minimum length in characters.
        min: usize,
        /// Maximum length in characters.
        max: usize,
    },
    /// Not an image reference.
    ImageReference,
    /// A number outside of its range.
    OutOfRange {
        /// Field of the request.
        field: &'static str,
        /// Valid numbers.
        range: RangeInclusive<u32>,
        /// Unit of the numbers.
        unit: &'static str,
    },
    /// The idle time of a login session is longer than its absolute time.
    SessionIdle,
    /// The idle time of a grant is longer than its absolute time.
    GrantIdle,
    /// The quota of an account is above the maximum.
    AccountQuota {
        /// The maximum.
        max: u32,
    },
}

impl InvalidValue {
    /// Field of the request.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::DefaultImageDisabled => "enabled",
            Self::NoDefaultImage | Self::NoDefaultTier => "default",
            Self::TierMemory => "memory_bytes",
            Self::TierCpu => "cpu_millis",
            Self::ImageReference => "reference",
            Self::SessionIdle => "session_idle_secs",
            Self::GrantIdle => "grant_idle_secs",
            Self::AccountQuota { .. } => "terminals_max",
            Self::Text { field, .. } | Self::OutOfRange { field, .. } => field,
        }
    }
}

impl From<InvalidValue> for AdminError {
    fn from(value: InvalidValue) -> Self {
        Self::Invalid(value)
    }
}
