//! Enrolment of the second factor, and the four routes of the terminal lock.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, names::Sensitive};

/// Body of `POST /api/account/mfa/enrol`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The account's password.
    pub password: Sensitive,
    /// A code of the current second factor. Required when the account has one.
    #[serde(default)]
    pub code: Option<Sensitive>,
}

/// Response of `POST /api/account/mfa/enrol`. The secret is shown once and is pending until a code confirms it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolAnswer {
    /// Secret of 160 bits in base32 (RFC 4648, no padding).
    pub secret: String,
    /// `otpauth://totp/..` URL for authenticator apps.
    pub otpauth_url: String,
    /// QR code of the URL, as an `<svg>` element.
    pub qr_svg: String,
    /// When the pending secret expires.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for EnrolAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolAnswer").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// New recovery codes, shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Codes of the form `xxxxx-xxxxx-xxxxx-x`. Case and dashes are ignored on input.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryCodes({})", self.recovery_codes.len())
    }
}

/// Response of `mfa-status`, `mfa-lock` and `mfa-unlock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LockStatus {
    /// The terminal is locked.
    pub mfa_locked: bool,
    /// The account has a confirmed second factor.
    pub mfa_enabled: bool,
    /// The account can lock terminals, because it has a second factor.
    pub can_use_feature: bool,
    /// End of this login session's grant. Absent when there is none.
    pub granted_until: Option<Timestamp>,
}

/// Response of `mfa-verify`. `verified` is always true, because refusals are problems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyAnswer {
    /// The code is correct.
    pub verified: bool,
    /// End of the grant unless input extends it.
    pub granted_until: Timestamp,
}
