//! Set-up, sign-in, the user's own account and login sessions.

use serde::{Deserialize, Serialize};

use crate::{
    SessionId, Timestamp, UserId,
    names::{InvalidText, Sensitive, Username},
};

/// Response of `GET /api/setup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupStatus {
    /// No administrator exists yet.
    pub needed: bool,
}

/// Body of `POST /api/setup`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupRequest {
    /// The one-time token of the printed link.
    pub token: Sensitive,
    /// The administrator's name.
    pub username: Username,
    /// The administrator's password.
    pub password: Sensitive,
}

/// Body of `POST /api/invite/status`. It is a body because addresses are written to logs of proxies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkToken {
    /// The one-time token of the link.
    pub token: Sensitive,
}

/// Response of `POST /api/invite/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteStatus {
    /// Account whose password the link resets. Absent for an invitation.
    pub username: Option<Username>,
    /// Role of the account.
    pub role: Role,
    /// Time of expiry.
    pub expires_at: Timestamp,
}

/// Body of `POST /api/invite`: accept an invitation or a password reset link.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteAccept {
    /// The one-time token of the link.
    pub token: Sensitive,
    /// Name of the new account. Must be absent for a reset link.
    #[serde(default)]
    pub username: Option<Username>,
    /// The new password.
    pub password: Sensitive,
}

/// Body of `POST /api/auth/login`. The name is not validated: a malformed name is handled like an unknown one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// Account name as typed.
    pub username: String,
    /// Password as typed.
    pub password: Sensitive,
}

/// State of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LoginStatus {
    /// Signed in.
    Ok,
    /// The password is correct. The pending cookie is valid for `POST /api/auth/login/mfa` only.
    MfaRequired,
}

/// Response of the two login routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// State of the sign-in.
    pub status: LoginStatus,
}

/// Body of the routes that take only a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeRequest {
    /// Six-digit code of the authenticator app, or a recovery code.
    pub code: Sensitive,
}

/// Role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Can use its own terminals.
    User,
    /// Can also use the administration. It gives no access to input or output of other users' terminals.
    Admin,
}

impl Role {
    /// The stored and displayed name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// From the stored name.
impl TryFrom<String> for Role {
    type Error = InvalidText;
    fn try_from(name: String) -> Result<Self, InvalidText> {
        match name.as_str() {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            _ => Err(InvalidText("A role is user or admin.")),
        }
    }
}

/// Response of `GET /api/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// Account id.
    pub id: UserId,
    /// Account name.
    pub username: Username,
    /// Role.
    pub role: Role,
    /// The account has a confirmed second factor.
    pub mfa_enabled: bool,
    /// Number of unused recovery codes.
    pub recovery_codes_left: u32,
    /// The organisation requires MFA, and this account has none.
    #[serde(default)]
    pub mfa_must_enrol: bool,
    /// Security notices since the last visit, e.g. about a reset factor or a used recovery code.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// Body of `POST /api/account/password`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The current password.
    pub current: Sensitive,
    /// The new password.
    pub new: Sensitive,
    /// A code. Required when the account has a second factor.
    #[serde(default)]
    pub code: Option<Sensitive>,
}

/// One login session in the list of `GET /api/account/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Session id.
    pub id: SessionId,
    /// Browser and system, from the User-Agent, shortened.
    pub device: String,
    /// IP address of the client.
    pub address: String,
    /// Time of the sign-in.
    pub created_at: Timestamp,
    /// Time of the last request.
    pub last_seen_at: Timestamp,
    /// This is the login session of the request.
    pub current: bool,
}
