//! Enrolment of the second factor, and the four routes of the terminal lock.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, names::Sensitive};

/// Body of `POST /api/account/mfa/enrol`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The account's password, again.
    pub password: Sensitive,
    /// A code of the present factor, when there is one.
    #[serde(default)]
    pub code: Option<Sensitive>,
}

/// Answer of `POST /api/account/mfa/enrol`: shown once, pending until the first right code.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolAnswer {
    /// Base32 secret (RFC 4648, no padding), 160 bit.
    pub secret: String,
    /// `otpauth://totp/..` for authenticator apps.
    pub otpauth_url: String,
    /// The same as an SVG picture (a whole `<svg>` element).
    pub qr_svg: String,
    /// When the pending secret is forgotten.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for EnrolAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolAnswer").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Ten fresh recovery codes, shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// `xxxxx-xxxxx-xxxxx-x`-like texts; case and dashes do not matter when typed in.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryCodes({})", self.recovery_codes.len())
    }
}

/// Answer of `mfa-status`, `mfa-lock` and `mfa-unlock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LockStatus {
    /// The terminal is locked.
    pub mfa_locked: bool,
    /// The account has a confirmed factor.
    pub mfa_enabled: bool,
    /// The lock may be used: there is a factor.
    pub can_use_feature: bool,
    /// End of this login session's grant, when it has one.
    pub granted_until: Option<Timestamp>,
}

/// Answer of `mfa-verify`; `verified` is always true, refusals are problems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyAnswer {
    /// A code was checked and was right.
    pub verified: bool,
    /// End of the grant if nothing is typed until then.
    pub granted_until: Timestamp,
}
